"""The queue: enqueue jobs and count them."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import (
    DateTime,
    SmallInteger,
    Text,
    Uuid,
    bindparam,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.found_file import LIVE_FOR
from ..domain.models import JobKind, JobState, QueueStats, SecurityEvent
from .arrays import rows_from_arrays
from .leases import ClaimedJob
from .tables import BACKLOG, FRESH, cameras, events, in_state, jobs

_NEW = rows_from_arrays(
    "job",
    {
        "kind": Text,
        "camera": Text,
        "event_id": Uuid,
        "priority": SmallInteger,
        "happened_at": DateTime(timezone=True),
    },
)
# A job in progress need not be locked: storing its outcome waits for the event's lock, and then
# finds that the event has changed.
_ENQUEUE_ASSESS = insert(jobs).from_select(
    list(_NEW.c.keys()),
    select(_NEW)
    .join(events, events.c.id == _NEW.c.event_id)
    .where(
        ~exists().where(
            jobs.c.event_id == _NEW.c.event_id,
            in_state(jobs.c.state, JobState.PENDING) | in_state(jobs.c.state, JobState.LEASED),
        ),
        events.c.explained_images.is_distinct_from(events.c.judged_images)
        | events.c.explained_score.is_distinct_from(events.c.provisional_score),
    ),
)

_SUPERSEDE = (
    update(jobs)
    .where(
        jobs.c.event_id == bindparam("of_event"),
        jobs.c.kind == JobKind.ASSESS,
        in_state(jobs.c.state, JobState.DEAD),
        jobs.c.id < bindparam("before"),
    )
    .values(state=JobState.DONE, finished_at=func.now())
)


def priority_of(happened_at: datetime, *, now: datetime) -> int:
    """Return the priority of a job whose subject happened at a moment."""
    return FRESH if now - happened_at < LIVE_FOR else BACKLOG


async def enqueue_assess(
    connection: AsyncConnection, new: Collection[SecurityEvent], *, now: datetime
) -> None:
    """Enqueue assess jobs for events that have changed since their last words, if any.

    An event has one job in progress at most. The caller holds the events' locks.
    """
    await connection.execute(
        _ENQUEUE_ASSESS,
        {
            "job_kind": [JobKind.ASSESS] * len(new),
            "job_camera": [event.camera for event in new],
            "job_event_id": [event.id for event in new],
            "job_priority": [priority_of(event.started_at, now=now) for event in new],
            "job_happened_at": [event.started_at for event in new],
        },
    )


async def supersede_dead(connection: AsyncConnection, job: ClaimedJob) -> None:
    """Mark the dead letters of an event's earlier assessments as done: this one replaces them."""
    await connection.execute(_SUPERSEDE, {"of_event": job.event_id, "before": job.id})


async def has_other_assessment(connection: AsyncConnection, job: ClaimedJob) -> bool:
    """Return whether another job is pending or leased that assesses the same event."""
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


async def count_pending_detects(connection: AsyncConnection, *, limit: int) -> dict[str, int]:
    """Count the pending detect jobs of each camera that has any, up to `limit` for each."""
    some = (
        select(jobs.c.id)
        .where(
            jobs.c.kind == JobKind.DETECT,
            in_state(jobs.c.state, JobState.PENDING),
            jobs.c.camera == cameras.c.folder,
        )
        # In index order: without an order, all finished jobs might be read first.
        .order_by(jobs.c.priority, jobs.c.happened_at, jobs.c.id)
        .limit(limit)
        .correlate(cameras)
        .subquery()
    )
    count = select(func.count().label("pending")).select_from(some).lateral("counted")
    rows = await connection.execute(
        select(cameras.c.folder, count.c.pending).join(count, count.c.pending > 0)
    )
    return {row.folder: row.pending for row in rows}


async def oldest(connection: AsyncConnection) -> datetime | None:
    """Return when the oldest job that waits or runs was created; None without one."""
    moment: datetime | None = await connection.scalar(
        select(func.min(jobs.c.created_at)).where(
            in_state(jobs.c.state, JobState.PENDING) | in_state(jobs.c.state, JobState.LEASED)
        )
    )
    return moment


async def stats(connection: AsyncConnection) -> QueueStats:
    """Count pending, leased and dead jobs by kind."""
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
