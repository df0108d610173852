"""Finding events by camera, time, risk and label, page by page."""

from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ..models import Page, SecurityEvent
from ..queries import EventQuery
from . import paging
from .rows import event_of
from .tables import events


async def find(connection: AsyncConnection, query: EventQuery) -> Page[SecurityEvent]:
    """Return a page of the events asked for, newest first; raises BadCursorError."""
    wanted = _conditions(query)
    total = await connection.scalar(select(func.count()).select_from(events).where(*wanted))
    if query.cursor is not None:
        wanted.append(paging.after(query.cursor, events.c.started_at, events.c.id, UUID))
    rows = await connection.execute(
        select(events)
        .where(*wanted)
        .order_by(events.c.started_at.desc(), events.c.id.desc())
        .limit(query.limit + 1)
    )
    found = [event_of(row) for row in rows.mappings()]
    items = tuple(found[: query.limit])
    more = len(found) > query.limit
    return Page(
        items=items,
        total=total or 0,
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
    if query.label is not None:
        conditions.append(events.c.labels.contains([query.label]))
    return conditions
