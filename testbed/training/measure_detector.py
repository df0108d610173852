"""Metrics of a detector on drawn scenes that it was not trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image
import torch

from testbed.drawing.scenes import LABELS, Scene, draw
from testbed.training.detection_metrics import Detections, Measured, Truth, evaluate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray
    from torch import Tensor

INPUT_SIZE: Final = 256  # pixels, both sides
BATCH: Final = 16  # images
THRESHOLD: Final = 0.5


def shrunk(image: Image.Image) -> NDArray[np.uint8]:
    """Resize to the input size as the preprocessor does: (height, width, 3), 0-255."""
    return np.array(image.resize((INPUT_SIZE, INPUT_SIZE), Image.Resampling.BILINEAR))


@torch.no_grad()
def measure(model: Any, seeds: Iterable[int]) -> Measured:
    """Return the model's metrics on the scenes of the given seeds."""
    truths: list[Truth] = []
    found: list[Detections] = []
    seeds = list(seeds)
    for at in range(0, len(seeds), BATCH):
        scenes = [draw(seed) for seed in seeds[at : at + BATCH]]
        pixels = torch.from_numpy(np.stack([shrunk(scene.image) for scene in scenes]))
        output = model(pixel_values=pixels.permute(0, 3, 1, 2).float() / 255)
        found += _detections(output.logits, output.pred_boxes)
        truths += [_truth(scene) for scene in scenes]
    return evaluate(truths, found, class_count=len(LABELS), threshold=THRESHOLD)


def report(measured: Measured) -> str:
    """Return the metrics as one line of text."""
    per_class = ", ".join(
        f"{label} {value:.3f}" for label, value in zip(LABELS, measured.ap50, strict=True)
    )
    return (
        f"mAP50 {measured.map50:.3f} ({per_class}); at {THRESHOLD}: "
        f"precision {measured.precision:.3f}, recall {measured.recall:.3f}, "
        f"{measured.empty_with_box} of {measured.empty} empty scenes with a box"
    )


def _truth(scene: Scene) -> Truth:
    return Truth(
        labels=np.array([LABELS.index(box.label) for box in scene.boxes], dtype=np.int64),
        boxes=np.array([(b.x1, b.y1, b.x2, b.y2) for b in scene.boxes]).reshape(-1, 4),
    )


def _detections(logits: Tensor, boxes: Tensor) -> list[Detections]:
    """Keep the best query-class pairs of each image, as many as there are queries."""
    queries, classes = logits.shape[1:]
    scores, order = logits.sigmoid().flatten(1).topk(queries)
    picked = boxes.gather(1, (order // classes).unsqueeze(-1).expand(-1, -1, 4))
    half = picked[..., 2:] / 2
    corners = torch.cat([picked[..., :2] - half, picked[..., :2] + half], dim=-1)
    return [
        Detections(labels=(o % classes).numpy(), scores=s.numpy(), boxes=c.numpy())
        for o, s, c in zip(order, scores, corners, strict=True)
    ]
