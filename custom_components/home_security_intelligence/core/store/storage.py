"""How much is recorded."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.queries import Storage

_COUNTED = 100_000  # rows up to which images are counted; further ones are estimated
_ROWS = text("SELECT reltuples::bigint FROM pg_class WHERE oid = 'hsi.images'::regclass")
_COUNT = text(
    "SELECT count(*) AS images, coalesce(sum(size), 0)::bigint AS bytes"
    " FROM hsi.images WHERE NOT file_gone"
)
_SAMPLE = text(
    "SELECT count(*) AS rows, count(*) FILTER (WHERE NOT file_gone) AS images,"
    " coalesce(sum(size) FILTER (WHERE NOT file_gone), 0)::bigint AS bytes"
    " FROM hsi.images TABLESAMPLE SYSTEM (1)"
)


async def read(connection: AsyncConnection) -> Storage:
    """Return the number and size of the images whose files exist."""
    rows: int = await connection.scalar(_ROWS) or 0
    if rows <= _COUNTED:
        counted = (await connection.execute(_COUNT)).mappings().one()
        return Storage(images=counted["images"], bytes=counted["bytes"])
    sample = (await connection.execute(_SAMPLE)).mappings().one()
    scale = rows / max(sample["rows"], 1)
    return Storage(images=round(sample["images"] * scale), bytes=round(sample["bytes"] * scale))
