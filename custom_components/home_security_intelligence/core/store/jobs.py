"""The queue: what is to be done, and how much of it there is."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ..models import Image, JobKind, JobState, QueueStats
from .leases import ClaimedJob
from .tables import in_state, jobs

FRESH, BACKLOG = 0, 10  # priorities; the lower number goes first
FRESH_FOR = timedelta(minutes=1)  # what happened within it goes before any backlog


def priority_of(happened_at: datetime, *, now: datetime) -> int:
    """Return the priority of a job about something that happened then."""
    return FRESH if now - happened_at < FRESH_FOR else BACKLOG


async def enqueue_detect(
    connection: AsyncConnection, images: Sequence[Image], *, now: datetime
) -> None:
    """Have images looked at; part of the transaction that registers them."""
    await connection.execute(
        insert(jobs),
        [
            {
                "kind": JobKind.DETECT,
                "camera": image.camera,
                "image_id": image.id,
                "priority": priority_of(image.captured_at, now=now),
                "happened_at": image.captured_at,
            }
            for image in images
        ],
    )


async def enqueue_assess(
    connection: AsyncConnection,
    *,
    camera: str,
    event_id: UUID,
    happened_at: datetime,
    now: datetime,
) -> None:
    """Have an event assessed as it is by now, unless a job that waits will do that anyway."""
    waiting = await connection.execute(
        select(jobs.c.id)
        .where(
            jobs.c.event_id == event_id,
            jobs.c.kind == JobKind.ASSESS,
            in_state(jobs.c.state, JobState.PENDING),
        )
        # Locked, it cannot be claimed before this transaction's facts are there to be read.
        .with_for_update(skip_locked=True)
    )
    if waiting.first() is not None:
        return
    await connection.execute(
        insert(jobs).values(
            kind=JobKind.ASSESS,
            camera=camera,
            event_id=event_id,
            priority=priority_of(happened_at, now=now),
            happened_at=happened_at,
        )
    )


async def supersede_dead(connection: AsyncConnection, job: ClaimedJob) -> None:
    """Take back the dead letters of an event's earlier assessments: this one has made them good."""
    await connection.execute(
        update(jobs)
        .where(
            jobs.c.event_id == job.event_id,
            jobs.c.kind == JobKind.ASSESS,
            in_state(jobs.c.state, JobState.DEAD),
            jobs.c.id < job.id,
        )
        .values(state=JobState.DONE, finished_at=func.now())
    )


async def other_assessment_coming(connection: AsyncConnection, job: ClaimedJob) -> bool:
    """Tell whether another job is to assess the same event."""
    return (
        await connection.scalar(
            select(jobs.c.id)
            .where(
                jobs.c.event_id == job.event_id,
                jobs.c.kind == JobKind.ASSESS,
                in_state(jobs.c.state, JobState.PENDING) | in_state(jobs.c.state, JobState.LEASED),
                jobs.c.id != job.id,
            )
            .limit(1)
        )
        is not None
    )


async def waiting_detects(connection: AsyncConnection, *, at_most: int) -> int:
    """Count images that wait to be looked at, without counting beyond `at_most`."""
    some = (
        select(jobs.c.id)
        .where(jobs.c.kind == JobKind.DETECT, in_state(jobs.c.state, JobState.PENDING))
        .limit(at_most)
        .subquery()
    )
    return await connection.scalar(select(func.count()).select_from(some)) or 0


async def stats(connection: AsyncConnection) -> QueueStats:
    """Count the jobs that matter, by kind and state."""
    counted = (JobState.PENDING, JobState.LEASED, JobState.DEAD)
    rows = await connection.execute(
        select(jobs.c.state, jobs.c.kind, func.count())
        .where(or_(*(in_state(jobs.c.state, state) for state in counted)))
        .group_by(jobs.c.state, jobs.c.kind)
    )
    numbers = {state: dict.fromkeys(JobKind, 0) for state in counted}
    for state, kind, count in rows:
        numbers[state][kind] = count
    return QueueStats(
        pending=numbers[JobState.PENDING],
        leased=numbers[JobState.LEASED],
        dead=numbers[JobState.DEAD],
    )
