"""Finds records past their retention, and deletes them in small steps.

An event is deleted with all its images once the youngest of them is old enough; an image without
an event is deleted by itself. Subjects of pending or leased jobs stay. Records found at `before` or
later stay.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Row,
    ScalarSelect,
    Text,
    delete,
    exists,
    func,
    literal,
    select,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import insert as insert_or_ignore
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.found_file import FoundFile
from ..domain.models import EventState, ImageState, JobState
from . import cameras
from .arrays import rows_from_arrays
from .tables import detections, events, forgotten_files, images, in_state, jobs, path_hash

_FILE = (images.c.camera, images.c.path, images.c.size, images.c.mtime_ns)
_IMAGE = (*_FILE, images.c.root, images.c.id, images.c.found_at)
_FORGOTTEN = (
    forgotten_files.c.camera,
    forgotten_files.c.path,
    forgotten_files.c.size,
    forgotten_files.c.mtime_ns,
)
_GONE = rows_from_arrays(
    "gone", {"camera": Text, "path": Text, "size": BigInteger, "mtime_ns": BigInteger}
)
_DELETE_FORGOTTEN = delete(forgotten_files).where(
    path_hash(forgotten_files.c.path) == path_hash(_GONE.c.path),
    *(column == _GONE.c[column.name] for column in _FORGOTTEN),
)
_FORGOTTEN_FILES = select(
    *_FORGOTTEN, forgotten_files.c.root, literal(None), forgotten_files.c.found_at
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFile:
    """The file of an image; `image_id` is None if the image's record was deleted.

    `root` is the camera root in which it was found, None if unknown.
    """

    file: FoundFile
    root: int | None
    image_id: int | None
    found_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """The number of records deleted, or to be deleted, of each kind."""

    events: int = 0
    images: int = 0
    detections: int = 0
    jobs: int = 0


async def count(connection: AsyncConnection, before: datetime) -> Deleted:
    """Count the records that are due."""
    due_events = select(events.c.id).where(_is_due(before)).cte("due_events")
    due_images = (
        select(images.c.id)
        .where(_is_due_without_event(before))
        .union_all(select(images.c.id).join(due_events, images.c.event_id == due_events.c.id))
        .cte("due_images")
    )

    def count_of(table: FromClause) -> ScalarSelect[int]:
        return select(func.count()).select_from(table).scalar_subquery()

    # By joins: an OR of two subqueries would compare every job with every image that is due.
    jobs_of_images = count_of(jobs.join(due_images, jobs.c.image_id == due_images.c.id))
    jobs_of_events = count_of(jobs.join(due_events, jobs.c.event_id == due_events.c.id))
    counts = select(
        count_of(due_events),
        count_of(due_images),
        count_of(detections.join(due_images, detections.c.image_id == due_images.c.id)),
        jobs_of_images + jobs_of_events,
    )
    row = (await connection.execute(counts)).one()
    return Deleted(events=row[0], images=row[1], detections=row[2], jobs=row[3])


async def find_due_events(
    connection: AsyncConnection, before: datetime, *, limit: int
) -> tuple[str, tuple[UUID, ...]] | None:
    """Return a camera and up to `limit` of its due events; None if there are none."""
    camera = await connection.scalar(select(events.c.camera).where(_is_due(before)).limit(1))
    if camera is None:
        return None
    ids = await connection.scalars(
        select(events.c.id).where(events.c.camera == camera, _is_due(before)).limit(limit)
    )
    return camera, tuple(ids.all())


async def find_due_images(
    connection: AsyncConnection, before: datetime, *, limit: int
) -> tuple[KnownFile, ...]:
    """Return up to `limit` due images without an event."""
    rows = await connection.execute(
        select(*_IMAGE).where(_is_due_without_event(before)).limit(limit)
    )
    return tuple(_known(row) for row in rows)


async def images_of(connection: AsyncConnection, ids: Sequence[UUID]) -> tuple[KnownFile, ...]:
    """Return the image files of events."""
    rows = await connection.execute(select(*_IMAGE).where(images.c.event_id.in_(ids)))
    return tuple(_known(row) for row in rows)


async def delete_events(
    connection: AsyncConnection,
    camera: str,
    ids: Sequence[UUID],
    before: datetime,
    present: Sequence[KnownFile],
) -> Deleted:
    """Delete the events that are still due, with their images and all jobs.

    `present` are the files that still exist.
    """
    await cameras.lock(connection, [camera])  # so that no image joins them meanwhile
    locked = await connection.scalars(
        select(events.c.id)
        .where(events.c.id.in_(ids), _is_due(before))
        .order_by(events.c.id)
        .with_for_update()
    )
    due = locked.all()
    assessments = await connection.execute(delete(jobs).where(jobs.c.event_id.in_(due)))
    image_ids = await connection.scalars(select(images.c.id).where(images.c.event_id.in_(due)))
    deleted = await _delete_images(connection, image_ids.all(), present)
    await connection.execute(delete(events).where(events.c.id.in_(due)))
    return Deleted(
        events=len(due),
        images=deleted.images,
        detections=deleted.detections,
        jobs=deleted.jobs + assessments.rowcount,
    )


async def delete_images(
    connection: AsyncConnection,
    due: Sequence[KnownFile],
    before: datetime,
    present: Sequence[KnownFile],
) -> Deleted:
    """Delete the images without an event that are still due, with their jobs."""
    ids = [known.image_id for known in due]
    # Jobs are locked before images, as everywhere; one that is being requeued stays.
    free = await connection.scalars(
        select(jobs.c.image_id).where(jobs.c.image_id.in_(ids)).with_for_update(skip_locked=True)
    )
    still = await connection.scalars(
        select(images.c.id).where(images.c.id.in_(free.all()), _is_due_without_event(before))
    )
    return await _delete_images(connection, still.all(), present)


async def list_files(
    connection: AsyncConnection,
    *,
    after: KnownFile | None,
    before: datetime | None = None,
    limit: int,
) -> tuple[KnownFile, ...]:
    """Return the files of images in a final state, the latest found first, after a file.

    With `before`, only those found before that time.
    """
    order = (images.c.found_at, images.c.id)
    query = (
        select(*_IMAGE)
        .where(_has_file())
        .order_by(*(column.desc() for column in order))
        .limit(limit)
    )
    if before is not None:
        query = query.where(images.c.found_at < before)
    if after is not None:
        query = query.where(tuple_(*order) < (after.found_at, after.image_id))
    return tuple(_known(row) for row in await connection.execute(query))


async def list_forgotten(
    connection: AsyncConnection,
    *,
    after: KnownFile | None,
    before: datetime | None = None,
    limit: int,
) -> tuple[KnownFile, ...]:
    """Return forgotten files likewise."""
    order = (forgotten_files.c.found_at, *_FORGOTTEN)
    query = _FORGOTTEN_FILES.order_by(*(column.desc() for column in order)).limit(limit)
    if before is not None:
        query = query.where(forgotten_files.c.found_at < before)
    if after is not None:
        query = query.where(tuple_(*order) < _forgotten_key(after))
    return tuple(_known(row) for row in await connection.execute(query))


async def list_oldest_forgotten(
    connection: AsyncConnection,
    *,
    since: datetime | None,
    until: datetime | None,
    after: KnownFile | None,
    limit: int,
) -> tuple[KnownFile, ...]:
    """Return forgotten files that were found after `since` and up to `until`, the oldest first."""
    order = (forgotten_files.c.found_at, *_FORGOTTEN)
    query = _FORGOTTEN_FILES.order_by(*order).limit(limit)
    if since is not None:
        query = query.where(forgotten_files.c.found_at > since)
    if until is not None:
        query = query.where(forgotten_files.c.found_at <= until)
    if after is not None:
        query = query.where(tuple_(*order) > _forgotten_key(after))
    return tuple(_known(row) for row in await connection.execute(query))


async def count_files(connection: AsyncConnection) -> tuple[int, int]:
    """Return the number of files that are not known to be gone, and their bytes."""
    sizes = union_all(
        select(images.c.size).where(_has_file()), select(forgotten_files.c.size)
    ).subquery()
    row = (await connection.execute(select(func.count(), func.sum(sizes.c.size)))).one()
    return row[0], int(row[1] or 0)


async def count_images(connection: AsyncConnection) -> int:
    """Return the number of images' records."""
    return await connection.scalar(select(func.count()).select_from(images)) or 0


