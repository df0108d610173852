"""Storing the detections of many images at once."""

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
from .arrays import unnest

_IMAGES = ("images", "contents", "widths", "heights", "models", "events", "damages")
_DETECTIONS = ("of_images", "positions", "labels", "confidences", "x1", "y1", "x2", "y2")
# One statement instead of three per image: every image takes this path.
_INSERT = text(
    f"""
    WITH detected AS (
        UPDATE hsi.images
        SET state = 'detected', reason = NULL, sha256 = one.sha256, width = one.width,
            height = one.height, model = one.model, detected_at = :detected_at,
            event_id = one.event_id, damaged = one.damaged
        FROM {unnest(_IMAGES)}
            AS one (image_id, sha256, width, height, model, event_id, damaged)
        WHERE images.id = one.image_id
    ), counted AS (
        UPDATE hsi.cameras SET images_version = images_version + 1 WHERE folder = ANY (:cameras)
    )
    INSERT INTO hsi.detections (image_id, position, label, confidence, x1, y1, x2, y2)
    SELECT * FROM {unnest(_DETECTIONS)}
    """  # noqa: S608 - of names in the code
).bindparams(
    bindparam("detected_at", type_=DateTime(timezone=True)),
    bindparam("images", type_=ARRAY(BigInteger)),
    bindparam("contents", type_=ARRAY(LargeBinary)),
    bindparam("widths", type_=ARRAY(Integer)),
    bindparam("heights", type_=ARRAY(Integer)),
    bindparam("models", type_=ARRAY(Text)),
    bindparam("events", type_=ARRAY(Uuid)),
    bindparam("damages", type_=ARRAY(Text)),
    bindparam("cameras", type_=ARRAY(Text)),
    bindparam("of_images", type_=ARRAY(BigInteger)),
    bindparam("positions", type_=ARRAY(SmallInteger)),
    bindparam("labels", type_=ARRAY(Text)),
    *(bindparam(name, type_=ARRAY(Double)) for name in ("confidences", "x1", "y1", "x2", "y2")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectedImage:
    """The detections of an image, and the event that it belongs to, if any."""

    image_id: int
    camera: str
    sha256: bytes
    result: DetectResult
    event_id: UUID | None


async def insert(
    connection: AsyncConnection, detected: Sequence[DetectedImage], *, now: datetime
) -> None:
    """Store the detections of images whose jobs this transaction has finished.

    The caller holds the locks of their cameras.
    """
    objects = [
        (one.image_id, position, detection)
        for one in detected
        for position, detection in enumerate(one.result.detections)
    ]
    await connection.execute(
        _INSERT,
        {
            "detected_at": now,
            "images": [one.image_id for one in detected],
            "contents": [one.sha256 for one in detected],
            "widths": [one.result.width for one in detected],
            "heights": [one.result.height for one in detected],
            "models": [one.result.model for one in detected],
            "events": [one.event_id for one in detected],
            "damages": [one.result.damaged for one in detected],
            "cameras": sorted({one.camera for one in detected}),
            "of_images": [image_id for image_id, _, _ in objects],
            "positions": [position for _, position, _ in objects],
            "labels": [detection.label for _, _, detection in objects],
            "confidences": [detection.confidence for _, _, detection in objects],
            "x1": [detection.box.x1 for _, _, detection in objects],
            "y1": [detection.box.y1 for _, _, detection in objects],
            "x2": [detection.box.x2 for _, _, detection in objects],
            "y2": [detection.box.y2 for _, _, detection in objects],
        },
    )
