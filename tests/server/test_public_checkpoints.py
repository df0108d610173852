"""Checkpoints as people fine-tune and publish them: every form is honoured, refused or warned of.

The forms are those of configurations in public repositories and of the image processors of
transformers; `tests/server/detectors.py` makes the weights.
"""

import json
from pathlib import Path
import shutil
from typing import Any

import numpy as np
from PIL import Image
import pytest
import torch
from transformers import RTDetrImageProcessorPil

from inference_server.detection.base import Detection, Detector, DetectorLoadError
from inference_server.detection.checkpoint import load_checkpoint
from inference_server.detection.decoding.preprocess import (
    InputSize,
    content_size,
    read_input_size,
    to_input,
)
from inference_server.detection.detector_manager import DetectorManager
from inference_server.detection.labels import are_nameless, current_label
from inference_server.detection.loading import load_detector
from inference_server.detection.postprocess import overlaps
from inference_server.settings import DetectorRuntime, Device, Settings
from testbed.drawing.scenes import draw as draw_scene
from tests.server.detectors import make_random_detector
from tests.server.support import encode

PADDED = {"do_pad": True}
HERON = {  # docling-layout-heron
    "do_convert_annotations": True,
    "do_normalize": False,
    "do_pad": False,
    "do_rescale": True,
    "do_resize": True,
    "format": "coco_detection",
    "image_mean": [0.485, 0.456, 0.406],
    "image_std": [0.229, 0.224, 0.225],
    "image_processor_type": "RTDetrImageProcessor",
    "pad_size": None,
    "resample": 2,
    "rescale_factor": 0.00392156862745098,
    "size": {"height": 640, "width": 640},
}


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("Person", "person"),  # Open Images, Objects365
        ("PERSON", "person"),
        ("person", "person"),
        (" person ", "person"),
        ("Human", "person"),
        ("pedestrian", "person"),  # VisDrone, KITTI
        ("people", "person"),
        ("Man", "person"),
        ("Woman", "person"),
        ("Car", "car"),
        ("SUV", "car"),
        ("Pickup Truck", "truck"),
        ("pickup_truck", "truck"),
        ("motor", "motorcycle"),
        ("Motorbike", "motorcycle"),
        ("bike", "bicycle"),
        ("traffic_light", "traffic light"),
        ("Traffic Light", "traffic light"),
        ("tvmonitor", "tv"),
        ("Dog", "dog"),
        ("helmet", "helmet"),
        ("LABEL_0", "LABEL_0"),
    ],
)
def test_labels_have_one_spelling(label: str, expected: str) -> None:
    assert current_label(label) == expected


@pytest.mark.parametrize(
    ("labels", "nameless"),
    [
        (["LABEL_0", "LABEL_1"], True),  # transformers' default
        (["0", "1", "2"], True),
        (["class_0", "class 1"], True),
        (["N/A", "LABEL_3"], True),
        (["N/A", "person"], False),
        (["helmet", "head"], False),
    ],
)
def test_labels_without_names_are_known(labels: list[str], nameless: bool) -> None:
    assert are_nameless(labels) is nameless


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (HERON, InputSize(height=640, width=640)),
        ({"size": {"height": 480, "width": 640}}, InputSize(height=480, width=640)),
        ({"size": 512}, InputSize(height=512, width=512)),
        ({"size": [480, 640]}, InputSize(height=480, width=640)),
        ({"size": [640]}, InputSize(height=640, width=640)),
        (
            {"size": {"height": 640, "width": 640, "longest_edge": None, "shortest_edge": None}},
            InputSize(height=640, width=640),
        ),
        (
            {"size": {"shortest_edge": 480, "longest_edge": 640}},
            InputSize(height=640, width=640, keep_aspect=True, shortest=480),
        ),
        (
            {"size": {"shortest_edge": 800, "longest_edge": 1333}, **PADDED},
            InputSize(height=1344, width=1344, keep_aspect=True, shortest=800),
        ),
        (
            {"size": {"longest_edge": 640}, **PADDED, "pad_size": {"height": 640, "width": 640}},
            InputSize(height=640, width=640, keep_aspect=True),
        ),
        (
            {"size": {"max_height": 480, "max_width": 640}},
            InputSize(height=480, width=640, keep_aspect=True),
        ),
        (  # exported from PaddleDetection: a normalization that changes nothing
            {
                "size": {"height": 640, "width": 640},
                "do_normalize": True,
                "image_mean": [0.0, 0.0, 0.0],
                "image_std": [1.0, 1.0, 1.0],
            },
            InputSize(height=640, width=640),
        ),
        (
            {
                "size": {"height": 640, "width": 640},
                **PADDED,
                "pad_size": {"height": 640, "width": 640},
            },
            InputSize(height=640, width=640),
        ),
        ({"size": {"height": 640, "width": 640}, "resample": "bilinear"}, InputSize()),
    ],
)
def test_a_size_is_honoured_in_all_its_forms(
    tmp_path: Path, config: dict[str, Any], expected: InputSize
) -> None:
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(config))
    size = read_input_size(tmp_path)
    assert size == expected
    assert not size.assumed


