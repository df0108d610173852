"""Models of ultralytics; these tests need its extra, which no lock file contains."""

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from inference_server.detection.base import DetectorLoadError
from inference_server.detection.loading import load_detector
from inference_server.settings import Settings
from testbed.drawing.scenes import draw as draw_scene
from tests.server.support import draw, encode


@pytest.fixture(scope="module", params=["yolo11n", "rtdetr-resnet50"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model with random weights, which need no download."""
    pytest.importorskip("ultralytics")
    from ultralytics import (  # type: ignore[import-not-found,import-untyped,unused-ignore] # optional
        RTDETR,
        YOLO,
    )

    kind = RTDETR if request.param.startswith("rtdetr") else YOLO
    file = tmp_path_factory.mktemp("models") / f"{request.param}.pt"
    kind(f"{request.param}.yaml").save(file)
    return file


def test_it_detects_objects_and_describes_itself(settings: Settings, model: Path) -> None:
    detector = load_detector(replace(settings, detector_model=model))
    assert detector.info.model == model.stem
    assert detector.info.runtime.startswith("ultralytics 8")
    assert len(detector.info.labels) == 80
    images = [
        detector.prepare(encode(each, quality=90))
        for each in (draw(1920, 1440), draw_scene(3).image.convert("RGB"))
    ]
    assert (images[0].width, images[0].height) == (1920, 1440)
    all_objects, none = detector.detect(images, [0.0, 1.0])
    assert all_objects.batch == none.batch == 2
    assert all_objects.detections
    assert not none.detections
    for found in all_objects.detections:
        assert found.label in detector.info.labels
        assert all(0 <= edge <= 1 for edge in found.box)


def test_a_file_that_is_no_model_is_refused(settings: Settings, tmp_path: Path) -> None:
    pytest.importorskip("ultralytics")
    file = tmp_path / "model.pt"
    file.write_bytes(b"no model")
    with pytest.raises(DetectorLoadError, match="cannot be loaded"):
        load_detector(replace(settings, detector_model=file))


@pytest.mark.skipif(find_spec("ultralytics") is not None, reason="it is installed")
def test_without_the_extra_the_error_names_it_and_its_licence(
    settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "model.pt"
    file.write_bytes(b"no model")
    with pytest.raises(DetectorLoadError, match=r"ultralytics extra .*AGPL-3\.0"):
        load_detector(replace(settings, detector_model=file))
