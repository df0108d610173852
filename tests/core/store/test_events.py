"""Events in the database: grouped in any order by concurrent workers, and found by filters."""

import asyncio
from dataclasses import replace

import pytest

from tests.core.store.conftest import Archive, at

# isort: split
from sqlalchemy import text, update

from hsi_core.domain.levels import LevelBounds
from hsi_core.domain.models import AssessmentState, EventState, JobKind, RiskLevel
from hsi_core.domain.queries import EventQuery
from hsi_core.domain.updates import EventPhase
from hsi_core.store import event_list, leases
from hsi_core.store.engine import begin
from hsi_core.store.tables import events

NIGHT = 12 * 3600.0  # a person is scored at least 5 then, and 0 at noon


@pytest.fixture
def strict(archive: Archive) -> Archive:
    """An archive in which a person at night is medium."""
    archive.settings = replace(archive.settings, medium_from=5)
    return archive


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


async def explain_all(archive: Archive) -> None:
    """Finish all assess jobs, as if a model had explained the events as they are."""
    async with begin(archive.engine) as connection:
        await connection.execute(text("update hsi.jobs set state = 'done'"))
        await connection.execute(
            update(events).values(
                explained_images=events.c.judged_images, explained_score=events.c.provisional_score
            )
        )


async def test_an_event_has_its_level_from_the_first_image_on(strict: Archive) -> None:
    assert await strict.see(NIGHT) == [EventPhase.DETECTED]
    [event] = await strict.events()
    assert (event.risk_level, event.highest_level) == (RiskLevel.MEDIUM, RiskLevel.MEDIUM)
    assert event.risk_score == event.provisional_score == sum(f.points for f in event.factors)
    assert (event.judged_images, event.incident_id) == (1, event.id)
    assert event.assessor == "rules"
    assert event.narrative


async def test_a_low_event_is_explained_when_it_closes(archive: Archive) -> None:
    await archive.see(0)
    assert await assess_jobs(archive) == 0
    assert await archive.see(100) == [EventPhase.CLOSED, EventPhase.DETECTED]
    assert await assess_jobs(archive) == 1


async def test_a_medium_event_is_explained_once_while_it_is_open(strict: Archive) -> None:
    await strict.see(NIGHT)
    await strict.see(NIGHT + 5)
    assert await assess_jobs(strict) == 1
    await explain_all(strict)
    await strict.see(NIGHT + 10)
    assert await assess_jobs(strict) == 0


async def test_an_event_that_has_not_changed_is_not_explained_again(archive: Archive) -> None:
    await archive.see(NIGHT)
    await explain_all(archive)
    await archive.see(NIGHT + 100, "car")
    assert await assess_jobs(archive) == 0


async def test_a_question_in_progress_is_not_asked_twice(strict: Archive) -> None:
    await strict.see(NIGHT)
    async with begin(strict.engine) as connection:
        [job] = await leases.claim(connection, JobKind.ASSESS, lease=30.0)
    await strict.see(NIGHT + 5)
    await strict.see(NIGHT + 100, "car")
    assert await assess_jobs(strict) == 0
    [event, _] = await strict.events()
    assert (event.id, event.state) == (job.event_id, EventState.CLOSED)


@pytest.mark.parametrize("late", [0, 10, 20], ids=["at the start", "inside", "after the end"])
async def test_a_late_image_has_its_event_judged_and_explained_again(
    archive: Archive, late: float
) -> None:
    await archive.see(0)
    await archive.see(15)
    await archive.see(100)
    await explain_all(archive)
    assert await archive.see(late) in ([EventPhase.UPDATED], [EventPhase.CORRECTED])
    event = (await archive.events())[0]
    assert (event.image_count, event.judged_images) == (3, 3)
    assert event.ended_at == at(max(late, 15))
    assert await assess_jobs(archive) == 1


async def test_concurrent_workers_open_one_event(archive: Archive) -> None:
    await asyncio.gather(*(archive.see(seconds % 20) for seconds in range(24)))
    assert await archive.spans() == [(0, 19, 24)]


@pytest.fixture
async def scored(archive: Archive) -> Archive:
    """Four events, half an hour apart; the last one has the score of the rules, 0."""
    scores = (10, 30, 84)
    for number in range(len(scores) + 1):
        await archive.see(number * 1800, "car" if number % 2 else "person")
    for number, score in enumerate(scores):
        async with begin(archive.engine) as connection:
            await connection.execute(
                update(events)
                .where(events.c.started_at == at(number * 1800))
                .values(
                    assessment=AssessmentState.ASSESSED,
                    provisional_score=score,
                    band_low=0,
                    band_high=100,
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
    assert await found(level=RiskLevel.LOW) == [0, 3]
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
