"""The selection of the images of an event that the language model is given."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.domain.models import Box, Detection, Image, ImageState
from hsi_core.domain.settings import Settings
from hsi_core.stages.prompt_images import select_best

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
WATCHED = Settings().watched_labels


def image(number: int, confidence: float, *, label: str = "person", **changed: Any) -> Image:
    """Return an image of one object, captured `number` seconds after noon."""
    box = Box(x1=0.1, y1=0.1, x2=0.1 + changed.pop("size", 4) / 10, y2=0.6)
    return Image(
        id=number,
        camera="front",
        path=f"front/{number}.jpg",
        mtime_ns=0,
        captured_at=NOON + timedelta(seconds=number),
        found_at=NOON,
        state=ImageState.DETECTED,
        detections=(Detection(label=label, confidence=confidence, box=box),),
        **{"size": 1000, "width": 640, "height": 480, **changed},
    )


def test_the_best_image_of_each_third_is_selected() -> None:
    images = [image(number, 0.9 if number in {2, 3, 8} else 0.6) for number in range(1, 10)]
    images[5] = image(6, 0.7, size=8)  # nearer, which counts more than confidence

    assert [each.id for each in select_best(images, WATCHED)] == [2, 6, 8]
    assert [each.id for each in select_best(images[::-1], WATCHED)] == [2, 6, 8]
    assert [each.id for each in select_best(images[:2], WATCHED)] == [1, 2]


@pytest.mark.parametrize(
    "unfit",
    [
        image(2, 0.9, label="potted plant"),
        image(2, 0.9, size=0),
        image(2, 0.9, width=5001, height=5000),
    ],
)
def test_images_without_watched_objects_or_too_large_are_left_out(unfit: Image) -> None:
    assert [each.id for each in select_best([image(1, 0.6), unfit], WATCHED)] == [1]
    assert select_best([unfit], WATCHED) == []
