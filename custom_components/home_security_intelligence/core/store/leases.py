"""Holding a job: claiming it, keeping it, and what becomes of it.

A job is held by a lease that ends by itself and by a fence, a number that grows with every claim:
whoever comes back late holds an old number and can no longer change anything. Leases and delays
are compared inside PostgreSQL, so only its clock counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Integer,
    Interval,
    RowMapping,
    Update,
    bindparam,
    func,
    literal_column,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningUpdate

from ..domain.models import FailureClass, Image, JobKind, JobState
from .arrays import rows_from_arrays
from .rows import image_of
from .tables import images, in_state, jobs

_IMAGE = "of_image_"  # before the names of an image's columns


@cache
def _claim(at_most: int) -> ReturningUpdate[tuple[object, ...]]:
    """Return the statement that takes so many jobs; making it costs more than running it."""
    due = (
        select(jobs.c.id, *(column.label(_IMAGE + column.name) for column in images.c))
        .outerjoin_from(jobs, images, images.c.id == jobs.c.image_id)
        .where(
            jobs.c.kind == bindparam("wanted"),
            in_state(jobs.c.state, JobState.PENDING),
            jobs.c.run_after <= func.now(),
        )
        .order_by(jobs.c.priority, jobs.c.happened_at, jobs.c.id)
        # As a parameter it could be any number, and the plan would be one for many rows.
        .limit(literal_column(str(at_most), Integer))
        .with_for_update(skip_locked=True, of=jobs)
        .cte("due")
        .prefix_with("MATERIALIZED")
    )
    return (
        update(jobs)
        .where(jobs.c.id == due.c.id)
        .values(
            state=JobState.LEASED,
            fence=jobs.c.fence + 1,
            lease_until=func.now() + bindparam("lease", type_=Interval),
            alone=False,
        )
        .returning(jobs, *(column for column in due.c if column.name.startswith(_IMAGE)))
    )


_TOKENS = rows_from_arrays("token", {"id": BigInteger, "fence": BigInteger})
# Those of many that are still held, locked in one order: nobody who does the same waits in a circle.
_STILL_HELD = (
    select(jobs.c.id)
    .join_from(jobs, _TOKENS, (jobs.c.id == _TOKENS.c.id) & (jobs.c.fence == _TOKENS.c.fence))
    .where(in_state(jobs.c.state, JobState.LEASED))
    .order_by(jobs.c.id)
    .with_for_update(of=jobs, key_share=True)
    .cte("held")
)
_LOCK = select(_STILL_HELD.c.id)
_CHANGE_HELD = update(jobs).where(jobs.c.id == _STILL_HELD.c.id).returning(jobs.c.id)
_RENEW = _CHANGE_HELD.values(lease_until=func.now() + bindparam("lease", type_=Interval))
_FINISH = _CHANGE_HELD.values(state=JobState.DONE, lease_until=None, finished_at=func.now())
_NOTE_ALONE = _CHANGE_HELD.values(alone=bindparam("is_alone", type_=Boolean))
_RELEASE = _CHANGE_HELD.values(state=JobState.PENDING, lease_until=None)
_HELD = (
    (jobs.c.id == bindparam("held_id"))
    & (jobs.c.fence == bindparam("held_fence"))
    & in_state(jobs.c.state, JobState.LEASED)
)

_CODE_LIMIT = 100  # characters
_MESSAGE_LIMIT = 2000  # characters


class LeaseLostError(Exception):
    """Somebody else holds the job by now; whatever was found out is theirs to store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedJob:
    """A job held by this worker; `image_id` is a detect job's, `event_id` an assess job's.

    A detect job that was just claimed brings its image along, as yet without detections.
    """

    id: int
    kind: JobKind
    fence: int
    camera: str
    image_id: int | None
    event_id: UUID | None
    attempts: int
    crashes: int
    requeues: int
    alone: bool = False  # it was noted that its worker does nothing else
    lone_crashes: int = 0  # of the crashes, those that came while that was so
    error_type: str | None = None  # the code of its last failure
    first_failed_at: datetime | None = None
    image: Image | None = None

    @property
    def is_suspect(self) -> bool:
        """A worker died with it in hand, of it or of something else."""
        return self.crashes > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a job failed; `error_type` is a stable code, `message` a sentence for a person.

    Both may be a server's words, and are kept without what PostgreSQL takes in no text.
    """

    failure: FailureClass
    error_type: str
    message: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "error_type", _storable(self.error_type)[:_CODE_LIMIT])
        object.__setattr__(self, "message", _storable(self.message)[:_MESSAGE_LIMIT])


async def claim(
    connection: AsyncConnection,
    kind: JobKind,
    *,
    lease: float,
    at_most: int = 1,
) -> tuple[ClaimedJob, ...]:
    """Take the next jobs that are due, the first ones first, and hold them for `lease` seconds."""
    rows = await connection.execute(
        _claim(at_most), {"wanted": kind, "lease": timedelta(seconds=lease)}
    )
    taken = sorted(
        rows.mappings(), key=lambda row: (row["priority"], row["happened_at"], row["id"])
    )
    return tuple(_claimed(row, _image_in(row)) for row in taken)


async def renew(
    connection: AsyncConnection, held: Sequence[ClaimedJob], *, lease: float
) -> frozenset[int]:
    """Hold jobs for another `lease` seconds; returns those that are still held, by their ids."""
    return await _change_all(connection, held, _RENEW, lease=timedelta(seconds=lease))


async def lock(connection: AsyncConnection, held: Sequence[ClaimedJob]) -> None:
    """Lock jobs in one order, before they are changed in any other."""
    await connection.execute(_LOCK, _tokens(held))


async def finish(connection: AsyncConnection, held: Sequence[ClaimedJob]) -> frozenset[int]:
    """Say that jobs are done; returns which, by their ids. Nothing may be stored of the others."""
    return await _change_all(connection, held, _FINISH)


async def release(connection: AsyncConnection, held: Sequence[ClaimedJob]) -> frozenset[int]:
    """Give jobs back untouched; returns which were still held, by their ids."""
    return await _change_all(connection, held, _RELEASE)


async def note_alone(connection: AsyncConnection, job: ClaimedJob, *, alone: bool) -> bool:
    """Note whether its worker does nothing but this; tell if it is still held."""
    return bool(await _change_all(connection, [job], _NOTE_ALONE, is_alone=alone))


async def postpone(
    connection: AsyncConnection,
    job: ClaimedJob,
    failure: Failure,
    *,
    delay: timedelta,
    spend_attempt: bool,
) -> None:
    """Let the job wait, with an attempt less or not; raises LeaseLostError."""
    await _change(
        connection,
        job,
        update(jobs)
        .where(_HELD)
        .values(
            state=JobState.PENDING,
            lease_until=None,
            run_after=func.now() + delay,
            attempts=jobs.c.attempts + int(spend_attempt),
            **_record(failure),
        ),
    )


async def give_up(
    connection: AsyncConnection, job: ClaimedJob, failure: Failure, *, spend_attempt: bool
) -> None:
    """Make the job a dead letter; raises LeaseLostError."""
    await _change(
        connection,
        job,
        update(jobs)
        .where(_HELD)
        .values(
            state=JobState.DEAD,
            lease_until=None,
            attempts=jobs.c.attempts + int(spend_attempt),
            **_record(failure),
        ),
    )


async def expired(connection: AsyncConnection) -> tuple[ClaimedJob, ...]:
    """Return jobs whose worker has not been heard of until its lease ended."""
    rows = await connection.execute(
        select(jobs)
        .where(in_state(jobs.c.state, JobState.LEASED), jobs.c.lease_until < func.now())
        .order_by(jobs.c.lease_until)
        .limit(100)
    )
    return tuple(_claimed(row) for row in rows.mappings())


async def record_crash(
    connection: AsyncConnection, job: ClaimedJob, failure: Failure, *, delay: timedelta | None
) -> None:
    """Count a crash and let the job wait, or without a delay make it a dead letter.

    Raises LeaseLostError when its worker was heard of after all.
    """
    outcome: dict[str, object] = (
        {"state": JobState.DEAD}
        if delay is None
        else {"state": JobState.PENDING, "run_after": func.now() + delay}
    )
    await _change(
        connection,
        job,
        update(jobs)
        .where(_HELD)
        .where(jobs.c.lease_until < func.now())
        .values(
            lease_until=None,
            crashes=jobs.c.crashes + 1,
            lone_crashes=jobs.c.lone_crashes + int(job.alone),
            **outcome,
            **_record(failure),
        ),
    )


def _storable(text: str) -> str:
    return text.replace("\0", "").encode(errors="replace").decode()


def _claimed(row: RowMapping, image: Image | None = None) -> ClaimedJob:
    return ClaimedJob(
        id=row["id"],
        kind=row["kind"],
        fence=row["fence"],
        camera=row["camera"],
        image_id=row["image_id"],
        event_id=row["event_id"],
        attempts=row["attempts"],
        crashes=row["crashes"],
        requeues=row["requeues"],
        alone=row["alone"],
        lone_crashes=row["lone_crashes"],
        error_type=row["error_type"],
        first_failed_at=row["first_failed_at"],
        image=image,
    )


def _image_in(row: RowMapping) -> Image | None:
    if row["image_id"] is None:
        return None
    return image_of(row, prefix=_IMAGE)


async def _change_all(
    connection: AsyncConnection,
    held: Sequence[ClaimedJob],
    statement: ReturningUpdate[tuple[int]],
    **more: object,
) -> frozenset[int]:
    return frozenset(await connection.scalars(statement, _tokens(held) | more))


def _tokens(held: Sequence[ClaimedJob]) -> dict[str, object]:
    return {
        "token_id": [job.id for job in held],
        "token_fence": [job.fence for job in held],
    }


async def _change(connection: AsyncConnection, job: ClaimedJob, statement: Update) -> None:
    changed = await connection.execute(statement, {"held_id": job.id, "held_fence": job.fence})
    if changed.rowcount == 0:
        raise LeaseLostError


def _record(failure: Failure) -> dict[str, object]:
    return {
        "failure": failure.failure,
        "error_type": failure.error_type,
        "message": failure.message,
        "first_failed_at": func.coalesce(jobs.c.first_failed_at, func.now()),
        "last_failed_at": func.now(),
    }
