"""The images: which files are known, what was seen in them, and what became of them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, bindparam, exists, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as insert_or_ignore
from sqlalchemy.ext.asyncio import AsyncConnection

from ..models import Detection, Image, ImageState, SkipReason
from ..versions import Version
from ..watch import FoundFile
from .rows import detection_of, image_of
from .tables import detections, forgotten_files, images, in_state

_IDENTITY = (images.c.camera, images.c.path, images.c.mtime_ns, images.c.size)
_FORGOTTEN = (
    forgotten_files.c.camera,
    forgotten_files.c.path,
    forgotten_files.c.mtime_ns,
    forgotten_files.c.size,
)


# The statements on the way of every image, made once: making one costs more than running it.
_ONE = select(images).where(images.c.id == bindparam("image"))
_DUPLICATE = select(
    exists().where(
        images.c.camera == bindparam("camera"),
        images.c.sha256 == bindparam("sha256"),
        in_state(images.c.state, ImageState.DETECTED),
        images.c.captured_at.between(bindparam("after"), bindparam("before")),
        images.c.id != bindparam("image"),
    )
)
_SET_EVENT = (
    update(images).where(images.c.id == bindparam("image")).values(event_id=bindparam("event"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewImage:
    """A file to be registered; it counts as captured at `captured_at`."""

    file: FoundFile
    captured_at: datetime


async def known(connection: AsyncConnection, files: Sequence[FoundFile]) -> set[FoundFile]:
    """Return those of the files that are registered already, or were and are forgotten."""
    identities = [(file.camera, file.path, file.mtime_ns, file.size) for file in files]
    # In one statement: a file is in one table or the other at any time.
    rows = await connection.execute(
        select(*_IDENTITY)
        .where(tuple_(*_IDENTITY).in_(identities))
        .union_all(select(*_FORGOTTEN).where(tuple_(*_FORGOTTEN).in_(identities)))
    )
    return {
        FoundFile(camera=camera, path=path, mtime_ns=mtime_ns, size=size)
        for camera, path, mtime_ns, size in rows
    }


async def add(
    connection: AsyncConnection, new: Sequence[NewImage], *, now: datetime
) -> tuple[Image, ...]:
    """Register files; returns those that nobody else has registered in the meantime."""
    # In a fixed order, so that two scans that register the same files do not wait for each other.
    ordered = sorted(new, key=lambda item: (item.captured_at, item.file.camera, item.file.path))
    rows = await connection.execute(
        insert_or_ignore(images)
        .on_conflict_do_nothing(constraint="images_identity")
        .returning(images),
        [
            {
                "camera": item.file.camera,
                "path": item.file.path,
                "mtime_ns": item.file.mtime_ns,
                "size": item.file.size,
                "captured_at": item.captured_at,
                "found_at": now,
                "state": ImageState.PENDING,
            }
            for item in ordered
        ],
    )
    added = tuple(image_of(row) for row in rows.mappings())
    return tuple(sorted(added, key=lambda image: image.captured_at))


async def get(connection: AsyncConnection, image_id: int) -> Image | None:
    """Return one image with its detections."""
    found = await get_many(connection, [image_id])
    return found[0] if found else None


async def get_waiting(connection: AsyncConnection, image_id: int) -> Image | None:
    """Return one image that was not looked at yet, and so has no detections."""
    rows = await connection.execute(_ONE, {"image": image_id})
    row = rows.mappings().one_or_none()
    return None if row is None else image_of(row)


async def get_many(connection: AsyncConnection, ids: Sequence[int]) -> tuple[Image, ...]:
    """Return images with their detections, by capture time."""
    return await _load(connection, select(images).where(images.c.id.in_(ids)))


async def of_event(connection: AsyncConnection, event_id: UUID) -> tuple[Image, ...]:
    """Return an event's images with their detections, by capture time."""
    return await _load(connection, select(images).where(images.c.event_id == event_id))


async def seen_between(
    connection: AsyncConnection, camera: str, start: datetime, end: datetime, *, at_most: int
) -> tuple[Image, ...]:
    """Return a camera's latest images of a time that were looked at, by capture time."""
    return await _load(
        connection,
        select(images)
        .where(
            images.c.camera == camera,
            in_state(images.c.state, ImageState.DETECTED),
            images.c.captured_at.between(start, end),
        )
        .order_by(images.c.captured_at.desc(), images.c.id.desc())
        .limit(at_most),
    )


