"""Keeping what was seen in images, many at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    DateTime,
    Double,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    Uuid,
    bindparam,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.inference import DetectResult

# One statement instead of three for each image, as this is on the way of all of them.
_KEEP = text(
    """
    WITH looked_at AS (
        UPDATE hsi.images
        SET state = 'detected', reason = NULL, sha256 = one.sha256, width = one.width,
            height = one.height, model = one.model, detected_at = :detected_at,
            event_id = one.event_id
        FROM unnest(:images, :contents, :widths, :heights, :models, :events)
            AS one (image_id, sha256, width, height, model, event_id)
        WHERE images.id = one.image_id
    )
    INSERT INTO hsi.detections (image_id, position, label, confidence, x1, y1, x2, y2)
    SELECT * FROM unnest(:of_images, :positions, :labels, :confidences, :x1, :y1, :x2, :y2)
    """
).bindparams(
    bindparam("detected_at", type_=DateTime(timezone=True)),
    bindparam("images", type_=ARRAY(BigInteger)),
    bindparam("contents", type_=ARRAY(LargeBinary)),
    bindparam("widths", type_=ARRAY(Integer)),
    bindparam("heights", type_=ARRAY(Integer)),
    bindparam("models", type_=ARRAY(Text)),
    bindparam("events", type_=ARRAY(Uuid)),
    bindparam("of_images", type_=ARRAY(BigInteger)),
    bindparam("positions", type_=ARRAY(SmallInteger)),
    bindparam("labels", type_=ARRAY(Text)),
    *(bindparam(name, type_=ARRAY(Double)) for name in ("confidences", "x1", "y1", "x2", "y2")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedAt:
    """What was seen in an image, and the event that it belongs to, if any."""

    image_id: int
    sha256: bytes
    result: DetectResult
    event_id: UUID | None


async def keep(connection: AsyncConnection, found: Sequence[LookedAt], *, now: datetime) -> None:
    """Keep what was seen in images whose jobs this transaction has finished."""
    objects = [
        (one.image_id, position, seen)
        for one in found
        for position, seen in enumerate(one.result.detections)
    ]
    await connection.execute(
        _KEEP,
        {
            "detected_at": now,
            "images": [one.image_id for one in found],
            "contents": [one.sha256 for one in found],
            "widths": [one.result.width for one in found],
            "heights": [one.result.height for one in found],
            "models": [one.result.model for one in found],
            "events": [one.event_id for one in found],
            "of_images": [image_id for image_id, _, _ in objects],
            "positions": [position for _, position, _ in objects],
            "labels": [seen.label for _, _, seen in objects],
            "confidences": [seen.confidence for _, _, seen in objects],
            "x1": [seen.box.x1 for _, _, seen in objects],
            "y1": [seen.box.y1 for _, _, seen in objects],
            "x2": [seen.box.x2 for _, _, seen in objects],
            "y2": [seen.box.y2 for _, _, seen in objects],
        },
    )
