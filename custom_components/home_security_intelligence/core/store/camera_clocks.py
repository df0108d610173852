"""By how much the cameras' clocks are wrong, as learned from their images."""

from datetime import timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.camera_clock import ClockOffset
from .tables import cameras


async def read(connection: AsyncConnection) -> dict[str, ClockOffset]:
    """Return the offsets that are known, by camera."""
    rows = await connection.execute(
        select(cameras.c.folder, cameras.c.clock_offset, cameras.c.clock_confirmed_at).where(
            cameras.c.clock_offset.is_not(None)
        )
    )
    return {
        row.folder: ClockOffset(
            offset=timedelta(seconds=row.clock_offset), confirmed_at=row.clock_confirmed_at
        )
        for row in rows
    }


async def store(connection: AsyncConnection, *, camera: str, known: ClockOffset) -> None:
    """Store an offset, unless another worker has stored one that was confirmed later."""
    confirmed = cameras.c.clock_confirmed_at
    await connection.execute(
        update(cameras)
        .where(
            cameras.c.folder == camera,
            or_(confirmed.is_(None), confirmed <= known.confirmed_at),
        )
        .values(clock_offset=known.offset.total_seconds(), clock_confirmed_at=known.confirmed_at)
    )
