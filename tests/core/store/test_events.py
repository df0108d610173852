"""Events in the database: grouped in any order by concurrent workers, and found by filters."""

import asyncio

import pytest

from tests.core.store.conftest import Archive, at

# isort: split
from sqlalchemy import text, update

from hsi_core.domain.levels import LevelBounds
from hsi_core.domain.models import AssessmentState, EventState, RiskLevel
from hsi_core.domain.queries import EventQuery
from hsi_core.domain.updates import EventPhase
from hsi_core.store import event_list
from hsi_core.store.engine import begin
from hsi_core.store.tables import events


async def assess_jobs(archive: Archive) -> int:
    async with begin(archive.engine) as connection:
        waiting = "select count(*) from hsi.jobs where kind = 'assess' and state = 'pending'"
        return await connection.scalar(text(waiting)) or 0


@pytest.mark.parametrize(
    ("captured", "spans"),
    [
        ([0, 20, 40], [(0, 40, 3)]),
        ([0, 31], [(0, 0, 1), (31, 31, 1)]),
        ([0, 25, 50, 75, 100], [(0, 75, 4), (100, 100, 1)]),
        ([20, 0], [(0, 20, 2)]),  # another worker was faster
        ([0, 50, 25], [(0, 0, 1), (25, 50, 2)]),  # and the first event was closed too early
        ([0, 100, 10], [(0, 10, 2), (100, 100, 1)]),  # a late upload
        ([1000, 0], [(0, 0, 1), (1000, 1000, 1)]),  # a very late one
        ([1000, 0, 20, 40], [(0, 40, 3), (1000, 1000, 1)]),
    ],
)
async def test_images_are_grouped(
    archive: Archive, captured: list[float], spans: list[tuple[float, float, int]]
) -> None:
    for seconds in captured:
        await archive.see(seconds)
    assert await archive.spans() == spans
    states = [event.state for event in await archive.events()]
    assert states.count(EventState.OPEN) == 1
    assert states[-1] is EventState.OPEN


async def test_cameras_have_events_of_their_own(archive: Archive) -> None:
    await archive.see(0, camera="front")
    await archive.see(1, camera="yard")
    assert [event.camera for event in await archive.events()] == ["front", "yard"]


async def test_unwatched_objects_open_no_event(archive: Archive) -> None:
    assert await archive.see(0, label="chair") == []
    assert await archive.events() == ()


async def test_an_event_has_its_labels_and_best_image(archive: Archive) -> None:
    await archive.see(0, "person", 0.6)
    await archive.see(5, "dog", 0.9)
    await archive.see(10, "person", 0.7)
    [event] = await archive.events()
    assert event.labels == ("dog", "person")
    assert event.image_count == 3
    assert event.best_image_id == (await archive.images())[1].id


async def test_only_a_confident_person_is_urgent(archive: Archive) -> None:
    await archive.see(0, "person", 0.89)
    await archive.see(500, "car", 0.99, camera="yard")
    assert await assess_jobs(archive) == 0
    await archive.see(1000, "person", 0.90)
    # One for the confident person, one for the event it has ended.
    assert await assess_jobs(archive) == 2


async def test_a_pending_assessment_is_not_enqueued_twice(archive: Archive) -> None:
    await archive.see(0, "person", 0.95)
    assert await archive.see(100) == [EventPhase.CLOSED, EventPhase.DETECTED]
    assert await assess_jobs(archive) == 1


async def test_a_late_image_has_its_event_assessed_again(archive: Archive) -> None:
    await archive.see(0)
    await archive.see(100)
    async with begin(archive.engine) as connection:
        await connection.execute(text("update hsi.jobs set state = 'done'"))
    assert await archive.see(0) == [EventPhase.UPDATED]
    assert await assess_jobs(archive) == 0  # nothing new for the assessment
    assert await archive.see(20) == [EventPhase.UPDATED]
    assert await assess_jobs(archive) == 1
    assert (await archive.events())[0].ended_at == at(20)


async def test_concurrent_workers_open_one_event(archive: Archive) -> None:
    await asyncio.gather(*(archive.see(seconds % 20) for seconds in range(24)))
    assert await archive.spans() == [(0, 19, 24)]


@pytest.fixture
async def scored(archive: Archive) -> Archive:
    """Four events, half an hour apart; the last one has no score."""
    for number, score in enumerate((10, 30, 84, None)):
        await archive.see(number * 1800, "car" if number % 2 else "person")
        if score is None:
            continue
        async with begin(archive.engine) as connection:
            await connection.execute(
                update(events)
                .where(events.c.started_at == at(number * 1800))
                .values(
                    assessment=AssessmentState.ASSESSED,
                    risk_score=score,
                    risk_level=LevelBounds().level_of(score),
                    highest_level=LevelBounds().level_of(score),
                    summary="s",
                    reasoning="r",
                    assessed_at=at(0),
                )
            )
    return archive


async def test_events_are_found(scored: Archive) -> None:
    async def found(**wanted: object) -> list[int]:
        starts = [event.started_at for event in await scored.events(**wanted)]
        return [number for number in range(4) if at(number * 1800) in starts]

    assert await found() == [0, 1, 2, 3]
    assert await found(camera="yard") == []
    assert await found(since=at(1800)) == [1, 2, 3]
    assert await found(until=at(1800)) == [0]
    assert await found(min_score=30) == [1, 2]
    assert await found(level=RiskLevel.LOW) == [0]
    assert await found(level=RiskLevel.MEDIUM) == [1]
    assert await found(level=RiskLevel.HIGH) == [2]
    assert await found(level=RiskLevel.CRITICAL) == []
    assert await found(label="car") == [1, 3]
    assert await found(label="car", min_score=1) == [1]


async def test_new_events_do_not_shift_pages(scored: Archive) -> None:
    async with begin(scored.engine) as connection:
        first = await event_list.find(connection, EventQuery(limit=2))
    await scored.see(9000)
    async with begin(scored.engine) as connection:
        second = await event_list.find(connection, EventQuery(limit=2, cursor=first.next_cursor))
    starts = [event.started_at for event in (*first.items, *second.items)]
    assert starts == [at(number * 1800) for number in (3, 2, 1, 0)]
    assert (first.total, second.total) == (4, 5)
    assert second.next_cursor is None