async def mark_gone(connection: AsyncConnection, gone: Sequence[KnownFile]) -> int:
    """Record that files no longer exist; return how many of them had no image record."""
    ids = [known.image_id for known in gone if known.image_id is not None]
    if ids:
        await connection.execute(update(images).where(images.c.id.in_(ids)).values(file_gone=True))
    files = [known.file for known in gone if known.image_id is None]
    if not files:
        return 0
    done = await connection.execute(
        _DELETE_FORGOTTEN,
        {
            "gone_camera": [file.camera for file in files],
            "gone_path": [file.path for file in files],
            "gone_size": [file.size for file in files],
            "gone_mtime_ns": [file.mtime_ns for file in files],
        },
    )
    return done.rowcount


async def _delete_images(
    connection: AsyncConnection, ids: Sequence[int], present: Sequence[KnownFile]
) -> Deleted:
    chosen = set(ids)
    forgotten = [
        {
            "camera": known.file.camera,
            "path": known.file.path,
            "mtime_ns": known.file.mtime_ns,
            "size": known.file.size,
            "found_at": known.found_at,
            "root": known.root,
        }
        for known in present
        if known.image_id in chosen
    ]
    if forgotten:
        await connection.execute(
            insert_or_ignore(forgotten_files).on_conflict_do_nothing(), forgotten
        )
    deleted_jobs = await connection.execute(delete(jobs).where(jobs.c.image_id.in_(ids)))
    deleted_detections = await connection.execute(
        delete(detections).where(detections.c.image_id.in_(ids))
    )
    deleted_images = await connection.execute(delete(images).where(images.c.id.in_(ids)))
    return Deleted(
        events=0,
        images=deleted_images.rowcount,
        detections=deleted_detections.rowcount,
        jobs=deleted_jobs.rowcount,
    )


