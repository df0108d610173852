"""Registering files: each becomes an image and its detect job."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    DateTime,
    Integer,
    Text,
    bindparam,
    case,
    exists,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.found_file import LIVE_FOR, FoundFile
from ..domain.models import Image, ImageState, JobKind, JobState
from .arrays import rows_from_arrays
from .rows import image_of
from .tables import BACKLOG, FRESH, forgotten_files, images, jobs, path_hash

# Statements that every image runs are built once: building one costs more than running it.
_FILES = rows_from_arrays(
    "file", {"camera": Text, "path": Text, "mtime_ns": BigInteger, "size": BigInteger}
)
_FIND_KNOWN = union_all(
    *(
        select(_FILES).where(
            exists().where(
                path_hash(table.c.path) == path_hash(_FILES.c.path),
                *(table.c[each.name] == each for each in _FILES.c),
            )
        )
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
_ADDED = (
    insert(images)
    .from_select(
        [*_NEW.c.keys(), "found_at", "state", "root"],
        select(
            _NEW,
            bindparam("found_at", type_=DateTime(timezone=True)),
            literal_column(f"'{ImageState.PENDING.value}'", images.c.state.type),
            bindparam("root", type_=Integer),
        ),
        include_defaults=False,  # those of the database apply
    )
    .on_conflict_do_nothing()
    .returning(images)
    .cte("added")
)
_ENQUEUED = (
    insert(jobs)
    .from_select(
        ["kind", "state", "camera", "image_id", "priority", "happened_at"],
        select(
            literal_column(f"'{JobKind.DETECT.value}'", jobs.c.kind.type),
            literal_column(f"'{JobState.PENDING.value}'", jobs.c.state.type),
            _ADDED.c.camera,
            _ADDED.c.id,
            case(
                (
                    _ADDED.c.captured_at > bindparam("live_since", type_=DateTime(timezone=True)),
                    literal_column(str(FRESH), Integer),
                ),
                else_=literal_column(str(BACKLOG), Integer),
            ),
            _ADDED.c.captured_at,
        ),
        include_defaults=False,
    )
    .cte("enqueued")
)
# An image of this very statement is not among the earlier ones: nothing was recorded of it yet.
_REGISTER = select(
    _ADDED,
    exists()
    .where(
        images.c.camera == _ADDED.c.camera,
        path_hash(images.c.path) == path_hash(_ADDED.c.path),
        images.c.path == _ADDED.c.path,
    )
    .label("is_newer"),
).add_cte(_ENQUEUED)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewImage:
    """A file to register, and the capture time of its image."""

    file: FoundFile
    captured_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """The images that were registered, by capture time, and those of them that replace others."""

    images: tuple[Image, ...] = ()
    newer: tuple[Image, ...] = ()  # versions of files of which an earlier one is registered


async def find_known(connection: AsyncConnection, files: Sequence[FoundFile]) -> set[FoundFile]:
    """Return the files that are registered, or were until their record was deleted."""
    # One statement: at any time a file is in one table or the other.
    rows = await connection.execute(_FIND_KNOWN, _identities(files))
    return {
        FoundFile(camera=camera, path=path, mtime_ns=mtime_ns, size=size)
        for camera, path, mtime_ns, size in rows
    }


async def register(
    connection: AsyncConnection,
    new: Sequence[NewImage],
    *,
    found_at: datetime,
    now: datetime,
    root: int | None = None,
) -> Registered:
    """Register files found in a root as images with detect jobs, unless they were meanwhile."""
    # Insert in a fixed order to avoid deadlock between two scans of the same files.
    ordered = sorted(new, key=lambda item: (item.captured_at, item.file.camera, item.file.path))
    rows = await connection.execute(
        _REGISTER,
        {
            **_identities([item.file for item in ordered]),
            "file_captured_at": [item.captured_at for item in ordered],
            "found_at": found_at,
            "root": root,
            "live_since": now - LIVE_FOR,
        },
    )
    found = sorted(
        ((image_of(row), row["is_newer"]) for row in rows.mappings()),
        key=lambda each: each[0].captured_at,
    )
    return Registered(
        images=tuple(image for image, _ in found),
        newer=tuple(image for image, is_newer in found if is_newer),
    )


def _identities(files: Sequence[FoundFile]) -> dict[str, object]:
    return {
        "file_camera": [file.camera for file in files],
        "file_path": [file.path for file in files],
        "file_mtime_ns": [file.mtime_ns for file in files],
        "file_size": [file.size for file in files],
    }
