"""The images: find them with their detections, and change their state."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    LargeBinary,
    Select,
    Text,
    bindparam,
    exists,
    func,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.file_version import Version
from ..domain.models import Detection, Image, ImageState, SkipReason
from .arrays import rows_from_arrays, unnest
from .rows import detection_of, image_of
from .tables import detections, images, in_state, jobs, path_hash

# Statements that every image runs are built once: building one costs more than running it.
_ONE = select(images).where(images.c.id == bindparam("image"))
# Plain SQL with lateral subqueries, so that each of them uses the index on content.
_FIND_DUPLICATES = text(
    f"""
    SELECT one.image_id
    FROM {unnest(("images", "cameras", "contents"))} AS one (image_id, camera, sha256),
        LATERAL (
            SELECT FROM hsi.images
            WHERE images.camera = one.camera AND images.sha256 = one.sha256
                AND images.state = 'detected' AND images.id <> one.image_id
            LIMIT 1
        ) AS other
    """  # noqa: S608 - of names in the code
).bindparams(
    bindparam("images", type_=ARRAY(BigInteger)),
    bindparam("cameras", type_=ARRAY(Text)),
    bindparam("contents", type_=ARRAY(LargeBinary)),
)
_SKIPPED = rows_from_arrays("skipped", {"id": BigInteger, "sha256": LargeBinary})
_SKIP = (
    update(images)
    .where(images.c.id == _SKIPPED.c.id)
    .values(state=ImageState.SKIPPED, reason=bindparam("why"), sha256=_SKIPPED.c.sha256)
)


async def get(connection: AsyncConnection, image_id: int) -> Image | None:
    """Return one image with its detections."""
    found = await get_many(connection, [image_id])
    return found[0] if found else None


async def get_pending(connection: AsyncConnection, image_id: int) -> Image | None:
    """Return one image that is still pending, and so has no detections."""
    rows = await connection.execute(_ONE, {"image": image_id})
    row = rows.mappings().one_or_none()
    return None if row is None else image_of(row)


async def get_many(connection: AsyncConnection, ids: Sequence[int]) -> tuple[Image, ...]:
    """Return images with their detections, by capture time."""
    return await _load(connection, select(images).where(images.c.id.in_(ids)))


async def of_event(connection: AsyncConnection, event_id: UUID) -> tuple[Image, ...]:
    """Return an event's images with their detections, by capture time."""
    return await _load(connection, select(images).where(images.c.event_id == event_id))


async def detected_between(
    connection: AsyncConnection, camera: str, start: datetime, end: datetime, *, limit: int
) -> tuple[Image, ...]:
    """Return a camera's latest detected images of a period, by capture time."""
    return await _load(
        connection,
        select(images)
        .where(
            images.c.camera == camera,
            in_state(images.c.state, ImageState.DETECTED),
            images.c.captured_at.between(start, end),
        )
        .order_by(images.c.captured_at.desc(), images.c.id.desc())
        .limit(limit),
    )


async def latest(connection: AsyncConnection, camera: str) -> Image | None:
    """Return the camera's detected image with the latest capture time."""
    newest = (
        select(images)
        .where(images.c.camera == camera, in_state(images.c.state, ImageState.DETECTED))
        .order_by(images.c.captured_at.desc(), images.c.id.desc())
        .limit(1)
    )
    found = await _load(connection, newest)
    return found[0] if found else None


async def latest_times(
    connection: AsyncConnection, camera: str, *, limit: int
) -> tuple[datetime, ...]:
    """Return the latest capture times of the camera's detected images."""
    found = await connection.scalars(
        select(images.c.captured_at)
        .where(images.c.camera == camera, in_state(images.c.state, ImageState.DETECTED))
        .order_by(images.c.captured_at.desc(), images.c.id.desc())
        .limit(limit)
    )
    return tuple(found)


async def latest_with_any(
    connection: AsyncConnection, camera: str, labels: frozenset[str], *, since: datetime
) -> Image | None:
    """Return the camera's latest image, by capture time, that shows an object with one of the labels."""
    newest = (
        select(images)
        .where(
            images.c.camera == camera,
            images.c.captured_at >= since,
            in_state(images.c.state, ImageState.DETECTED),
            exists().where(
                detections.c.image_id == images.c.id, detections.c.label.in_(sorted(labels))
            ),
        )
        .order_by(images.c.captured_at.desc(), images.c.id.desc())
        .limit(1)
    )
    found = await _load(connection, newest)
    return found[0] if found else None


