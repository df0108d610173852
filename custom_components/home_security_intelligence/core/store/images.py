"""The images: which files are known, what was seen in them, and what became of them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    DateTime,
    Integer,
    LargeBinary,
    Select,
    Text,
    bindparam,
    exists,
    literal_column,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.file_version import Version
from ..domain.found_file import FoundFile
from ..domain.models import Detection, Image, ImageState, SkipReason
from .arrays import rows_from_arrays
from .rows import detection_of, image_of
from .tables import detections, forgotten_files, images, in_state

# The statements on the way of every image, made once: making one costs more than running it.
_ONE = select(images).where(images.c.id == bindparam("image"))
# As plain SQL with lateral questions, so that each of them finds the index on content.
_DUPLICATES = text(
    """
    SELECT one.image_id
    FROM unnest(:images, :cameras, :contents, :after, :before)
        AS one (image_id, camera, sha256, after, before),
        LATERAL (
            SELECT FROM hsi.images
            WHERE images.camera = one.camera AND images.sha256 = one.sha256
                AND images.state = 'detected' AND images.id <> one.image_id
                AND images.captured_at BETWEEN one.after AND one.before
            LIMIT 1
        ) AS other
    """
).bindparams(
    bindparam("images", type_=ARRAY(BigInteger)),
    bindparam("cameras", type_=ARRAY(Text)),
    bindparam("contents", type_=ARRAY(LargeBinary)),
    bindparam("after", type_=ARRAY(DateTime(timezone=True))),
    bindparam("before", type_=ARRAY(DateTime(timezone=True))),
)
_SKIPPED = rows_from_arrays("skipped", {"id": BigInteger, "sha256": LargeBinary})
_SKIP = (
    update(images)
    .where(images.c.id == _SKIPPED.c.id)
    .values(state=ImageState.SKIPPED, reason=bindparam("why"), sha256=_SKIPPED.c.sha256)
)
_FILES = rows_from_arrays(
    "file", {"camera": Text, "path": Text, "mtime_ns": BigInteger, "size": BigInteger}
)
_KNOWN = union_all(
    *(
        select(_FILES).where(exists().where(*(table.c[each.name] == each for each in _FILES.c)))
        for table in (images, forgotten_files)
    )
)
_NEW = rows_from_arrays(
    "file",
    {
        "camera": Text,
        "path": Text,
        "mtime_ns": BigInteger,
        "size": BigInteger,
        "captured_at": DateTime(timezone=True),
    },
)
_ADD = (
    insert(images)
    .from_select(
        [*_NEW.c.keys(), "found_at", "state", "root"],
        select(
            _NEW,
            bindparam("now", type_=DateTime(timezone=True)),
            literal_column(f"'{ImageState.PENDING.value}'", images.c.state.type),
            bindparam("root", type_=Integer),
        ),
    )
    .on_conflict_do_nothing(constraint="images_identity")
    .returning(images)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewImage:
    """A file to be registered; it counts as captured at `captured_at`."""

    file: FoundFile
    captured_at: datetime


async def known(connection: AsyncConnection, files: Sequence[FoundFile]) -> set[FoundFile]:
    """Return those of the files that are registered already, or were and are forgotten."""
    # In one statement: a file is in one table or the other at any time.
    rows = await connection.execute(_KNOWN, _identities(files))
    return {
        FoundFile(camera=camera, path=path, mtime_ns=mtime_ns, size=size)
        for camera, path, mtime_ns, size in rows
    }


async def add(
    connection: AsyncConnection,
    new: Sequence[NewImage],
    *,
    now: datetime,
    root: int | None = None,
) -> tuple[Image, ...]:
    """Register files found in a root; returns those that nobody else has registered in the meantime."""
    # In a fixed order, so that two scans that register the same files do not wait for each other.
    ordered = sorted(new, key=lambda item: (item.captured_at, item.file.camera, item.file.path))
    rows = await connection.execute(
        _ADD,
        {
            **_identities([item.file for item in ordered]),
            "file_captured_at": [item.captured_at for item in ordered],
            "now": now,
            "root": root,
        },
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


async def duplicates(
    connection: AsyncConnection, contents: Sequence[tuple[Image, bytes]], *, window: timedelta
) -> frozenset[int]:
    """Return the ids of those whose content, by its SHA-256, was looked at within the window.

    Only images of the same camera count.
    """
    found = await connection.scalars(
        _DUPLICATES,
        {
            "images": [image.id for image, _ in contents],
            "cameras": [image.camera for image, _ in contents],
            "contents": [sha256 for _, sha256 in contents],
            "after": [image.captured_at - window for image, _ in contents],
            "before": [image.captured_at + window for image, _ in contents],
        },
    )
    return frozenset(found)


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
    connection: AsyncConnection, contents: Sequence[tuple[Image, bytes | None]], reason: SkipReason
) -> None:
    """Say that images were deliberately not looked at; they come with their SHA-256, if it is known."""
    await connection.execute(
        _SKIP,
        {
            "skipped_id": [image.id for image, _ in contents],
            "skipped_sha256": [sha256 for _, sha256 in contents],
            "why": reason,
        },
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


def _identities(files: Sequence[FoundFile]) -> dict[str, list[str] | list[int]]:
    return {
        "file_camera": [file.camera for file in files],
        "file_path": [file.path for file in files],
        "file_mtime_ns": [file.mtime_ns for file in files],
        "file_size": [file.size for file in files],
    }


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
