"""Leases of jobs: claim, renew, finish, release, and carry out what a failure means.

A worker leases a job for a limited time and with a fence, a number that grows with every claim by a random step. A
worker that returns too late has an outdated fence and can no longer change the job. Leases and
delays are compared inside PostgreSQL, so only its clock counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Interval,
    RowMapping,
    bindparam,
    func,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningUpdate

from ..domain.models import FailureClass, Image, JobKind, JobState
from .arrays import rows_from_arrays
from .fair_claim import IMAGE, claim_statement
from .rows import image_of
from .tables import in_state, jobs

_TOKENS = rows_from_arrays("token", {"id": BigInteger, "fence": BigInteger})
# The jobs whose fence is still valid, locked in id order to avoid deadlock.
_STILL_LEASED = (
    select(jobs.c.id)
    .join_from(jobs, _TOKENS, (jobs.c.id == _TOKENS.c.id) & (jobs.c.fence == _TOKENS.c.fence))
    .where(in_state(jobs.c.state, JobState.LEASED))
    .order_by(jobs.c.id)
    .with_for_update(of=jobs, key_share=True)
    .cte("held")
)
_LOCK = select(_STILL_LEASED.c.id)
_CHANGE_LEASED = update(jobs).where(jobs.c.id == _STILL_LEASED.c.id).returning(jobs.c.id)
_RENEW = _CHANGE_LEASED.values(lease_until=func.now() + bindparam("lease", type_=Interval))
_FINISH = _CHANGE_LEASED.values(state=JobState.DONE, lease_until=None, finished_at=func.now())
_SET_ISOLATED = _CHANGE_LEASED.values(alone=bindparam("isolated", type_=Boolean))
_RELEASE = _CHANGE_LEASED.values(state=JobState.PENDING, lease_until=None)

_CODE_LIMIT = 100  # characters
_MESSAGE_LIMIT = 2000  # characters
_EXPIRED_LIMIT = 100  # jobs returned by one call of find_expired


class LeaseLostError(Exception):
    """Another worker has the job; this worker's result must not be stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedJob:
    """A job leased by this worker; `image_id` is a detect job's, `event_id` an assess job's.

    A detect job brings its image when it is claimed, without detections.
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
    isolated: bool = False  # its worker processes no other job
    isolated_crashes: int = 0  # the crashes that happened in isolation
    error_type: str | None = None  # code of its last failure
    away_since: datetime | None = None  # its image's folder, without interruption
    image: Image | None = None

    @property
    def is_quarantined(self) -> bool:
        """Whether a worker has died while it had leased this job."""
        return self.crashes > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a job failed; `error_type` is a stable code, `message` a sentence for the user.

    Both may come from a server. Characters that PostgreSQL cannot store are removed.
    """

    failure: FailureClass
    error_type: str
    message: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "error_type", _storable(self.error_type)[:_CODE_LIMIT])
        object.__setattr__(self, "message", _storable(self.message)[:_MESSAGE_LIMIT])


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryDecision:
    """What a failure means for a job: retried after `delay`, or a dead letter without one."""

    failure: Failure
    delay: timedelta | None
    spends_attempt: bool = False
    counts_crash: bool = False  # only if the lease has expired
    is_away: bool = False  # the image's folder is, which is waited for

    @property
    def is_final(self) -> bool:
        """Whether the job becomes a dead letter."""
        return self.delay is None


async def claim(
    connection: AsyncConnection,
    kind: JobKind,
    *,
    lease: float,
    limit: int = 1,
    lags: Mapping[str, int] = MappingProxyType({}),
    oldest_first: bool = False,
) -> tuple[ClaimedJob, ...]:
    """Lease the next due jobs for `lease` seconds, a job of each camera in turn.

    A camera waits for as many turns of the others as `lags` says. Jobs of live images come before
    those of a backlog, the newest live image first; with `oldest_first`, only age counts.
    """
    rows = await connection.execute(
        claim_statement(kind, limit, oldest_first=oldest_first),
        {
            "wanted": limit,
            "lease": timedelta(seconds=lease),
            "lag_camera": list(lags),
            "lag_turns": list(lags.values()),
        },
    )
    claimed = sorted(rows.mappings(), key=lambda row: row["place"])
    return tuple(_claimed_job(row, _image_in(row)) for row in claimed)