async def find_duplicates(
    connection: AsyncConnection, contents: Sequence[tuple[Image, bytes]]
) -> frozenset[int]:
    """Return the ids of images whose content, by its SHA-256, was detected before.

    Only images of the same camera count, as long as they are kept.
    """
    found = await connection.scalars(
        _FIND_DUPLICATES,
        {
            "images": [image.id for image, _ in contents],
            "cameras": [image.camera for image, _ in contents],
            "contents": [sha256 for _, sha256 in contents],
        },
    )
    return frozenset(found)


async def is_skipped_as_replaced(
    connection: AsyncConnection, image: Image, version: Version
) -> bool:
    """Return whether another image, of this version of the same file, was skipped as replaced."""
    return bool(
        await connection.scalar(
            select(
                exists().where(
                    images.c.camera == image.camera,
                    path_hash(images.c.path) == path_hash(literal(image.path)),
                    images.c.path == image.path,
                    images.c.mtime_ns == version.mtime_ns,
                    images.c.size == version.size,
                    images.c.reason == SkipReason.REPLACED,
                    images.c.id != image.id,
                )
            )
        )
    )


async def any_pending(
    connection: AsyncConnection,
    camera: str,
    *,
    after: datetime,
    before: datetime,
    failing_for: timedelta,
) -> bool:
    """Return whether an image captured from `after` to `before` is still pending.

    An image whose job first failed more than `failing_for` ago does not count.
    """
    return bool(
        await connection.scalar(
            select(
                exists().where(
                    images.c.camera == camera,
                    in_state(images.c.state, ImageState.PENDING),
                    images.c.captured_at >= after,
                    images.c.captured_at <= before,
                    ~exists().where(
                        jobs.c.image_id == images.c.id,
                        jobs.c.first_failed_at < func.now() - failing_for,
                    ),
                )
            )
        )
    )


async def set_skipped(
    connection: AsyncConnection, contents: Sequence[tuple[Image, bytes | None]], reason: SkipReason
) -> None:
    """Mark images as skipped, with their SHA-256 if it is known."""
    await connection.execute(
        _SKIP,
        {
            "skipped_id": [image.id for image, _ in contents],
            "skipped_sha256": [sha256 for _, sha256 in contents],
            "why": reason,
        },
    )


async def set_dead(connection: AsyncConnection, image_id: int, reason: str) -> None:
    """Mark a pending image as dead."""
    await connection.execute(
        update(images)
        .where(images.c.id == image_id, in_state(images.c.state, ImageState.PENDING))
        .values(state=ImageState.DEAD, reason=reason)
    )


async def set_pending(connection: AsyncConnection, ids: Sequence[int]) -> None:
    """Mark dead images as pending."""
    await connection.execute(
        update(images)
        .where(images.c.id.in_(ids), in_state(images.c.state, ImageState.DEAD))
        .values(state=ImageState.PENDING, reason=None)
    )


async def damage(connection: AsyncConnection, ids: Collection[int]) -> dict[int, str]:
    """Return what is wrong with the files of those images that are damaged, by id."""
    rows = await connection.execute(
        select(images.c.id, images.c.damaged).where(
            images.c.id.in_(ids), images.c.damaged.is_not(None)
        )
    )
    return {row.id: row.damaged for row in rows}


async def _load(
    connection: AsyncConnection, query: Select[tuple[object, ...]]
) -> tuple[Image, ...]:
    rows = (await connection.execute(query)).mappings().all()
    by_image: defaultdict[int, list[Detection]] = defaultdict(list)
    found = await connection.execute(
        select(detections)
        .where(detections.c.image_id.in_([row["id"] for row in rows]))
        .order_by(detections.c.image_id, detections.c.position)
    )
    for row in found.mappings():
        by_image[row["image_id"]].append(detection_of(row))
    loaded = (image_of(row, by_image[row["id"]]) for row in rows)
    return tuple(sorted(loaded, key=lambda image: (image.captured_at, image.id)))
