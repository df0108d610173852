"""Preprocessing and postprocessing compared with the model's own library."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import RTDetrImageProcessorPil, RTDetrV2ForObjectDetection
from transformers.models.rt_detr_v2.modeling_rt_detr_v2 import RTDetrV2ObjectDetectionOutput

from inference_server.detection.decoding.decode import decode
from inference_server.detection.decoding.preprocess import (
    InputSize,
    read_input_size,
    to_float,
    to_input,
)
from inference_server.detection.postprocess import RawDetections, clip, drop_duplicates, select
from testbed.drawing.scenes import draw as draw_scene
from tests.server.support import draw, encode

# One level: the two resizers round halves differently.
PIXEL_TOLERANCE = 1.01 / 255
MEAN_TOLERANCE = 0.1 / 255
# Effects of one level of difference in some pixels.
SCORE_TOLERANCE = 0.02
LEAST_IOU = 0.95


@pytest.fixture(scope="module")
def processor(detector_folder: Path) -> RTDetrImageProcessorPil:
    return RTDetrImageProcessorPil.from_pretrained(detector_folder)


@pytest.fixture(scope="module")
def model(detector_folder: Path) -> RTDetrV2ForObjectDetection:
    model: RTDetrV2ForObjectDetection = RTDetrV2ForObjectDetection.from_pretrained(detector_folder)
    model.train(mode=False)
    return model


@pytest.mark.parametrize("size", [(1920, 1080), (640, 480), (300, 700), (256, 256), (90, 40)])
def test_pixels_match_the_librarys(
    processor: RTDetrImageProcessorPil, detector_folder: Path, size: tuple[int, int]
) -> None:
    image = draw(*size)
    theirs = processor(images=image, return_tensors="pt")["pixel_values"][0]
    ours = to_float(to_input(np.array(image), read_input_size(detector_folder)))
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    assert (ours - theirs).abs().max() <= PIXEL_TOLERANCE
    assert (ours - theirs).abs().mean() <= MEAN_TOLERANCE


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 0.9])
def test_the_same_output_gives_the_librarys_detections(
    processor: RTDetrImageProcessorPil, threshold: float
) -> None:
    generator = torch.Generator().manual_seed(3)
    logits = torch.randn(1, 40, 4, generator=generator) * 3
    boxes = torch.rand(1, 40, 4, generator=generator)
    [theirs] = processor.post_process_object_detection(
        RTDetrV2ObjectDetectionOutput(logits=logits, pred_boxes=boxes), threshold=threshold
    )
    ours = select(logits[0], boxes[0], threshold)
    torch.testing.assert_close(ours.scores, theirs["scores"])
    torch.testing.assert_close(ours.classes, theirs["labels"])
    torch.testing.assert_close(ours.boxes, theirs["boxes"])


@pytest.mark.parametrize("seed", [3, 14, 15])
def test_a_scene_gives_the_librarys_detections_end_to_end(
    processor: RTDetrImageProcessorPil,
    model: RTDetrV2ForObjectDetection,
    detector_folder: Path,
    seed: int,
) -> None:
    scene = draw_scene(seed).image.convert("RGB")
    with torch.inference_mode():
        [theirs] = processor.post_process_object_detection(
            model(**processor(images=scene, return_tensors="pt")), threshold=0.2
        )
        pixels = decode(
            encode(scene, "PNG"), max_pixels=1_000_000
        ).pixels  # the same pixels for both
        ready = to_float(to_input(pixels, read_input_size(detector_folder)))
        output = model(pixel_values=ready[None])
    ours = select(output.logits[0], output.pred_boxes[0], threshold=0.2 - SCORE_TOLERANCE)
    unmatched = list(range(len(ours.scores)))
    assert len(theirs["scores"])
    for score, label, box in zip(theirs["scores"], theirs["labels"], theirs["boxes"], strict=True):
        match = [
            index
            for index in unmatched
            if ours.classes[index] == label
            and abs(ours.scores[index] - score) <= SCORE_TOLERANCE
            and overlap(ours.boxes[index], box) >= LEAST_IOU
        ]
        assert match, f"no detection matches the library's {label} of {score:.3f} at {box.tolist()}"
        unmatched.remove(match[0])


def overlap(one: torch.Tensor, other: torch.Tensor) -> float:
    low = torch.maximum(one[:2], other[:2])
    high = torch.minimum(one[2:], other[2:])
    shared = (high - low).clamp(min=0).prod()
    areas = (one[2:] - one[:2]).prod() + (other[2:] - other[:2]).prod()
    return float(shared / (areas - shared))


def found(*rows: tuple[float, int, list[float]]) -> RawDetections:
    scores, classes, boxes = zip(*rows, strict=True)
    return RawDetections(
        scores=torch.tensor(scores), classes=torch.tensor(classes), boxes=torch.tensor(boxes)
    )


def test_boxes_are_clipped_to_the_image() -> None:
    cut = clip(found((0.9, 0, [-0.1, 0.2, 1.3, 0.5])))
    torch.testing.assert_close(cut.boxes, torch.tensor([[0.0, 0.2, 1.0, 0.5]]))


def test_duplicate_boxes_of_one_object_are_dropped() -> None:
    kept = drop_duplicates(
        found(
            (0.9, 0, [0.1, 0.1, 0.5, 0.5]),
            (0.8, 0, [0.1, 0.1, 0.5, 0.49]),  # the same object
            (0.7, 1, [0.1, 0.1, 0.5, 0.5]),  # another label
            (0.6, 0, [0.1, 0.1, 0.5, 0.35]),  # overlaps by less
            (0.5, 0, [0.6, 0.6, 0.9, 0.9]),  # elsewhere
        )
    )
    torch.testing.assert_close(kept.scores, torch.tensor([0.9, 0.7, 0.6, 0.5]))


def test_no_candidates_give_no_detections() -> None:
    nothing = select(torch.full((5, 3), -20.0), torch.rand(5, 4), threshold=0.5)
    assert len(drop_duplicates(clip(nothing)).scores) == 0


def test_unsupported_preprocessor_settings_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "preprocessor_config.json"
    file.write_text('{"do_normalize": true, "do_pad": true}')
    with pytest.raises(ValueError, match="sets do_normalize, do_pad unlike"):
        read_input_size(tmp_path)


def test_the_default_size_is_rt_detrs(tmp_path: Path) -> None:
    assert read_input_size(tmp_path) == InputSize(height=640, width=640)