def test_the_processors_file_of_newer_versions_is_read(tmp_path: Path) -> None:
    config = {"image_processor": {"size": {"height": 320, "width": 320}}}
    (tmp_path / "processor_config.json").write_text(json.dumps(config))
    assert read_input_size(tmp_path) == InputSize(height=320, width=320)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[]", "is not a JSON object"),
        ("{", "cannot be read"),
        ('{"size": {"height": 640}}', "size is"),
        ('{"size": {"shortest_edge": 800}}', "size is"),
        ('{"size": {"height": "640", "width": "640"}}', "size contains"),
        ('{"size": {"height": 640, "width": 0.5}}', "size contains"),
        ('{"size": {"height": 640, "width": -1}}', "size contains"),
        ('{"size": true}', "size contains"),
        ('{"size": [640, 640, 3]}', "size is"),
        ('{"size": "640"}', "size is"),
        ('{"size": {"height": 640, "width": 640}, "do_normalize": true}', "do_normalize"),
        ('{"size": {"height": 640, "width": 640}, "do_rescale": false}', "do_rescale"),
        ('{"size": {"height": 640, "width": 640}, "rescale_factor": 1.0}', "rescale_factor"),
        ('{"size": {"height": 640, "width": 640}, "resample": 3}', "resample"),
        ('{"size": [640, 640], "do_pad": true, "pad_size": [800, 800]}', "do_pad"),
    ],
)
def test_what_cannot_be_honoured_is_refused_with_the_file_and_the_cause(
    tmp_path: Path, text: str, says: str
) -> None:
    file = tmp_path / "preprocessor_config.json"
    file.write_text(text)
    with pytest.raises(ValueError, match=says) as caught:
        read_input_size(tmp_path)
    assert str(file) in str(caught.value)


@pytest.mark.parametrize(
    "size", [{"shortest_edge": 96, "longest_edge": 128}, {"max_height": 96, "max_width": 128}]
)
@pytest.mark.parametrize(("width", "height"), [(320, 240), (200, 400), (300, 300)])
def test_a_kept_aspect_is_the_librarys(
    tmp_path: Path, size: dict[str, int], width: int, height: int
) -> None:
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({"size": size}))
    ours = read_input_size(tmp_path)
    pixels = np.array(draw_scene(3).image.convert("RGB").resize((width, height)))
    [theirs] = RTDetrImageProcessorPil(size=size)(
        images=Image.fromarray(pixels), return_tensors="pt"
    )["pixel_values"]

    columns, rows = content_size(width, height, ours)
    found = to_input(pixels, ours)

    assert abs(columns - theirs.shape[2]) <= 1
    assert abs(rows - theirs.shape[1]) <= 1
    assert found.shape == (3, ours.height, ours.width)
    assert found[:, rows:].count_nonzero() == found[:, :, columns:].count_nonzero() == 0
    if (rows, columns) == theirs.shape[1:]:
        difference = (found[:, :rows, :columns] / 255 - theirs).abs()
        assert difference.max() <= 2 / 255


