"""What an event is judged by: its own images, what came before, and the nearest of other cameras."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from tests.core.store.conftest import Archive, at

# isort: split
from hsi_core.domain.models import Camera, SecurityEvent
from hsi_core.domain.settings import Settings
from hsi_core.events.judge import EventImages, elsewhere_of, reach_of, select_images
from hsi_core.store import cameras, evidence
from hsi_core.store.engine import begin
from hsi_core.store.evidence import Evidence

SETTINGS = Settings(history_images=3)


async def evidence_on(
    archive: Archive, event: SecurityEvent, known: Sequence[int] = ()
) -> Evidence:
    async with begin(archive.engine) as connection:
        found = await evidence.read(connection, [event], reach=reach_of(SETTINGS), known=known)
    return found[event.id]


async def images_of(archive: Archive, event: SecurityEvent) -> tuple[list[float], list[float]]:
    """Return the seconds of an event's own images and of those before it."""
    found = await evidence_on(archive, event)
    images: EventImages = select_images(event, found.images, found.next_starts_at, SETTINGS)
    own, history = (
        [(image.captured_at - at(0)).total_seconds() for image in group]
        for group in (images.own, images.history)
    )
    return own, history


async def test_an_event_is_judged_by_its_own_images_and_the_latest_before_it(
    archive: Archive,
) -> None:
    for seconds in (0, 100, 200, 300, 310, 320):
        await archive.see(seconds)
    *_, last = await archive.events()
    assert await images_of(archive, last) == ([300, 310, 320], [0, 100, 200])


async def test_images_of_the_next_event_never_count(archive: Archive) -> None:
    """The first event reaches its maximum length, and the next begins ten seconds later."""
    for seconds in (0, 30, 60, 80, 95):
        await archive.see(seconds)
    for seconds in (85, 90, 100):
        await archive.see(seconds, "chair")
    first, second = await archive.events()
    assert await images_of(archive, first) == ([0, 30, 60, 80, 85, 90], [])
    assert await images_of(archive, second) == ([95, 100], [80, 85, 90])


async def test_images_long_before_an_event_do_not_count(archive: Archive) -> None:
    await archive.see(0)
    await archive.see(1801)
    _, second = await archive.events()
    assert await images_of(archive, second) == ([1801], [])


async def test_known_images_are_not_read_again(archive: Archive) -> None:
    for seconds in (0, 10):
        await archive.see(seconds)
    [event] = await archive.events()
    images = await archive.images()
    found = await evidence_on(archive, event, known=[images[0].id])
    assert found.images == (images[1],)


@pytest.mark.parametrize("busy", [25])
async def test_a_busy_camera_does_not_hide_the_others(archive: Archive, busy: int) -> None:
    async with begin(archive.engine) as connection:
        await cameras.register(connection, [Camera(folder="gate", name="Gate")])
    for number in range(busy):
        await archive.see(number * 31 - 400, camera="yard")
    await archive.see(290, camera="gate")
    await archive.see(0)
    [event] = [event for event in await archive.events() if event.camera == "front"]
    found = await evidence_on(archive, event)
    assert {other.camera for other in found.others} == {"yard", "gate"}
    assert {each.camera for each in elsewhere_of(found.others)} == {"yard", "gate"}
    [yard, *_] = sorted(found.others, key=lambda other: other.camera, reverse=True)
    assert yard.gap < timedelta(seconds=31)


async def test_no_image_is_read_while_the_camera_has_no_new_ones(archive: Archive) -> None:
    for seconds in (0, 10):
        await archive.see(seconds)
    [event] = await archive.events()

    async def read(version: int) -> Evidence:
        async with begin(archive.engine) as connection:
            found = await evidence.read(
                connection, [event], reach=reach_of(SETTINGS), versions={event.id: version}
            )
        return found[event.id]

    version = (await evidence_on(archive, event)).images_version
    assert await read(version) == Evidence(images_version=version)
    await archive.see(5, "chair")
    found = await read(version)
    assert (len(found.images), found.images_version) == (3, version + 1)
