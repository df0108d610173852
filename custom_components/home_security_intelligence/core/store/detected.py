"""Keeping what was seen in an image, together with the end of its job."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    DateTime,
    Double,
    Integer,
    LargeBinary,
    Text,
    bindparam,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from ..client.models import DetectResult
from .leases import ClaimedJob, LeaseLostError

# One statement instead of three, as this is on the way of every image. Nothing of it happens
# unless the job is still held.
_KEEP = text(
    """
    WITH held AS (
        UPDATE hsi.jobs SET state = 'done', lease_until = NULL, finished_at = now()
        WHERE id = :job AND fence = :fence AND state = 'leased'
        RETURNING image_id
    ), looked_at AS (
        UPDATE hsi.images
        SET state = 'detected', reason = NULL, sha256 = :sha256, width = :width,
            height = :height, model = :model, detected_at = :detected_at
        FROM held WHERE images.id = held.image_id
        RETURNING images.id
    ), seen AS (
        INSERT INTO hsi.detections (image_id, position, label, confidence, x1, y1, x2, y2)
        SELECT looked_at.id, object.number - 1, object.label, object.confidence,
               object.x1, object.y1, object.x2, object.y2
        FROM looked_at, unnest(:labels, :confidences, :x1, :y1, :x2, :y2) WITH ORDINALITY
            AS object (label, confidence, x1, y1, x2, y2, number)
    )
    SELECT count(*) FROM looked_at
    """
).bindparams(
    bindparam("job", type_=BigInteger),
    bindparam("fence", type_=BigInteger),
    bindparam("sha256", type_=LargeBinary),
    bindparam("width", type_=Integer),
    bindparam("height", type_=Integer),
    bindparam("model", type_=Text),
    bindparam("detected_at", type_=DateTime(timezone=True)),
    bindparam("labels", type_=ARRAY(Text)),
    *(bindparam(name, type_=ARRAY(Double)) for name in ("confidences", "x1", "y1", "x2", "y2")),
)


async def keep(
    connection: AsyncConnection,
    job: ClaimedJob,
    sha256: bytes,
    result: DetectResult,
    now: datetime,
) -> None:
    """Keep what was seen in a job's image and finish the job; raises LeaseLostError."""
    seen = result.detections
    kept = await connection.scalar(
        _KEEP,
        {
            "job": job.id,
            "fence": job.fence,
            "sha256": sha256,
            "width": result.width,
            "height": result.height,
            "model": result.model,
            "detected_at": now,
            "labels": [one.label for one in seen],
            "confidences": [one.confidence for one in seen],
            "x1": [one.box.x1 for one in seen],
            "y1": [one.box.y1 for one in seen],
            "x2": [one.box.x2 for one in seen],
            "y2": [one.box.y2 for one in seen],
        },
    )
    if not kept:
        raise LeaseLostError