async def renew(
    connection: AsyncConnection, leased: Sequence[ClaimedJob], *, lease: float
) -> frozenset[int]:
    """Extend leases by `lease` seconds from now; return the ids of the jobs still leased."""
    return await _change_all(connection, leased, _RENEW, lease=timedelta(seconds=lease))


async def lock(connection: AsyncConnection, leased: Sequence[ClaimedJob]) -> None:
    """Lock jobs in id order, before they are changed in any other order."""
    await connection.execute(_LOCK, _tokens(leased))


async def finish(connection: AsyncConnection, leased: Sequence[ClaimedJob]) -> frozenset[int]:
    """Mark jobs as done; return the ids of those that were still leased, the only ones to store."""
    return await _change_all(connection, leased, _FINISH)


async def release(connection: AsyncConnection, leased: Sequence[ClaimedJob]) -> frozenset[int]:
    """Return jobs to the queue unchanged; return the ids of those that were still leased."""
    return await _change_all(connection, leased, _RELEASE)


async def set_isolated(connection: AsyncConnection, job: ClaimedJob, *, isolated: bool) -> bool:
    """Record whether the worker processes no other job; return whether the job is still leased."""
    return bool(await _change_all(connection, [job], _SET_ISOLATED, isolated=isolated))


async def settle(connection: AsyncConnection, job: ClaimedJob, decision: RetryDecision) -> None:
    """Carry out what a failure means for a job; raises LeaseLostError.

    A crash is counted only while the lease is expired: LeaseLostError means that it was renewed.
    """
    statement = (
        update(jobs)
        .where(
            jobs.c.id == bindparam("leased_id"),
            jobs.c.fence == bindparam("leased_fence"),
            in_state(jobs.c.state, JobState.LEASED),
        )
        .values(
            state=JobState.DEAD if decision.is_final else JobState.PENDING,
            lease_until=None,
            failure=decision.failure.failure,
            error_type=decision.failure.error_type,
            message=decision.failure.message,
            first_failed_at=func.coalesce(jobs.c.first_failed_at, func.now()),
            last_failed_at=func.now(),
            away_since=func.coalesce(jobs.c.away_since, func.now()) if decision.is_away else None,
        )
    )
    if decision.delay is not None:
        statement = statement.values(run_after=func.now() + decision.delay)
    if decision.spends_attempt:
        statement = statement.values(attempts=jobs.c.attempts + 1)
    if decision.counts_crash:
        statement = statement.where(jobs.c.lease_until < func.now()).values(
            crashes=jobs.c.crashes + 1,
            lone_crashes=jobs.c.lone_crashes + int(job.isolated),
        )
    changed = await connection.execute(statement, {"leased_id": job.id, "leased_fence": job.fence})
    if changed.rowcount == 0:
        raise LeaseLostError


async def find_expired(connection: AsyncConnection) -> tuple[ClaimedJob, ...]:
    """Return jobs whose lease has expired, the oldest first, up to 100."""
    rows = await connection.execute(
        select(jobs)
        .where(in_state(jobs.c.state, JobState.LEASED), jobs.c.lease_until < func.now())
        .order_by(jobs.c.lease_until)
        .limit(_EXPIRED_LIMIT)
    )
    return tuple(_claimed_job(row) for row in rows.mappings())


def _storable(text: str) -> str:
    return text.replace("\0", "").encode(errors="replace").decode()


def _claimed_job(row: RowMapping, image: Image | None = None) -> ClaimedJob:
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
        isolated=row["alone"],
        isolated_crashes=row["lone_crashes"],
        error_type=row["error_type"],
        away_since=row["away_since"],
        image=image,
    )


def _image_in(row: RowMapping) -> Image | None:
    if row["image_id"] is None:
        return None
    return image_of(row, prefix=IMAGE)


async def _change_all(
    connection: AsyncConnection,
    leased: Sequence[ClaimedJob],
    statement: ReturningUpdate[tuple[int]],
    **more: object,
) -> frozenset[int]:
    return frozenset(await connection.scalars(statement, _tokens(leased) | more))


def _tokens(leased: Sequence[ClaimedJob]) -> dict[str, object]:
    return {
        "token_id": [job.id for job in leased],
        "token_fence": [job.fence for job in leased],
    }