def test_boxes_of_a_padded_input_are_shares_of_the_image(
    detector: Detector, detector_folder: Path, settings: Settings, tmp_path: Path
) -> None:
    folder = shutil.copytree(detector_folder, tmp_path / "wide")
    config = {"size": {"max_height": 256, "max_width": 288}}
    (folder / "preprocessor_config.json").write_text(json.dumps(config))
    wide = _load(folder, settings)
    image = encode(draw_scene(5).image.convert("RGB").resize((256, 256)), "PNG")

    def found(one: Detector) -> list[Detection]:
        [result] = one.detect([one.prepare(image)], [0.5])
        return list(result.detections)

    expected = [each for each in found(detector) if each.confidence > 0.7]
    assert len(expected) == 3
    for each in expected:
        assert any(
            other.label == each.label
            and overlaps(torch.tensor([each.box]), torch.tensor([other.box])) > 0.7
            for other in found(wide)
        )


def _load(folder: Path, settings: Settings) -> Detector:
    return load_detector(
        Settings(
            detector_model=folder,
            device=Device.CPU,
            detector_runtime=DetectorRuntime.TORCH,
            state_dir=settings.state_dir,
        )
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "detector"
    make_random_detector(folder)
    return folder


@pytest.fixture
def checkpoint(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "fine-tuned")


def change(folder: Path, **changes: object) -> None:
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_a_checkpoint_in_half_precision_runs_on_the_cpu(
    checkpoint: Path, settings: Settings, photo: bytes, dtype: str
) -> None:
    from transformers import RTDetrV2ForObjectDetection

    half = RTDetrV2ForObjectDetection.from_pretrained(checkpoint).to(getattr(torch, dtype))
    half.save_pretrained(checkpoint)
    assert json.loads((checkpoint / "config.json").read_text())["dtype"] == dtype

    detector = _load(checkpoint, settings)

    assert detector.info.precision == "fp32"
    assert detector.detect([detector.prepare(photo)], [0.0])[0].detections


def test_classes_of_one_label_are_one_object(
    checkpoint: Path, settings: Settings, photo: bytes
) -> None:
    change(checkpoint, id2label={"0": "Man", "1": "Woman", "2": "Person", "3": "boy"})

    detector = _load(checkpoint, settings)

    assert detector.info.labels == ("person",)
    [result] = detector.detect([detector.prepare(photo)], [0.0])
    boxes = torch.tensor([each.box for each in result.detections])
    assert (overlaps(boxes, boxes) > 0.7).sum() == len(boxes)  # none but with itself


@pytest.mark.parametrize(
    ("changes", "gone", "says"),
    [
        ({"id2label": {str(n): f"LABEL_{n}" for n in range(4)}}, None, "labels have no names"),
        ({}, "preprocessor_config.json", "640 x 640 pixels are assumed"),
    ],
)
def test_a_detector_that_may_be_of_no_use_says_so_in_health(
    checkpoint: Path,
    settings: Settings,
    changes: dict[str, Any],
    gone: str | None,
    says: str,
) -> None:
    change(checkpoint, **changes)
    if gone:
        (checkpoint / gone).unlink()

    info = _load(checkpoint, settings).info

    assert says in str(info.fallback)
    assert str(checkpoint) in str(info.fallback)


@pytest.mark.parametrize(
    "id2label",
    [
        {"1": "person", "2": "car", "3": "dog", "4": "package"},
        {"0": "person", "2": "car", "3": "dog", "7": "package"},
    ],
)
def test_labels_with_gaps_are_refused(checkpoint: Path, id2label: dict[str, str]) -> None:
    change(checkpoint, id2label=id2label)
    with pytest.raises(DetectorLoadError, match="without a gap"):
        load_checkpoint(checkpoint)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"activation_function": "nonsense"}, "nonsense"),
        ({"backbone_config": {"model_type": "nonsense"}}, "nonsense"),
        ({"d_model": 48}, ""),
    ],
)
async def test_an_error_names_the_folder_and_the_cause(
    checkpoint: Path, settings: Settings, changes: dict[str, Any], says: str
) -> None:
    change(checkpoint, **changes)
    detectors = DetectorManager(lambda: _load(checkpoint, settings))
    detectors.start()
    await detectors.settled.wait()

    error = str(detectors.status.error)

    assert str(checkpoint) in error
    assert says in error
    assert "see the log" not in error
    await detectors.stop()
