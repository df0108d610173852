"""Pages of events, filtered by camera, time, risk, label, mark and text."""

from collections.abc import Sequence
import re
from uuid import UUID

from sqlalchemy import Boolean, ColumnElement, Integer, func, literal_column, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.models import Page, RiskLevel, SecurityEvent
from ..domain.queries import EventQuery
from . import paging
from .rows import event_of
from .tables import events, in_state

COUNT_LIMIT = 1_000  # Exact counts stop here: counting further scans the table.

# A generic plan reads a million rows for a rare label: plan each query for its parameters.
_CUSTOM_PLAN = text("SET LOCAL plan_cache_mode = force_custom_plan")

_LEVELS = tuple(RiskLevel)  # in ascending order
_SIMPLE: ColumnElement[str] = literal_column("'simple'::regconfig")
# The expression of the index `events_text`.
_TEXT = func.hsi.event_text(
    *(events.c[name] for name in ("camera", "labels", "narrative", "summary", "reasoning"))
)
_WORD = re.compile(r"[^\W_]+")
_MAX_WORDS = 20
_MAX_WORD = 100  # characters; PostgreSQL refuses words of more than 2 kB


async def find(connection: AsyncConnection, query: EventQuery) -> Page[SecurityEvent]:
    """Return a page of matching events, newest first; raises BadCursorError.

    Its total is counted up to `COUNT_LIMIT`. Has to run in a transaction.
    """
    wanted = _conditions(query)
    count = await _count(connection, wanted)
    few = count <= COUNT_LIMIT
    matching = select(events).where(*wanted)
    # Find few matches first and then sort them: a scan in time order might read a million rows.
    source = matching.cte().prefix_with("MATERIALIZED") if few else matching.subquery()
    page = select(source).order_by(source.c.started_at.desc(), source.c.id.desc())
    if query.cursor is not None:
        page = page.where(paging.after(query.cursor, source.c.started_at, source.c.id, UUID))
    rows = await connection.execute(page.limit(query.limit + 1))
    found = [event_of(row) for row in rows.mappings()]
    items = tuple(found[: query.limit])
    more = len(found) > query.limit
    return Page(
        items=items,
        total=min(count, COUNT_LIMIT),
        total_is_exact=few,
        next_cursor=paging.encode(items[-1].started_at, items[-1].id) if more else None,
    )


async def count(connection: AsyncConnection, query: EventQuery) -> int:
    """Return the number of matching events, `COUNT_LIMIT` at most. Has to run in a transaction."""
    return min(await _count(connection, _conditions(query)), COUNT_LIMIT)


async def _count(connection: AsyncConnection, wanted: Sequence[ColumnElement[bool]]) -> int:
    """Return the number of matches up to one more than `COUNT_LIMIT`."""
    await connection.execute(_CUSTOM_PLAN)
    some = select(literal_column("1", Integer)).where(*wanted).limit(COUNT_LIMIT + 1)
    return (
        await connection.scalar(
            select(func.count()).select_from(some.select_from(events).subquery())
        )
        or 0
    )


def _conditions(query: EventQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if query.camera is not None:
        conditions.append(events.c.camera == query.camera)
    if query.since is not None:
        conditions.append(events.c.started_at >= query.since)
    if query.until is not None:
        conditions.append(events.c.started_at < query.until)
    if query.min_score is not None:
        conditions.append(events.c.risk_score >= query.min_score)
    if query.level is not None:
        conditions.append(events.c.risk_level == query.level)
    if query.min_level is not None:
        # Written out, so that the partial index of unreviewed events can be used.
        wanted = _LEVELS[_LEVELS.index(query.min_level) :]
        conditions.append(or_(*(in_state(events.c.risk_level, level) for level in wanted)))
    if query.unreviewed:
        conditions.append(events.c.mark.is_(None))
    if query.text is not None:
        conditions.append(
            _TEXT.op("@@", return_type=Boolean())(func.to_tsquery(_SIMPLE, _tsquery(query.text)))
        )
    if query.mark is not None:
        conditions.append(events.c.mark == query.mark)
    if query.label is not None:
        conditions.append(events.c.labels.contains([query.label]))
    return conditions


def _tsquery(typed: str) -> str:
    """Return the tsquery of events that contain words with all of these beginnings."""
    return " & ".join(f"{word[:_MAX_WORD]}:*" for word in _WORD.findall(typed)[:_MAX_WORDS])
