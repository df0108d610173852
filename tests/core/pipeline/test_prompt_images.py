"""Which images the language model is given, and when it is given none."""

import asyncio
from base64 import b64decode
from datetime import UTC, datetime, timedelta

import pytest

from testbed.fake_inference_server import INVALID_OUTPUT
from testbed.services.postgres import Postgres
from tests.core.pipeline.harness import House
from tests.core.pipeline.sql import query

# isort: split
from hsi_core.domain.models import Box, Detection, Image, ImageState
from hsi_core.domain.settings import Settings
from hsi_core.domain.updates import EventPhase
from hsi_core.stages.prompt_images import MAX_IMAGE_BYTES, MAX_IMAGES, select_best

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
WATCHED = Settings().watched_labels


def image(number: int, confidence: float, *, label: str = "person", **changed: int) -> Image:
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


async def assess(house: House, *, allowed: bool | None, vision: bool | None) -> list[object]:
    """Have an event of three images assessed; return the images that the model was given."""
    house.server.assessor = {"vision": vision}
    changed = {} if allowed is None else {"images_to_model": allowed}
    _, journal = await house.run(event_idle=0.5, **changed)
    await journal.health(lambda health: health.server is not None)
    # All are registered before the first is detected, so that the event waits for all of them.
    house.server.detect_gate.clear()
    house.upload("front/a.jpg", "person 0.8")
    house.upload("front/b.jpg", "person 0.7" + " " * MAX_IMAGE_BYTES)
    house.upload("front/c.jpg", "person 0.6")
    await journal.depth(3)
    house.server.detect_gate.set()
    await journal.ended(3)
    await journal.event(EventPhase.ASSESSED)
    return [*house.server.assessed[-1].get("pictures", [])]


async def test_a_model_with_vision_is_given_images_if_allowed(house: House) -> None:
    shown = await assess(house, allowed=True, vision=True)
    # The one in the middle is too large for a server.
    assert [b64decode(str(each)) for each in shown] == [b"person 0.8", b"person 0.6"]
    assert len(shown) < MAX_IMAGES


@pytest.mark.parametrize(
    ("allowed", "vision"), [(None, True), (False, True), (True, False), (True, None)]
)
async def test_otherwise_it_is_given_none(
    house: House, allowed: bool | None, vision: bool | None
) -> None:
    assert await assess(house, allowed=allowed, vision=vision) == []


async def test_a_retry_is_made_without_images(house: House) -> None:
    house.server.assess_faults.append(INVALID_OUTPUT)
    assert await assess(house, allowed=True, vision=True) == []
    first, second = house.server.assessed
    assert "pictures" in first
    assert "pictures" not in second


async def test_a_missing_file_is_left_out(house: House, postgres: Postgres) -> None:
    house.server.assessor = {"vision": True}
    _, journal = await house.run(images_to_model=True)
    await journal.health(lambda health: health.server is not None)
    house.upload("front/a.jpg", "person 0.8")
    house.upload("front/b.jpg", "person 0.7")
    await journal.ended(2)
    (house.root / "front/a.jpg").unlink()
    over = "UPDATE hsi.events SET started_at = started_at - {0}, last_activity_at = last_activity_at - {0}"
    await asyncio.to_thread(query, postgres, house, over.format("interval '1 hour'"))

    await journal.event(EventPhase.ASSESSED)

    [shown] = house.server.assessed[-1]["pictures"]
    assert b64decode(shown) == b"person 0.7"