async def latest(connection: AsyncConnection, camera: str) -> Image | None:
    """Return the camera's most recently captured image that was looked at."""
    newest = (
        select(images)
        .where(images.c.camera == camera, in_state(images.c.state, ImageState.DETECTED))
        .order_by(images.c.captured_at.desc(), images.c.id.desc())
        .limit(1)
    )
    found = await _load(connection, newest)
    return found[0] if found else None


async def latest_with(
    connection: AsyncConnection, camera: str, label: str, *, since: datetime
) -> Image | None:
    """Return the camera's most recently captured image with such an object in it."""
    newest = (
        select(images)
        .where(
            images.c.camera == camera,
            images.c.captured_at >= since,
            in_state(images.c.state, ImageState.DETECTED),
            exists().where(detections.c.image_id == images.c.id, detections.c.label == label),
        )
        .order_by(images.c.captured_at.desc(), images.c.id.desc())
        .limit(1)
    )
    found = await _load(connection, newest)
    return found[0] if found else None


async def is_duplicate(
    connection: AsyncConnection, image: Image, sha256: bytes, *, window: timedelta
) -> bool:
    """Tell whether the same content from the same camera was looked at within the window."""
    found = await connection.scalar(
        _DUPLICATE,
        {
            "camera": image.camera,
            "sha256": sha256,
            "after": image.captured_at - window,
            "before": image.captured_at + window,
            "image": image.id,
        },
    )
    return bool(found)


async def is_given_up(connection: AsyncConnection, image: Image, version: Version) -> bool:
    """Tell whether another version of an image's file was skipped as replaced."""
    return bool(
        await connection.scalar(
            select(
                exists().where(
                    images.c.camera == image.camera,
                    images.c.path == image.path,
                    images.c.mtime_ns == version.mtime_ns,
                    images.c.size == version.size,
                    images.c.reason == SkipReason.REPLACED,
                    images.c.id != image.id,
                )
            )
        )
    )


async def any_waiting(
    connection: AsyncConnection, camera: str, *, after: datetime, before: datetime
) -> bool:
    """Tell whether an image captured from `after` to `before` is still to be looked at."""
    return bool(
        await connection.scalar(
            select(
                exists().where(
                    images.c.camera == camera,
                    in_state(images.c.state, ImageState.PENDING),
                    images.c.captured_at >= after,
                    images.c.captured_at <= before,
                )
            )
        )
    )


async def set_skipped(
    connection: AsyncConnection, image_id: int, sha256: bytes | None, reason: SkipReason
) -> None:
    """Say that an image was deliberately not looked at."""
    await connection.execute(
        update(images)
        .where(images.c.id == image_id)
        .values(state=ImageState.SKIPPED, reason=reason, sha256=sha256)
    )


async def set_dead(connection: AsyncConnection, image_id: int, reason: str) -> None:
    """Say that an image could not be looked at."""
    await connection.execute(
        update(images)
        .where(images.c.id == image_id, in_state(images.c.state, ImageState.PENDING))
        .values(state=ImageState.DEAD, reason=reason)
    )


async def set_pending(connection: AsyncConnection, ids: Sequence[int]) -> None:
    """Let dead images be looked at again."""
    await connection.execute(
        update(images)
        .where(images.c.id.in_(ids), in_state(images.c.state, ImageState.DEAD))
        .values(state=ImageState.PENDING, reason=None)
    )


async def set_event(connection: AsyncConnection, image_id: int, event_id: UUID) -> None:
    """Say which event an image belongs to."""
    await connection.execute(_SET_EVENT, {"image": image_id, "event": event_id})


async def _load(
    connection: AsyncConnection, query: Select[tuple[object, ...]]
) -> tuple[Image, ...]:
    rows = (await connection.execute(query)).mappings().all()
    seen: defaultdict[int, list[Detection]] = defaultdict(list)
    found = await connection.execute(
        select(detections)
        .where(detections.c.image_id.in_([row["id"] for row in rows]))
        .order_by(detections.c.image_id, detections.c.position)
    )
    for row in found.mappings():
        seen[row["image_id"]].append(detection_of(row))
    loaded = (image_of(row, seen[row["id"]]) for row in rows)
    return tuple(sorted(loaded, key=lambda image: (image.captured_at, image.id)))
