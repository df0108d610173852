"""The names of registered images."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# Each camera's newest images, by the index on camera and capture time, the oldest of them first.
_NEWEST_NAMES = text(
    """
    SELECT newest.camera, newest.path, newest.mtime_ns, newest.found_at
    FROM hsi.cameras, LATERAL (
        SELECT camera, path, mtime_ns, captured_at, found_at, id
        FROM hsi.images
        WHERE images.camera = cameras.folder
        ORDER BY captured_at DESC, id DESC
        LIMIT :names
    ) AS newest
    ORDER BY newest.captured_at, newest.id
    """
).bindparams(names=200)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownName:
    """The name of a registered image, and when its file was written and found."""

    camera: str
    path: str
    mtime_ns: int
    found_at: datetime


async def newest_names(connection: AsyncConnection) -> tuple[KnownName, ...]:
    """Return the names of each camera's newest 200 images, in the order of their capture times."""
    rows = await connection.execute(_NEWEST_NAMES)
    return tuple(
        KnownName(camera=camera, path=path, mtime_ns=mtime_ns, found_at=found_at)
        for camera, path, mtime_ns, found_at in rows
    )
