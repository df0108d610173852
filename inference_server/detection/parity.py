"""The gate every runtime passes before it is used: it finds what the reference finds."""

from collections.abc import Sequence

import torch

from .postprocess import RawDetections, clip, overlaps, select
from .preprocess import InputSize
from .runtime import Runtime

LEAST_IOU = 0.9
SCORE_TOLERANCE = 0.03
STRONGEST = 10  # detections of each picture that the other side must have, too


class ParityError(Exception):
    """A runtime finds something else than the reference; the message says what."""


def check_parity(reference: Runtime, runtime: Runtime, pictures: Sequence[torch.Tensor]) -> None:
    """Hold a runtime's detections in some (3, height, width) pictures against the reference's.

    Raises ParityError. Detections are matched to each other, never by their place in the output:
    the model sorts its candidates, and the least difference swaps two that are nearly alike.
    """
    for number, picture in enumerate(pictures, 1):
        expected, found = _detect(reference, picture), _detect(runtime, picture)
        where = f"picture {number} of {len(pictures)}"
        _expect_all(_strongest(expected), found, f"{runtime.name} misses in {where}")
        _expect_all(_strongest(found), expected, f"{runtime.name} invents in {where}")


def gate_pictures(size: InputSize) -> list[torch.Tensor]:
    """Return drawn pictures for the gate, the same each time.

    The server keeps no picture of its owner, so there is no real one when it starts. The model sees
    nothing in particular in these; its strongest candidates are compared whatever their score. They
    depend on every layer, so that a layer computed wrongly moves their boxes, labels and scores.
    """
    generator = torch.Generator().manual_seed(20)
    height, width = size.height, size.width
    noise = torch.rand(3, height, width, generator=generator)
    coarse = torch.rand(1, 3, 8, 8, generator=generator)
    patches = torch.nn.functional.interpolate(coarse, size=(height, width), mode="nearest")[0]
    clouds = torch.nn.functional.interpolate(coarse, size=(height, width), mode="bilinear")[0]
    down = torch.linspace(0, 1, height)[:, None].expand(height, width)
    across = torch.linspace(0, 1, width)[None, :].expand(height, width)
    gradient = torch.stack((down, across, 1 - down))
    figure = gradient.clone()
    figure[:, height // 4 : -height // 4, width // 3 : width // 2] = 0.1
    return [noise, patches, clouds, figure]


def _detect(runtime: Runtime, picture: torch.Tensor) -> RawDetections:
    output = runtime.infer(picture[None])
    if not (output.logits.isfinite().all() and output.boxes.isfinite().all()):
        raise ParityError(f"{runtime.name} computes numbers that are not finite.")
    return clip(select(output.logits[0], output.boxes[0], threshold=0.0))


def _strongest(found: RawDetections) -> RawDetections:
    return RawDetections(
        scores=found.scores[:STRONGEST],
        classes=found.classes[:STRONGEST],
        boxes=found.boxes[:STRONGEST],
    )


def _expect_all(wanted: RawDetections, among: RawDetections, complaint: str) -> None:
    matches = overlaps(wanted.boxes, among.boxes) >= LEAST_IOU
    matches &= wanted.classes[:, None] == among.classes[None, :]
    matches &= (wanted.scores[:, None] - among.scores[None, :]).abs() <= SCORE_TOLERANCE
    missing = (~matches.any(1)).nonzero().flatten().tolist()
    if missing:
        first = missing[0]
        box = ", ".join(f"{edge:.2f}" for edge in wanted.boxes[first].tolist())
        raise ParityError(
            f"{complaint} {len(missing)} of {len(wanted.scores)} objects, such as class "
            f"{int(wanted.classes[first])} with score {float(wanted.scores[first]):.3f} at {box}."
        )
