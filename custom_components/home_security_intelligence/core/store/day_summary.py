"""What happened within a time, in numbers."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.models import RiskLevel, SecurityEvent
from .rows import event_of
from .tables import events


async def count(
    connection: AsyncConnection, since: datetime, until: datetime
) -> Mapping[tuple[str, RiskLevel], int]:
    """Return the number of events that began from `since` until before `until`, by camera and level."""
    rows = await connection.execute(
        select(events.c.camera, events.c.risk_level, func.count().label("number"))
        .where(
            events.c.started_at >= since,
            events.c.started_at < until,
            events.c.risk_level.is_not(None),
        )
        .group_by(events.c.camera, events.c.risk_level)
        .order_by(events.c.camera)
    )
    return {(row.camera, row.risk_level): row.number for row in rows}


async def highest(
    connection: AsyncConnection, since: datetime, until: datetime
) -> SecurityEvent | None:
    """Return the event with the highest score of a time, of several the latest."""
    rows = await connection.execute(
        select(events)
        .where(events.c.started_at >= since, events.c.started_at < until)
        .order_by(events.c.risk_score.desc().nulls_last(), events.c.started_at.desc())
        .limit(1)
    )
    row = rows.mappings().one_or_none()
    return None if row is None else event_of(row)
