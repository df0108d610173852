"""Average precision as Pascal VOC has defined it since 2010: the whole area under the curve.

A detection counts when it is of the right class, overlaps a true box by an IoU of at least 0.5
and no better scored detection took that box before. Precision is interpolated by its greatest
value at any higher recall (Everingham et al., "The Pascal Visual Object Classes Challenge: A
Retrospective", IJCV 2015, section 4.2). mAP50 is the mean over the classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MATCHING_IOU: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The true objects of one image: labels (n,), boxes (n, 4) as x1, y1, x2, y2."""

    labels: NDArray[np.integer[Any]]
    boxes: NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Detections:
    """The detections of one image: labels (n,), scores (n,), boxes (n, 4)."""

    labels: NDArray[np.integer[Any]]
    scores: NDArray[np.floating[Any]]
    boxes: NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Metrics of a detector; precision and recall are over all classes at the threshold."""

    map50: float
    ap50: tuple[float, ...]  # by class; NaN for a class without objects
    precision: float
    recall: float
    empty: int  # images without an object
    empty_with_box: int


def iou(one: NDArray[np.floating[Any]], other: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Intersection over union of every box (n, 4) with every other (m, 4): (n, m)."""
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, 2:], other[None, :, 2:])
    common = np.prod(np.clip(high - low, 0, None), axis=2)
    area_one = np.prod(one[:, 2:] - one[:, :2], axis=1)
    area_other = np.prod(other[:, 2:] - other[:, :2], axis=1)
    union = area_one[:, None] + area_other[None, :] - common
    result: NDArray[np.float64] = np.where(union > 0, common / np.where(union > 0, union, 1), 0.0)
    return result


def evaluate(
    truths: Sequence[Truth], found: Sequence[Detections], *, class_count: int, threshold: float
) -> Measured:
    """Compute the metrics over all images; `truths` and `found` are in the same order."""
    ap50, hits, claims, objects = [], 0, 0, 0
    for label in range(class_count):
        scores, correct, total = _judge(truths, found, label)
        ap50.append(average_precision(scores, correct, total))
        sure = scores >= threshold
        hits += int(correct[sure].sum())
        claims += int(sure.sum())
        objects += total
    empty = [d for t, d in zip(truths, found, strict=True) if len(t.labels) == 0]
    known = [value for value in ap50 if not np.isnan(value)]
    return Measured(
        map50=float(np.mean(known)) if known else float("nan"),
        ap50=tuple(ap50),
        precision=hits / claims if claims else float("nan"),
        recall=hits / objects if objects else float("nan"),
        empty=len(empty),
        empty_with_box=sum(bool((d.scores >= threshold).any()) for d in empty),
    )


def average_precision(
    scores: NDArray[np.floating[Any]], correct: NDArray[np.bool_], total: int
) -> float:
    """Area under the interpolated precision-recall curve; NaN without true objects."""
    if total == 0:
        return float("nan")
    hits = np.cumsum(correct[np.argsort(-scores, kind="stable")])
    precision = hits / np.arange(1, len(hits) + 1)
    interpolated = np.maximum.accumulate(precision[::-1])[::-1]
    recall = np.concatenate([[0.0], hits / total])
    return float(np.sum(np.diff(recall) * interpolated))


def _judge(
    truths: Sequence[Truth], found: Sequence[Detections], label: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_], int]:
    """Decide for each detection of one class whether it is correct; count the true objects."""
    scores: list[float] = []
    correct: list[bool] = []
    total = 0
    for truth, detections in zip(truths, found, strict=True):
        boxes = truth.boxes[truth.labels == label]
        total += len(boxes)
        mine = detections.labels == label
        order = np.argsort(-detections.scores[mine], kind="stable")
        overlaps = iou(detections.boxes[mine][order], boxes)
        taken: set[int] = set()
        for overlap in overlaps:
            best = int(np.argmax(overlap)) if len(boxes) else -1
            hit = best >= 0 and overlap[best] >= MATCHING_IOU and best not in taken
            if hit:
                taken.add(best)
            correct.append(bool(hit))
        scores.extend(float(score) for score in detections.scores[mine][order])
    return np.array(scores), np.array(correct, dtype=bool), total
