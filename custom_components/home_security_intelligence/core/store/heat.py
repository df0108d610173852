"""Where people were on a camera's image."""

from datetime import datetime
from typing import Final

from sqlalchemy import Integer, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

COLUMNS: Final = 32
ROWS: Final = 18

_MAX_IMAGES: Final = 20_000  # the latest; older ones change the picture little
_COUNT = text(
    """
    SELECT least(floor((detections.x1 + detections.x2) / 2 * :columns)::int, :columns - 1) AS x,
        least(floor(detections.y2 * :rows)::int, :rows - 1) AS y, count(*) AS people
    FROM (
        SELECT id FROM hsi.images
        WHERE camera = :camera AND captured_at >= :since AND state = 'detected'
        ORDER BY captured_at DESC, id DESC LIMIT :limit
    ) AS latest
    JOIN hsi.detections ON detections.image_id = latest.id AND detections.label = 'person'
    GROUP BY 1, 2
    """
).bindparams(*(bindparam(name, type_=Integer) for name in ("columns", "rows", "limit")))


async def count_people(
    connection: AsyncConnection, camera: str, *, since: datetime
) -> list[list[int]]:
    """Return the number of people whose ground point lies in each cell, by row from the top."""
    rows = await connection.execute(
        _COUNT,
        {
            "camera": camera,
            "since": since,
            "columns": COLUMNS,
            "rows": ROWS,
            "limit": _MAX_IMAGES,
        },
    )
    cells = [[0] * COLUMNS for _ in range(ROWS)]
    for row in rows:
        cells[max(row.y, 0)][max(row.x, 0)] += row.people
    return cells
