"""The days on which a camera had events."""

from datetime import date
from typing import Final

from sqlalchemy import Date, Integer, Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

MAX_DAYS: Final = 400

# Goes from day to day along the index: the events in between are not read.
_DAYS = (
    text(
        """
    WITH RECURSIVE days AS (
        (
            SELECT date_trunc('day', started_at, :time_zone) AS began, 1 AS number
            FROM hsi.events WHERE camera = :camera
            ORDER BY started_at DESC, id DESC LIMIT 1
        )
        UNION ALL
        SELECT before.began, days.number + 1
        FROM days, LATERAL (
            SELECT date_trunc('day', started_at, :time_zone) AS began
            FROM hsi.events WHERE camera = :camera AND started_at < days.began
            ORDER BY started_at DESC, id DESC LIMIT 1
        ) AS before
        WHERE days.number < :limit
    )
    SELECT (began AT TIME ZONE :time_zone)::date AS day FROM days
    """
    )
    .bindparams(
        bindparam("camera", type_=Text),
        bindparam("time_zone", type_=Text),
        bindparam("limit", type_=Integer),
    )
    .columns(day=Date)
)


async def find(connection: AsyncConnection, camera: str, *, time_zone: str) -> tuple[date, ...]:
    """Return the latest local days on which an event of the camera began, latest first."""
    days = await connection.scalars(
        _DAYS, {"camera": camera, "time_zone": time_zone, "limit": MAX_DAYS}
    )
    return tuple(days)
