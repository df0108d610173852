"""What the home itself reported, by time; `evidence` reads it around an event."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.context import HomeReport
from .tables import home_events


async def add(connection: AsyncConnection, reports: Sequence[tuple[datetime, HomeReport]]) -> None:
    """Store reports with their times; those that are stored already stay as they are."""
    if not reports:
        return
    await connection.execute(
        insert(home_events).on_conflict_do_nothing(),
        [
            {
                "at": at,
                "kind": report.kind,
                "name": report.name,
                "cameras": None if report.cameras is None else sorted(report.cameras),
            }
            for at, report in reports
        ],
    )


async def delete_before(connection: AsyncConnection, before: datetime) -> None:
    """Delete reports from before a moment."""
    await connection.execute(delete(home_events).where(home_events.c.at < before))
