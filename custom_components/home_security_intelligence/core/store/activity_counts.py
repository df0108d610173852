"""Events per camera, hour and label, for the hours in which the camera worked."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import DateTime, Interval, any_, bindparam, delete, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from .tables import camera_hours

# An hour is counted if the gaps between the images around it do not exceed the longest silence.
# Rows are only added and corrected: the events behind an older count may have been deleted.
_COUNT = text(
    """
    INSERT INTO hsi.camera_hours (camera, began, counts)
    SELECT cameras.folder, hours.began, coalesce(seen.counts, '{}')
    FROM unnest(:begins, :ends) AS hours (began, ended)
    CROSS JOIN hsi.cameras
    CROSS JOIN LATERAL (
        SELECT max(captured_at) AS at FROM hsi.images
        WHERE camera = cameras.folder AND captured_at < hours.ended
            AND captured_at >= hours.began - :silence
    ) AS before
    CROSS JOIN LATERAL (
        SELECT min(captured_at) AS at FROM hsi.images
        WHERE camera = cameras.folder AND captured_at >= hours.began
            AND captured_at < hours.ended + :silence
    ) AS after
    CROSS JOIN LATERAL (
        SELECT jsonb_object_agg(label, times) AS counts
        FROM (
            SELECT label, count(*) AS times
            FROM hsi.events, unnest(events.labels) AS label
            WHERE events.camera = cameras.folder
                AND events.started_at >= hours.began AND events.started_at < hours.ended
            GROUP BY label
        ) AS by_label
    ) AS seen
    WHERE after.at - before.at <= :silence
    ORDER BY cameras.folder, hours.began
    ON CONFLICT (camera, began) DO UPDATE SET counts = excluded.counts
    WHERE camera_hours.counts <> excluded.counts
    """
).bindparams(
    bindparam("begins", type_=ARRAY(DateTime(timezone=True))),
    bindparam("ends", type_=ARRAY(DateTime(timezone=True))),
    bindparam("silence", type_=Interval),
)

_READ = select(camera_hours.c.counts).where(
    camera_hours.c.camera == bindparam("camera"),
    camera_hours.c.began == any_(bindparam("begins", type_=ARRAY(DateTime(timezone=True)))),
)


async def count(
    connection: AsyncConnection,
    hours: Sequence[tuple[datetime, datetime]],
    *,
    silence: timedelta,
) -> None:
    """Count the events of each camera in these hours, by label."""
    begins, ends = [began for began, _ in hours], [ended for _, ended in hours]
    await connection.execute(_COUNT, {"begins": begins, "ends": ends, "silence": silence})


async def read(
    connection: AsyncConnection, camera: str, begins: Sequence[datetime]
) -> tuple[Mapping[str, int], ...]:
    """Return the counts by label of those of the hours in which the camera worked."""
    rows = await connection.scalars(_READ, {"camera": camera, "begins": list(begins)})
    return tuple(rows.all())


async def delete_before(connection: AsyncConnection, before: datetime) -> None:
    """Delete hours that began before a moment."""
    await connection.execute(delete(camera_hours).where(camera_hours.c.began < before))
