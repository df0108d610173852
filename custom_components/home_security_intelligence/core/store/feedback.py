"""User feedback: marks on events, and moments at which an event is missing."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.models import EventMark, MissedMoment, SecurityEvent
from .rows import event_of
from .tables import events, missed_moments


async def set_mark(
    connection: AsyncConnection,
    event_id: UUID,
    mark: EventMark | None,
    now: datetime,
    note: str | None = None,
) -> SecurityEvent | None:
    """Mark an event, or remove its mark and note; return None if the event does not exist.

    Without a new note, a marked event keeps its note.
    """
    values: dict[str, object] = {"mark": mark, "marked_at": None if mark is None else now}
    if mark is None or note is not None:
        values["note"] = None if mark is None else note or None
    rows = await connection.execute(
        update(events).where(events.c.id == event_id).values(values).returning(events)
    )
    row = rows.mappings().one_or_none()
    return None if row is None else event_of(row)


async def event_at(
    connection: AsyncConnection, camera: str, moment: datetime, *, within: timedelta
) -> UUID | None:
    """Return the id of the camera's event at a moment, or of the nearest within a time."""
    distance = func.greatest(
        events.c.started_at - moment, moment - events.c.last_activity_at, timedelta(0)
    )
    return await connection.scalar(
        select(events.c.id)
        .where(
            events.c.camera == camera,
            events.c.started_at <= moment + within,
            events.c.last_activity_at >= moment - within,
        )
        .order_by(distance, events.c.id)
        .limit(1)
    )


async def add_missed(connection: AsyncConnection, missed: MissedMoment) -> None:
    """Store a moment at which an event is missing."""
    await connection.execute(
        insert(missed_moments)
        .values(camera=missed.camera, at=missed.at, marked_at=missed.marked_at)
        .on_conflict_do_nothing()
    )


async def delete_missed(
    connection: AsyncConnection, camera: str, moment: datetime, *, within: timedelta
) -> int:
    """Delete missed moments within a time of one; return how many."""
    deleted = await connection.execute(
        delete(missed_moments).where(
            missed_moments.c.camera == camera,
            missed_moments.c.at.between(moment - within, moment + within),
        )
    )
    return deleted.rowcount


async def list_missed(
    connection: AsyncConnection,
    *,
    camera: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int | None = None,
) -> Sequence[MissedMoment]:
    """Return moments at which an event is missing, the latest first."""
    query = select(missed_moments).order_by(missed_moments.c.at.desc()).limit(limit)
    if camera is not None:
        query = query.where(missed_moments.c.camera == camera)
    if since is not None:
        query = query.where(missed_moments.c.at >= since)
    if until is not None:
        query = query.where(missed_moments.c.at < until)
    rows = await connection.execute(query)
    return tuple(
        MissedMoment(camera=row.camera, at=row.at, marked_at=row.marked_at) for row in rows
    )


async def delete_before(connection: AsyncConnection, before: datetime) -> None:
    """Delete missed moments before a moment."""
    await connection.execute(delete(missed_moments).where(missed_moments.c.at < before))
