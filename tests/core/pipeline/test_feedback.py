"""Marks on events, and missed moments without an event."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from tests.core.pipeline.harness import House, Journal

# isort: split
from hsi_core.domain.errors import InputError
from hsi_core.domain.models import EventMark, MissedMoment, SecurityEvent
from hsi_core.domain.queries import EventQuery
from hsi_core.domain.updates import EventPhase
from hsi_core.pipeline.pipeline import Pipeline

HOUR = timedelta(hours=1)


async def person_seen(house: House, journal: Journal, path: str, at: datetime) -> SecurityEvent:
    """Return the event of a person who was detected at this time."""
    seen = len([event for phase, event in journal.events if phase is EventPhase.DETECTED])
    house.upload(path, f"person 0.8 # {path}", at=at)
    return await journal.event(EventPhase.DETECTED, count=seen + 1)


async def marked(pipeline: Pipeline, mark: EventMark) -> set[UUID]:
    return {event.id for event in (await pipeline.queries.list_events(EventQuery(mark=mark))).items}


async def test_a_mark_is_stored_found_changed_and_removed(house: House) -> None:
    pipeline, journal = await house.run()
    now = datetime.now(UTC)
    one = await person_seen(house, journal, "front/a.jpg", now - 2 * HOUR)
    other = await person_seen(house, journal, "front/b.jpg", now - HOUR)

    event_marked = await pipeline.feedback.mark(one.id, EventMark.FALSE_ALARM)
    await pipeline.feedback.mark(other.id, EventMark.TRUE_ALARM)
    assert event_marked.mark is EventMark.FALSE_ALARM
    assert event_marked.marked_at is not None
    assert now <= event_marked.marked_at <= datetime.now(UTC)
    assert await marked(pipeline, EventMark.FALSE_ALARM) == {one.id}

    await pipeline.feedback.mark(one.id, EventMark.TRUE_ALARM)
    assert await marked(pipeline, EventMark.TRUE_ALARM) == {one.id, other.id}
    assert (await pipeline.feedback.mark(one.id, None)).marked_at is None
    assert await marked(pipeline, EventMark.TRUE_ALARM) == {other.id}


async def test_a_missed_moment_marks_its_event_or_is_recorded(house: House) -> None:
    pipeline, journal = await house.run(event_idle=30.0)
    now = datetime.now(UTC)
    event = await person_seen(house, journal, "front/a.jpg", now - HOUR)

    near = await pipeline.feedback.mark_missed("front", event.started_at + timedelta(seconds=29))
    assert isinstance(near, SecurityEvent)
    assert (near.id, near.mark) == (event.id, EventMark.MISSED)
    for camera, at in (
        ("yard", event.started_at),
        ("front", event.started_at - timedelta(seconds=31)),
    ):
        noted = await pipeline.feedback.mark_missed(camera, at)
        assert isinstance(noted, MissedMoment)
        await pipeline.feedback.mark_missed(camera, at)  # the second time has no effect
    query = EventQuery(camera="yard")
    [kept] = await pipeline.queries.missed_moments(query)
    assert (kept.camera, kept.at) == ("yard", event.started_at)
    assert len(await pipeline.queries.missed_moments(EventQuery())) == 2

    assert (
        await pipeline.feedback.take_back_missed("yard", event.started_at + timedelta(seconds=5))
        == 1
    )
    assert await pipeline.queries.missed_moments(query) == ()


async def test_an_invalid_mark_is_refused(house: House) -> None:
    pipeline, _ = await house.run()
    now = datetime.now(UTC)
    for attempt, code in (
        (pipeline.feedback.mark(uuid4(), EventMark.MISSED), "event_unknown"),
        (pipeline.feedback.mark_missed("attic", now - HOUR), "camera_unknown"),
        (pipeline.feedback.mark_missed("front", now + HOUR), "moment_in_future"),
    ):
        with pytest.raises(InputError) as caught:
            await attempt
        assert caught.value.code == code


async def test_the_cleanup_deletes_old_missed_moments(house: House) -> None:
    pipeline, _ = await house.run(retention_days=1.0)
    now = datetime.now(UTC)
    await pipeline.feedback.mark_missed("front", now - 25 * HOUR)
    await pipeline.feedback.mark_missed("front", now - 23 * HOUR)
    await pipeline.cleanup.delete_expired(dry_run=True)
    assert len(await pipeline.queries.missed_moments(EventQuery())) == 2
    await pipeline.cleanup.delete_expired(dry_run=False)
    [kept] = await pipeline.queries.missed_moments(EventQuery())
    assert kept.at == now - 23 * HOUR
