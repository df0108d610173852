"""Check that a runtime detects the same as the reference."""

from collections.abc import Sequence

import torch

from inference_server.detection.base import Parity
from inference_server.detection.postprocess import RawDetections, clip, overlaps, select
from inference_server.detection.runtimes.base import RawOutput, Runtime
from inference_server.detection.selection.reference import Expected, Reference

LEAST_IOU = 0.9
EDGE_TOLERANCE = 0.002  # share of the image's side, for boxes of a few pixels
SCORE_TOLERANCE = 0.03
CHOICE_TOLERANCE = 0.5  # encoder logits; bf16 alone shifts them by 0.25
CONFIDENT = 0.5  # objects above it must be found by both, each with its own candidates


class ParityError(Exception):
    """A runtime's output differs from the reference; the message describes the difference."""


def check_parity(reference: Reference, runtime: Runtime, images: Sequence[torch.Tensor]) -> Parity:
    """Compare a runtime with the reference on (3, height, width) uint8 images; raises ParityError.

    The model refines its encoder's best candidates. A tiny numeric difference can swap two nearly
    equal ones. So the two are compared in two steps. First, the runtime's candidates must be among
    the reference's best; from them, the reference must compute the same scores and boxes. Second,
    both must find each confident object whose candidate is clearly better than the rest.
    """
    worst_score, least_iou, matched = 0.0, 1.0, 0
    for number, image in enumerate(images, 1):
        subject = f"{runtime.name} in image {number} of {len(images)}"
        score, iou, objects = check_image(reference, image, runtime.infer(image[None]), subject)
        worst_score, least_iou = max(worst_score, score), min(least_iou, iou)
        matched += objects
    if runtime.best_batch > 1:  # the largest batch uses other kernels than one image
        largest = runtime.best_batch
        output = runtime.infer(torch.stack([*images] * largest)[:largest])
        check_image(
            reference, images[0], output.image(0), f"{runtime.name} in a batch of {largest}"
        )
    return Parity(
        pictures=len(images),
        objects=matched,
        score_difference=round(worst_score, 6),
        least_iou=round(least_iou, 6),
    )


def check_image(
    reference: Reference, image: torch.Tensor, output: RawOutput, subject: str
) -> tuple[float, float, int]:
    """Compare the output for one image with the reference; raises ParityError.

    Return the maximum score difference, the minimum IoU and the number of matched objects. `subject`
    names the runtime and the image in the error.
    """
    if not (output.logits.isfinite().all() and output.boxes.isfinite().all()):
        raise ParityError(f"{subject} computes numbers that are not finite.")
    expected = reference.compute(image, output.candidates[0])
    _expect_good_choice(output.candidates[0], expected.scores, subject)
    score, iou = _expect_same(output, expected, subject)
    if not _same_choice(output.candidates[0], expected.scores):
        expected = reference.compute(image)
    return score, iou, _expect_confident(output, expected, subject)


def _expect_good_choice(chosen: torch.Tensor, scores: torch.Tensor, subject: str) -> None:
    if len(set(chosen.tolist())) < len(chosen):
        raise ParityError(f"{subject} chooses a candidate twice.")
    least = scores.topk(len(chosen)).values[-1] - CHOICE_TOLERANCE
    if worse := int((scores[chosen] < least).sum()):
        raise ParityError(
            f"{subject} chooses {worse} of {len(chosen)} candidates that are far from the best."
        )


def _same_choice(chosen: torch.Tensor, scores: torch.Tensor) -> bool:
    return set(chosen.tolist()) == set(scores.topk(len(chosen)).indices.tolist())


def _expect_same(output: RawOutput, expected: Expected, subject: str) -> tuple[float, float]:
    """Compare query by query; return the maximum score difference and the minimum IoU."""
    if output.logits[0].shape != expected.logits.shape:
        raise ParityError(f"{subject} has an output of another shape.")
    difference = (output.logits[0].float().sigmoid() - expected.logits.sigmoid()).abs().amax(1)
    ours, theirs = _corners(output.boxes[0].float()), _corners(expected.boxes)
    ious = overlaps(ours, theirs).diagonal()
    same_place = (ious >= LEAST_IOU) | ((ours - theirs).abs().amax(1) <= EDGE_TOLERANCE)
    wrong = (~(same_place & (difference <= SCORE_TOLERANCE))).nonzero().flatten().tolist()
    if wrong:
        first = wrong[0]
        raise ParityError(
            f"{subject} differs in {len(wrong)} of {len(ious)} candidates, such as one with scores "
            f"that are {float(difference[first]):.3f} apart and boxes that overlap by "
            f"{float(ious[first]):.3f}."
        )
    return float(difference.max()), float(ious.min())


def _expect_confident(output: RawOutput, expected: Expected, subject: str) -> int:
    """Compare confident objects of clearly best candidates; return how many the reference has."""
    least = expected.scores.topk(len(expected.candidates)).values[-1] + CHOICE_TOLERANCE
    both = (
        (expected.logits, expected.boxes, expected.scores[expected.candidates] > least, "misses"),
        (output.logits[0], output.boxes[0], expected.scores[output.candidates[0]] > least, "adds"),
    )
    for (logits, boxes, settled, verb), other in zip(both, reversed(both), strict=True):
        some, others = _objects(logits[settled], boxes[settled]), _objects(*other[:2])
        wanted = some.scores >= CONFIDENT + SCORE_TOLERANCE
        missing = (wanted & ~_matches(some, others).any(1)).nonzero().flatten().tolist()
        if missing:
            first = missing[0]
            box = ", ".join(f"{edge:.2f}" for edge in some.boxes[first].tolist())
            raise ParityError(
                f"{subject} {verb} {len(missing)} objects, such as class {int(some.classes[first])} "
                f"with score {float(some.scores[first]):.3f} at {box}."
            )
    return int((expected.logits[both[0][2]].sigmoid() >= CONFIDENT).sum())


def _objects(logits: torch.Tensor, boxes: torch.Tensor) -> RawDetections:
    return clip(select(logits, boxes, threshold=0.0))


def _matches(some: RawDetections, others: RawDetections) -> torch.Tensor:
    matches = overlaps(some.boxes, others.boxes) >= LEAST_IOU
    matches &= some.classes[:, None] == others.classes[None, :]
    matches &= (some.scores[:, None] - others.scores[None, :]).abs() <= SCORE_TOLERANCE
    return matches


def _corners(boxes: torch.Tensor) -> torch.Tensor:
    centres, sizes = boxes[:, :2], boxes[:, 2:]
    return torch.cat((centres - sizes / 2, centres + sizes / 2), 1).clamp(0, 1)
