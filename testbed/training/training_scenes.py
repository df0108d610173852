"""A pool of drawn scenes at the detector's input size."""

from __future__ import annotations

import multiprocessing
from typing import TYPE_CHECKING, Final

import numpy as np
import torch

from testbed.drawing.scenes import LABELS, draw
from testbed.training.measure_detector import INPUT_SIZE, shrunk

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

FRAMES: Final = ((640, 480), (640, 480), (640, 360))


class ScenePool:
    """Training scenes in memory, 192 KiB each, from which varied batches are taken."""

    def __init__(self, seeds: range, *, workers: int) -> None:
        """Draw the scenes of all seeds; each takes about 50 ms of a core."""
        self._images = np.zeros((len(seeds), INPUT_SIZE, INPUT_SIZE, 3), dtype=np.uint8)
        self._labels: list[list[int]] = []
        self._boxes: list[NDArray[np.float32]] = []
        with multiprocessing.get_context("spawn").Pool(workers) as pool:
            drawn = pool.imap(training_scene, seeds, chunksize=16)
            for index, (image, labels, boxes) in enumerate(drawn):
                self._images[index] = image
                self._labels.append(labels)
                self._boxes.append(boxes)

    def batch(self, size: int, rng: np.random.Generator) -> tuple[Tensor, list[dict[str, Tensor]]]:
        """Return float images (size, 3, height, width) in 0-1 and their targets."""
        chosen = rng.integers(len(self._boxes), size=size)
        images = self._images[chosen].astype(np.float32) / 255
        targets = []
        for row, index in enumerate(chosen):
            boxes = self._boxes[index].copy()
            if rng.random() < 0.5:
                images[row] = images[row, :, ::-1]
                boxes[:, 0] = 1 - boxes[:, 0]
            images[row] = _recoloured(images[row], rng)
            targets.append(
                {
                    "class_labels": torch.tensor(self._labels[index], dtype=torch.long),
                    "boxes": torch.from_numpy(boxes),
                }
            )
        return torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(), targets


def training_scene(seed: int) -> tuple[NDArray[np.uint8], list[int], NDArray[np.float32]]:
    """Draw one scene: image (height, width, 3), labels, boxes (n, 4) as cx, cy, w, h."""
    scene = draw(seed, size=FRAMES[seed % len(FRAMES)])
    corners = np.array([(b.x1, b.y1, b.x2, b.y2) for b in scene.boxes], dtype=np.float32)
    corners = corners.reshape(-1, 4)
    centres = (corners[:, :2] + corners[:, 2:]) / 2
    boxes = np.concatenate([centres, corners[:, 2:] - corners[:, :2]], axis=1)
    return shrunk(scene.image), [LABELS.index(b.label) for b in scene.boxes], boxes


def _recoloured(image: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    if rng.random() < 0.1:
        image = np.repeat(image.mean(axis=2, keepdims=True), 3, axis=2)
    gain, lift = np.float32(rng.uniform(0.8, 1.2)), np.float32(rng.uniform(-0.06, 0.06))
    varied: NDArray[np.float32] = np.clip(image * gain + lift, 0, 1)
    return varied
