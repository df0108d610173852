"""The committed test detector: complete, small and accurate enough."""

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from testbed.drawing.scenes import LABELS  # noqa: E402
from testbed.training.measure_detector import measure, report  # noqa: E402

CHECKPOINT = Path(__file__).parents[2] / ".models" / "test-detector"
# Seeds that neither the training nor its validation used.
HELD_OUT = range(200)


@pytest.fixture(scope="module")
def loaded() -> tuple[Any, dict[str, Any]]:
    model, info = transformers.AutoModelForObjectDetection.from_pretrained(
        CHECKPOINT, local_files_only=True, output_loading_info=True
    )
    return model.eval(), info


def test_the_checkpoint_fills_the_whole_architecture(loaded: tuple[Any, dict[str, Any]]) -> None:
    model, info = loaded
    assert type(model).__name__ == "RTDetrV2ForObjectDetection"
    assert {kind: list(keys) for kind, keys in info.items() if keys} == {}


def test_the_checkpoint_is_marked_as_a_test_model(loaded: tuple[Any, dict[str, Any]]) -> None:
    config = loaded[0].config
    assert config.hsi_test_model is True
    assert [config.id2label[index] for index in range(len(LABELS))] == list(LABELS)


def test_the_checkpoint_stays_small() -> None:
    assert sum(path.stat().st_size for path in CHECKPOINT.iterdir()) < 5_000_000


def test_it_detects_objects_in_held_out_scenes(loaded: tuple[Any, dict[str, Any]]) -> None:
    measured = measure(loaded[0], HELD_OUT)
    assert measured.map50 >= 0.85, report(measured)
    assert min(measured.ap50) >= 0.75, report(measured)
