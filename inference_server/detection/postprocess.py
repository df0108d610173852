"""Turn the detector's raw output into boxes."""

from dataclasses import dataclass

import torch

DUPLICATE_IOU = 0.7  # boxes of one label with a higher IoU are the same object


@dataclass(frozen=True, slots=True, kw_only=True)
class RawDetections:
    """One image's detections, best first; boxes are (n, 4) x1 y1 x2 y2 in 0-1."""

    scores: torch.Tensor
    classes: torch.Tensor
    boxes: torch.Tensor


def select(logits: torch.Tensor, boxes: torch.Tensor, threshold: float) -> RawDetections:
    """Select the best query-class pairs of one image, at most one per query on average.

    `logits` is (queries, classes), `boxes` (queries, 4) as centre x, centre y, width, height. As in
    the model's own library, boxes may extend beyond the image.
    """
    queries, classes = logits.shape
    scores, index = logits.float().sigmoid().flatten().topk(queries)
    kept = scores >= threshold
    scores, index = scores[kept], index[kept]
    centre_x, centre_y, width, height = boxes.float()[index // classes].unbind(-1)
    corners = torch.stack(
        (
            centre_x - width / 2,
            centre_y - height / 2,
            centre_x + width / 2,
            centre_y + height / 2,
        ),
        dim=-1,
    )
    return RawDetections(scores=scores, classes=index % classes, boxes=corners)


def clip(found: RawDetections) -> RawDetections:
    """Clip boxes to the image."""
    return RawDetections(
        scores=found.scores, classes=found.classes, boxes=found.boxes.clamp(0.0, 1.0)
    )


def drop_duplicates(found: RawDetections) -> RawDetections:
    """Keep the best box of each object."""
    same = overlaps(found.boxes, found.boxes) > DUPLICATE_IOU
    same &= found.classes[:, None] == found.classes[None, :]
    kept: list[int] = []
    for index, row in enumerate(same.tolist()):
        if not any(row[better] for better in kept):
            kept.append(index)
    return RawDetections(
        scores=found.scores[kept], classes=found.classes[kept], boxes=found.boxes[kept]
    )


def overlaps(some: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """Return the intersection over union of each of `some` with each of `others`."""
    corner = torch.maximum(some[:, None, :2], others[None, :, :2])
    opposite = torch.minimum(some[:, None, 2:], others[None, :, 2:])
    shared = (opposite - corner).clamp(min=0).prod(-1)
    return shared / (_areas(some)[:, None] + _areas(others)[None, :] - shared).clamp(min=1e-12)


def _areas(boxes: torch.Tensor) -> torch.Tensor:
    return (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(-1)
