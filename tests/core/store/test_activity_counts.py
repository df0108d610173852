"""Activity counts: what is counted in which hour, and the baseline that an event gets."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, timedelta

import pytest
from sqlalchemy import text

from tests.core.store.conftest import NOON, Archive

# isort: split
from hsi_core.aio.health_board import HealthBoard
from hsi_core.aio.publisher import Publisher
from hsi_core.domain.settings import Settings
from hsi_core.events.activity_counter import ActivityCounter
from hsi_core.store import activity_counts, events
from hsi_core.store.database import Database
from hsi_core.store.engine import begin
from hsi_core.store.outbox import Outbox

DAY = 86_400.0
WEEK = 7 * DAY


async def count(archive: Archive, day: float, settings: Settings | None = None) -> None:
    """Count as at the end of a day."""
    settings = settings or archive.settings
    database = Database(archive.engine, HealthBoard(Publisher()), settings, Outbox(Publisher()))
    now = NOON + timedelta(days=day)
    await ActivityCounter(database, time_zone=UTC, settings=settings, now=lambda: now).count()


async def counted(archive: Archive, days: Sequence[float]) -> list[dict[str, int]]:
    """Return the counts of the hours that begin so many days after the first noon."""
    begins = [NOON + timedelta(days=day) for day in days]
    async with begin(archive.engine) as connection:
        return [dict(each) for each in await activity_counts.read(connection, "front", begins)]


async def test_events_are_counted_by_label_and_empty_hours_as_empty(archive: Archive) -> None:
    await archive.see(60, "person")
    await archive.see(90, "car")  # the same event
    await archive.see(1800, "person")
    await archive.see(DAY + 60, "chair")  # no event, and the camera works
    await archive.see(60, "person", camera="yard")
    await count(archive, 2)
    assert await counted(archive, [0]) == [{"person": 2, "car": 1}]
    assert await counted(archive, [1 / 24, 1]) == [{}, {}]


async def test_hours_in_which_the_camera_may_have_been_off_are_not_counted(
    archive: Archive,
) -> None:
    await archive.see(60)
    await archive.see(3 * DAY)
    await archive.see(4 * DAY)
    await count(archive, 5)
    assert await counted(archive, [0, 3, 3.5]) == [{"person": 1}, {"person": 1}, {}]
    assert await counted(archive, [1, 1.5, 2]) == []  # 72 hours of silence
    assert await counted(archive, [4.5]) == []  # nothing came since
    assert await counted(archive, [-0.5]) == []  # nor before


async def test_late_events_are_counted_and_deleted_ones_stay_counted(archive: Archive) -> None:
    await archive.see(60)
    await archive.see(DAY)
    await count(archive, 1.5)
    await archive.see(1800)
    await count(archive, 1.5)
    assert await counted(archive, [0]) == [{"person": 2}]
    async with begin(archive.engine) as connection:
        await connection.execute(text("UPDATE hsi.images SET event_id = NULL"))
        await connection.execute(text("DELETE FROM hsi.events"))
    await count(archive, 3, replace(archive.settings, retention_days=2))
    assert await counted(archive, [0]) == [{"person": 2}]


async def test_old_counts_are_deleted(archive: Archive) -> None:
    await archive.see(60)
    await count(archive, 1)
    await count(archive, 7 * 13)
    assert await counted(archive, [0]) == [{"person": 1}]
    await count(archive, 7 * 13 + 1)
    assert await counted(archive, [0]) == []


@pytest.mark.parametrize(("weeks", "usual"), [(3, None), (4, 1.125), (5, 1.1)])
async def test_an_event_gets_its_baseline(
    archive: Archive, weeks: int, usual: float | None
) -> None:
    for week in range(weeks):
        await archive.see(week * WEEK + 1200)
        await count(archive, week * 7 + 1)
    await archive.see(weeks * WEEK + 600)
    *_, last = await archive.events()
    async with begin(archive.engine) as connection:
        context = await events.context_of(connection, last.id)
    assert context.usual.get("person") == usual
    assert context.usual.get("car") == (None if usual is None else 0.5 / weeks)
