"""Finding events by camera, time, risk and label, page by page."""

from uuid import UUID

from sqlalchemy import ColumnElement, Integer, func, literal_column, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.models import Page, SecurityEvent
from ..domain.queries import EventQuery
from . import paging
from .rows import event_of
from .tables import events

COUNTED = 1_000  # events; of more than these nobody needs the exact number, and it is dear

# A plan for any parameters reads a million rows for a rare label: each question is worth its own.
_OWN_PLAN = text("SET LOCAL plan_cache_mode = force_custom_plan")


async def find(connection: AsyncConnection, query: EventQuery) -> Page[SecurityEvent]:
    """Return a page of the events asked for, newest first; raises BadCursorError.

    Of its total, `COUNTED` is the most that is counted. Has to run in a transaction.
    """
    wanted = _conditions(query)
    await connection.execute(_OWN_PLAN)
    some = select(literal_column("1", Integer)).where(*wanted).limit(COUNTED + 1)
    count = (
        await connection.scalar(
            select(func.count()).select_from(some.select_from(events).subquery())
        )
        or 0
    )
    few = count <= COUNTED
    matching = select(events).where(*wanted)
    # Few are found first and then sorted: sought in the order of time, a million may be read for them.
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
        total=min(count, COUNTED),
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
