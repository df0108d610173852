"""A drawn picture that shows, again and again, whether a loaded detector still works."""

import io

from inference_server.detection.base import Detection, Detector

LEAST_IOU = 0.9
SCORE_TOLERANCE = 0.03
STRONGEST = 5  # detections that have to be found again


class SelfTestError(Exception):
    """The detector no longer finds what it found when it was loaded; the message says what."""


class SelfTest:
    """What a detector found in the drawn picture when it was loaded, and finds ever since.

    Whatever a model was trained on, its strongest candidates depend on every one of its layers, so
    they move where weights, memory or driver are damaged. Every method blocks.
    """

    def __init__(self, detector: Detector) -> None:
        """Look for the first time; raises SelfTestError where nothing at all is found."""
        self._detector = detector
        self._picture = draw()
        self._expected = self._look()[:STRONGEST]
        if not self._expected:
            raise SelfTestError("The detector finds no candidate in a picture, however unlikely.")

    def check(self) -> None:
        """Look again; raises SelfTestError where something else is found."""
        found = self._look()
        missing = [each for each in self._expected if not any(_alike(each, one) for one in found)]
        if missing:
            raise SelfTestError(
                f"In the picture that proves it, the detector misses {len(missing)} of the "
                f"{len(self._expected)} objects it found there when it was loaded, "
                f"such as {missing[0].label} with score {missing[0].confidence:.3f}."
            )

    def _look(self) -> tuple[Detection, ...]:
        [found] = self._detector.detect([self._detector.prepare(self._picture)], [0.0])
        return found.detections


def draw() -> bytes:
    """Return the picture, a JPEG, the same each time."""
    from PIL import Image, ImageDraw  # noqa: PLC0415 - comes with the detector's packages

    width, height = 320, 240
    picture = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 170, width, height), fill=(92, 98, 84))
    pen.rectangle((20, 60, 120, 175), fill=(168, 120, 88))
    pen.polygon(((10, 62), (70, 20), (130, 62)), fill=(110, 52, 44))
    pen.ellipse((186, 70, 210, 96), fill=(214, 172, 140))
    pen.rectangle((182, 96, 214, 150), fill=(36, 62, 120))
    pen.rectangle((186, 150, 196, 200), fill=(28, 30, 38))
    pen.rectangle((200, 150, 210, 200), fill=(28, 30, 38))
    pen.rectangle((236, 158, 304, 188), fill=(188, 38, 44))
    pen.ellipse((244, 180, 262, 198), fill=(18, 18, 20))
    pen.ellipse((280, 180, 298, 198), fill=(18, 18, 20))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def _alike(one: Detection, other: Detection) -> bool:
    return (
        one.label == other.label
        and abs(one.confidence - other.confidence) <= SCORE_TOLERANCE
        and _overlap(one.box, other.box) >= LEAST_IOU
    )


def _overlap(
    one: tuple[float, float, float, float], other: tuple[float, float, float, float]
) -> float:
    """Return the intersection over union."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0.0, width) * max(0.0, height)
    union = _area(one) + _area(other) - shared
    return shared / union if union > 0 else float(one == other)


def _area(box: tuple[float, float, float, float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
