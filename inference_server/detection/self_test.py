"""Check that a loaded detector still finds the same objects in a synthetic image."""

import io

from inference_server.detection.base import Detection, Detector

LEAST_IOU = 0.9
SCORE_TOLERANCE = 0.03
STRONGEST = 5  # detections that must be found again


class SelfTestError(Exception):
    """The detector no longer finds the objects it found after loading; the message lists them."""


class SelfTest:
    """Compare a detector's results in a synthetic image with those after loading.

    For any training data, the strongest candidates depend on all layers of the model: they change
    if weights, memory or driver are damaged. Every method blocks.
    """

    def __init__(self, detector: Detector) -> None:
        """Record the expected detections; raises SelfTestError if there are none."""
        self._detector = detector
        self._image = draw()
        self._expected = self._detect()[:STRONGEST]
        if not self._expected:
            raise SelfTestError("The self-test failed: the detector returns no candidate at all.")

    def check(self) -> None:
        """Repeat the detection; raises SelfTestError if expected objects are missing."""
        found = self._detect()
        missing = [each for each in self._expected if not any(_alike(each, one) for one in found)]
        if missing:
            raise SelfTestError(
                f"The self-test failed: the detector misses {len(missing)} of the "
                f"{len(self._expected)} objects it found after loading, "
                f"such as {missing[0].label} with score {missing[0].confidence:.3f}."
            )

    def _detect(self) -> tuple[Detection, ...]:
        [found] = self._detector.detect([self._detector.prepare(self._image)], [0.0])
        return found.detections


def draw() -> bytes:
    """Return the synthetic image as JPEG bytes; always the same."""
    from PIL import Image, ImageDraw  # noqa: PLC0415 - comes with the detector's packages

    width, height = 320, 240
    image = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    canvas = ImageDraw.Draw(image)
    canvas.rectangle((0, 170, width, height), fill=(92, 98, 84))
    canvas.rectangle((20, 60, 120, 175), fill=(168, 120, 88))
    canvas.polygon(((10, 62), (70, 20), (130, 62)), fill=(110, 52, 44))
    canvas.ellipse((186, 70, 210, 96), fill=(214, 172, 140))
    canvas.rectangle((182, 96, 214, 150), fill=(36, 62, 120))
    canvas.rectangle((186, 150, 196, 200), fill=(28, 30, 38))
    canvas.rectangle((200, 150, 210, 200), fill=(28, 30, 38))
    canvas.rectangle((236, 158, 304, 188), fill=(188, 38, 44))
    canvas.ellipse((244, 180, 262, 198), fill=(18, 18, 20))
    canvas.ellipse((280, 180, 298, 198), fill=(18, 18, 20))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=92)
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