def _is_due(before: datetime) -> ColumnElement[bool]:
    return (
        in_state(events.c.state, EventState.CLOSED)
        & (events.c.started_at < before)  # follows from the next condition, and has an index
        & (events.c.ended_at < before)
        & ~exists().where(images.c.event_id == events.c.id, images.c.found_at >= before)
        & ~exists().where(
            jobs.c.event_id == events.c.id,
            in_state(jobs.c.state, JobState.PENDING) | in_state(jobs.c.state, JobState.LEASED),
        )
    )


def _is_due_without_event(before: datetime) -> ColumnElement[bool]:
    return (
        (images.c.found_at < before)
        & images.c.event_id.is_(None)
        & (images.c.state != ImageState.PENDING)
    )


def _has_file() -> ColumnElement[bool]:
    """As in the index on such files."""
    return ~images.c.file_gone & ~in_state(images.c.state, ImageState.PENDING)


def _forgotten_key(known: KnownFile) -> tuple[datetime, str, str, int, int]:
    file = known.file
    return (known.found_at, file.camera, file.path, file.size, file.mtime_ns)


def _known(row: Row[tuple[str, str, int, int, int | None, int | None, datetime]]) -> KnownFile:
    camera, path, size, mtime_ns, root, image_id, found_at = row
    file = FoundFile(camera=camera, path=path, size=size, mtime_ns=mtime_ns)
    return KnownFile(file=file, root=root, image_id=image_id, found_at=found_at)
