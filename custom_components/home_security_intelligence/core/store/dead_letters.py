"""The dead letters: list, requeue and discard them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    RowMapping,
    any_,
    func,
    literal,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.models import DeadLetter, JobKind, JobState, Page
from ..domain.queries import DeadLetterQuery
from . import events, images, paging
from .tables import events as event_table, images as image_table, in_state, jobs


@dataclass(frozen=True, slots=True, kw_only=True)
class Requeued:
    """The result of a requeue."""

    count: int
    refused: int  # already requeued as often as allowed
    kinds: frozenset[JobKind]
    event_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadJob:
    """A dead letter's job and its last failure, by which dead letters are ordered."""

    failed_at: datetime
    id: int


async def find(
    connection: AsyncConnection, query: DeadLetterQuery, *, requeue_limit: int
) -> Page[DeadLetter]:
    """Return a page of dead letters, latest failure first; raises BadCursorError."""
    wanted = _conditions(query)
    total = await connection.scalar(select(func.count()).select_from(jobs).where(*wanted))
    if query.cursor is not None:
        wanted.append(paging.after(query.cursor, jobs.c.last_failed_at, jobs.c.id, _job_id))
    rows = await connection.execute(
        select(jobs, image_table.c.path)
        .outerjoin(image_table, image_table.c.id == jobs.c.image_id)
        .where(*wanted)
        .order_by(jobs.c.last_failed_at.desc(), jobs.c.id.desc())
        .limit(query.limit + 1)
    )
    found = [_dead_letter_of(row, requeue_limit) for row in rows.mappings()]
    items = tuple(found[: query.limit])
    more = len(found) > query.limit
    return Page(
        items=items,
        total=total or 0,
        next_cursor=paging.encode(items[-1].last_failed_at, items[-1].job_id) if more else None,
    )


async def select_ids(
    connection: AsyncConnection, query: DeadLetterQuery, job_ids: Sequence[int]
) -> tuple[int, ...]:
    """Return those of the job ids that are dead letters and fit the query's filter."""
    wanted = _conditions(query)
    wanted.append(jobs.c.id == any_(_array_of(job_ids)))
    return tuple(await connection.scalars(select(jobs.c.id).where(*wanted)))


async def select_next(
    connection: AsyncConnection, query: DeadLetterQuery, *, after: DeadJob | None, limit: int
) -> tuple[DeadJob, ...]:
    """Return up to `limit` dead letters that fit the query's filter, latest failure first."""
    wanted = _conditions(query)
    order = tuple_(jobs.c.last_failed_at, jobs.c.id)
    if after is not None:
        wanted.append(order < tuple_(literal(after.failed_at), literal(after.id)))
    rows = await connection.execute(
        select(jobs.c.last_failed_at, jobs.c.id)
        .where(*wanted)
        .order_by(jobs.c.last_failed_at.desc(), jobs.c.id.desc())
        .limit(limit)
    )
    return tuple(DeadJob(failed_at=failed_at, id=number) for failed_at, number in rows)


async def requeue(connection: AsyncConnection, ids: Sequence[int], *, limit: int) -> Requeued:
    """Return the dead letters among these jobs to the queue, with all their attempts.

    One that was already requeued `limit` times stays dead.
    """
    # Events are locked before jobs, as everywhere.
    of_jobs = select(jobs.c.event_id).where(jobs.c.id == any_(_array_of(ids)))
    await connection.execute(
        select(event_table.c.id)
        .where(event_table.c.id.in_(of_jobs))
        .order_by(event_table.c.id)
        .with_for_update()
    )
    dead = await _lock_dead(connection, ids)
    fit = [number for number, requeues in dead.items() if requeues < limit]
    rows = await connection.execute(
        update(jobs)
        .where(jobs.c.id == any_(_array_of(fit)))
        .values(
            state=JobState.PENDING,
            run_after=func.now(),
            attempts=0,
            crashes=0,
            lone_crashes=0,
            away_since=None,
            requeues=jobs.c.requeues + 1,
        )
        .returning(jobs.c.kind, jobs.c.image_id, jobs.c.event_id)
    )
    changed = rows.all()
    await images.set_pending(connection, [row.image_id for row in changed if row.image_id])
    event_ids = tuple(row.event_id for row in changed if row.event_id)
    await events.set_assessment_pending(connection, event_ids)
    return Requeued(
        count=len(changed),
        refused=len(dead) - len(fit),
        kinds=frozenset(row.kind for row in changed),
        event_ids=event_ids,
    )


async def discard(connection: AsyncConnection, ids: Sequence[int]) -> int:
    """Discard the dead letters among these jobs; their images and events stay unchanged."""
    dead = await _lock_dead(connection, ids)
    changed = await connection.execute(
        update(jobs)
        .where(jobs.c.id == any_(_array_of(list(dead))))
        .values(state=JobState.DISCARDED, finished_at=func.now())
    )
    return changed.rowcount


def refusal(limit: int) -> str:
    """Return the sentence for the user why a dead letter cannot be requeued again."""
    return (
        f"Requeued {limit} times, the maximum, and failed each time. "
        "Discard it, or copy its image into the camera's folder again."
    )


async def _lock_dead(connection: AsyncConnection, ids: Sequence[int]) -> dict[int, int]:
    """Lock the dead letters among these jobs, in id order; return how often each was requeued."""
    rows = await connection.execute(
        select(jobs.c.id, jobs.c.requeues)
        .where(jobs.c.id == any_(_array_of(ids)), in_state(jobs.c.state, JobState.DEAD))
        .order_by(jobs.c.id)
        .with_for_update()
    )
    return {row.id: row.requeues for row in rows}


def _array_of(ids: Sequence[int]) -> ColumnElement[Sequence[int]]:
    # One array: PostgreSQL accepts no more than 32767 parameters.
    return literal(list(ids), ARRAY(BigInteger))


def _conditions(query: DeadLetterQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [in_state(jobs.c.state, JobState.DEAD)]
    if query.camera is not None:
        conditions.append(jobs.c.camera == query.camera)
    if query.kind is not None:
        conditions.append(jobs.c.kind == query.kind)
    if query.failure is not None:
        conditions.append(jobs.c.failure == query.failure)
    return conditions


def _job_id(text: str) -> int:
    number = int(text)
    if not 0 < number < 2**63:
        raise ValueError("no job has this id")
    return number


def _dead_letter_of(row: RowMapping, requeue_limit: int) -> DeadLetter:
    return DeadLetter(
        job_id=row["id"],
        kind=row["kind"],
        camera=row["camera"],
        image_path=row["path"],
        event_id=row["event_id"],
        failure=row["failure"],
        error_type=row["error_type"],
        message=row["message"],
        attempts=row["attempts"],
        crashes=row["crashes"],
        first_failed_at=row["first_failed_at"],
        last_failed_at=row["last_failed_at"],
        requeues=row["requeues"],
        refusal=refusal(requeue_limit) if row["requeues"] >= requeue_limit else None,
    )
