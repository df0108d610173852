"""The statement that claims jobs: cameras take turns, however many jobs each of them has."""

from functools import cache

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Integer,
    Interval,
    Select,
    Text,
    bindparam,
    func,
    literal_column,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from ..domain.models import JobKind, JobState
from .arrays import rows_from_arrays
from .tables import BACKLOG, FRESH, cameras, images, in_state, jobs

IMAGE = "of_image_"  # prefix of an image's columns
_SPARE = 8  # candidates beyond the limit, in case that other workers claim some at this moment
# Random, so that a fence from before a restore of the database fits no claim after it.
_FENCE_STEP = literal_column("1 + (random() * 1000000000)::bigint", BigInteger)
_LAGS = rows_from_arrays("lag", {"camera": Text, "turns": BigInteger})


def claim_statement(
    kind: JobKind, limit: int, *, oldest_first: bool
) -> ReturningUpdate[tuple[object, ...]]:
    """Return the statement that claims up to `limit` jobs, which is its parameter `wanted`."""
    return _statement(kind, 1 << (limit - 1).bit_length(), oldest_first=oldest_first)


@cache
def _statement(
    kind: JobKind, power_of_two: int, *, oldest_first: bool
) -> ReturningUpdate[tuple[object, ...]]:
    """Return one of a few statements: building, preparing and planning one is expensive."""
    best = _best(kind, power_of_two + _SPARE, oldest_first=oldest_first)
    due = (
        select(
            jobs.c.id,
            best.c.place,
            *(column.label(IMAGE + column.name) for column in images.c),
        )
        .join_from(best, jobs, jobs.c.id == best.c.id)
        .outerjoin(images, images.c.id == jobs.c.image_id)
        # Checked again once the row is locked: another worker may have claimed it.
        .where(in_state(jobs.c.state, JobState.PENDING))
        .order_by(best.c.place)
        .limit(bindparam("wanted", type_=Integer))
        .with_for_update(skip_locked=True, of=jobs)
        .cte("due")
        .prefix_with("MATERIALIZED")
    )
    return (
        update(jobs)
        .where(jobs.c.id == due.c.id)
        .values(
            state=JobState.LEASED,
            fence=jobs.c.fence + _FENCE_STEP,
            lease_until=func.now() + bindparam("lease", type_=Interval),
            alone=False,
        )
        .returning(
            jobs,
            due.c.place,
            *(column for column in due.c if column.name.startswith(IMAGE)),
        )
    )


def _best(kind: JobKind, count: int, *, oldest_first: bool) -> CTE:
    """Return the first jobs of a fair order, each with its place: the cameras take turns.

    Each camera's jobs are read from its part of the index, so that those of one camera do not have
    to be passed to find another's.
    """
    candidates = union_all(
        _candidates(kind, FRESH, count, newest_first=not oldest_first),
        _candidates(kind, BACKLOG, count, newest_first=False),
    ).lateral("candidate")
    own_order = [candidates.c.position, candidates.c.id]
    if not oldest_first:
        own_order.insert(0, candidates.c.priority)
    own_place = func.row_number().over(partition_by=cameras.c.folder, order_by=own_order)
    turns = (
        select(
            candidates.c.id,
            candidates.c.priority,
            candidates.c.position,
            (func.coalesce(_LAGS.c.turns, 0) + own_place).label("turn"),
        )
        .select_from(
            cameras.outerjoin(_LAGS, _LAGS.c.camera == cameras.c.folder).join(candidates, true())
        )
        .cte("turns")
        .prefix_with("MATERIALIZED")
    )
    order = [turns.c.turn, turns.c.position, turns.c.id]
    if not oldest_first:
        order.insert(0, turns.c.priority)
    place = func.row_number().over(order_by=order).label("place")
    return (
        select(turns.c.id, place)
        .order_by(place)
        # As a parameter it could be any number, and the plan would be made for many rows.
        .limit(_number(count))
        .cte("best")
        .prefix_with("MATERIALIZED")
    )


def _candidates(
    kind: JobKind, priority: int, count: int, *, newest_first: bool
) -> Select[tuple[object, ...]]:
    """Return the first due jobs of a camera and priority; `position` orders them, ascending."""
    moment = func.extract("epoch", jobs.c.happened_at)
    order = (jobs.c.happened_at, jobs.c.id)
    return (
        select(
            jobs.c.id,
            jobs.c.priority,
            (-moment if newest_first else moment).label("position"),
        )
        .where(
            in_state(jobs.c.kind, kind),
            in_state(jobs.c.state, JobState.PENDING),
            jobs.c.camera == cameras.c.folder,
            jobs.c.priority == _number(priority),
            jobs.c.run_after <= func.now(),
        )
        .order_by(*(column.desc() if newest_first else column for column in order))
        .limit(_number(count))
        .correlate(cameras)
    )


def _number(value: int) -> ColumnElement[int]:
    return literal_column(str(value), Integer)
