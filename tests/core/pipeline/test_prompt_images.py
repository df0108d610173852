"""Which images the language model is given, and when it is given none."""

import asyncio
from base64 import b64decode
from dataclasses import replace

import pytest

from testbed.fake_inference_server import INVALID_OUTPUT
from testbed.services.postgres import Postgres
from tests.core.pipeline.harness import NOON_HERE, QUICK, House
from tests.core.pipeline.sql import query

# isort: split
from hsi_core.domain.updates import EventPhase
from hsi_core.stages.prompt_images import MAX_IMAGE_BYTES, MAX_IMAGES


async def assess(house: House, *, allowed: bool | None, vision: bool | None) -> list[str]:
    """Have an event of three images assessed; return the images that the model was given."""
    house.server.assessor = {"vision": vision}
    settings = QUICK if allowed is None else replace(QUICK, images_to_model=allowed)
    _, journal = await house.run(settings, event_idle=0.5, time_zone=NOON_HERE.key)
    await journal.health(lambda health: health.server is not None)
    # All are registered before the first is detected, so that the event waits for all of them.
    house.server.detect_gate.clear()
    house.upload("front/a.jpg", "person 0.8")
    house.upload("front/b.jpg", "person 0.7" + " " * MAX_IMAGE_BYTES)
    house.upload("front/c.jpg", "person 0.6")
    await journal.depth(3)
    house.server.detect_gate.set()
    await journal.ended(3)
    await journal.event(EventPhase.EXPLAINED)
    return list(house.server.assessed[-1].get("pictures", []))


async def test_a_model_with_vision_is_given_images_if_allowed(house: House) -> None:
    sent = await assess(house, allowed=True, vision=True)
    # The one in the middle is too large for a server.
    assert [b64decode(each) for each in sent] == [b"person 0.8", b"person 0.6"]
    assert len(sent) < MAX_IMAGES


@pytest.mark.parametrize(
    ("allowed", "vision"), [(None, True), (False, True), (True, False), (True, None)]
)
async def test_a_model_without_permission_or_vision_is_given_no_images(
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
    _, journal = await house.run(images_to_model=True, time_zone=NOON_HERE.key)
    await journal.health(lambda health: health.server is not None)
    house.upload("front/a.jpg", "person 0.8")
    house.upload("front/b.jpg", "person 0.7")
    await journal.ended(2)
    (house.root / "front/a.jpg").unlink()
    # As if an hour had passed: the event is over.
    age = """
        UPDATE hsi.images SET captured_at = captured_at - {0};
        UPDATE hsi.events SET started_at = started_at - {0}, last_activity_at = last_activity_at - {0}
    """
    await asyncio.to_thread(query, postgres, house, age.format("interval '1 hour'"))

    await journal.event(EventPhase.EXPLAINED)

    [sent] = house.server.assessed[-1]["pictures"]
    assert b64decode(sent) == b"person 0.7"
