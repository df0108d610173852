"""Pages of events, filtered by camera, time, risk and label."""

from uuid import UUID

from sqlalchemy import ColumnElement, Integer, func, literal_column, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.models import Page, SecurityEvent
from ..domain.queries import EventQuery
from . import paging
from .rows import event_of
from .tables import events

COUNT_LIMIT = 1_000  # Exact counts stop here: counting further scans the table.

# A generic plan reads a million rows for a rare label: plan each query for its parameters.
_CUSTOM_PLAN = text("SET LOCAL plan_cache_mode = force_custom_plan")


async def find(connection: AsyncConnection, query: EventQuery) -> Page[SecurityEvent]:
    """Return a page of matching events, newest first; raises BadCursorError.

    Its total is counted up to `COUNT_LIMIT`. Has to run in a transaction.
    """
    wanted = _conditions(query)
    await connection.execute(_CUSTOM_PLAN)
    some = select(literal_column("1", Integer)).where(*wanted).limit(COUNT_LIMIT + 1)
    count = (
        await connection.scalar(
            select(func.count()).select_from(some.select_from(events).subquery())
        )
        or 0
    )
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
    if query.mark is not None:
        conditions.append(events.c.mark == query.mark)
    if query.label is not None:
        conditions.append(events.c.labels.contains([query.label]))
    return conditions
