"""Reading an image's file and its capture time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo
import errno
import hashlib
import os
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from ..aio.file_executor import note_progress
from ..domain.errors import (
    CameraFolderMissingError,
    CameraStorageAwayError,
    ImageReplacedError,
    ImageUnreadableError,
    PathEscapeError,
    StorageAwayError,
    StorageFailedError,
)
from ..domain.file_version import Version, version_of
from .capture_time import HEAD_BYTES, StatedTime, stated_times
from .path_time import Reading
from .safe_open import open_regular

_CONTENT_TYPES = {".png": "image/png", ".webp": "image/webp"}
# A share whose server is away, or a handle that a remount or a server restart has invalidated.
_AWAY = frozenset(
    {
        *(errno.ESTALE, errno.ENOTCONN, errno.ENODEV, errno.ESHUTDOWN, errno.ECONNABORTED),
        *(errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.ETIMEDOUT),
    }
)
_PIECE = 256 * 1024  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageContent:
    """An image file's bytes, their SHA-256, and the media type by its name."""

    content: bytes
    sha256: bytes
    content_type: str


def read_image(
    root: Path,
    path: str,
    version: Version,
    *,
    max_bytes: int,
    open_file: Callable[[Path, str], BinaryIO] = open_regular,
) -> ImageContent:
    """Return an image's content if the file is still this version of it. Blocks.

    `open_file` opens a path below the root and refuses what is not a regular file there.

    Raises ImageUnreadableError or PathEscapeError for a file that cannot be used;
    ImageReplacedError if the file is another image by now or is being overwritten;
    StorageFailedError if the disk returns an error; CameraStorageAwayError if the share of this
    file is away; WatchError if the whole storage is.
    """
    try:
        with open_file(root, path) as file:
            before = version_of(os.fstat(file.fileno()))
            content = _read(file, max_bytes + 1)
            after = version_of(os.fstat(file.fileno()))
    except (FileNotFoundError, NotADirectoryError) as error:
        if looks_unmounted(root):
            raise CameraFolderMissingError(f"the camera root {root} is gone or empty") from error
        raise ImageUnreadableError(
            "the file was deleted before it was processed", code="file_gone"
        ) from error
    except PermissionError as error:
        raise ImageUnreadableError(
            "there is no permission to read the file", code="file_forbidden"
        ) from error
    except OSError as error:
        raise _storage_error(root, error) from error
    if not before.matches(version) or before != after:
        raise ImageReplacedError(
            "the file was overwritten by another image", size=after.size, mtime_ns=after.mtime_ns
        )
    if not content:
        raise ImageUnreadableError("the file is empty", code="file_empty")
    if len(content) > max_bytes:
        raise ImageUnreadableError(
            f"the file has more than {max_bytes} bytes", code="file_too_large"
        )
    return ImageContent(
        content=content,
        sha256=hashlib.sha256(content).digest(),
        content_type=content_type(path),
    )


def content_type(path: str) -> str:
    """Return the media type of an image by its name."""
    return _CONTENT_TYPES.get(PurePosixPath(path).suffix.lower(), "image/jpeg")


def read_stated_times(
    root: Path, path: str, *, named: Reading | None, near: datetime, time_zone: tzinfo
) -> tuple[StatedTime, ...]:
    """Return the capture times that an image states; none if its file cannot be read. Blocks.

    `named` is the time in its path, `near` when the file was written or found. What is wrong with a
    file that cannot be read is reported when its image is processed.
    """
    try:
        with open_regular(root, path) as file:
            head = file.read(HEAD_BYTES)
    except OSError, ImageUnreadableError, PathEscapeError:
        return ()
    return stated_times(head, named, near=near, time_zone=time_zone)


def looks_unmounted(folder: Path) -> bool:
    """Return whether a folder is missing, unreadable or empty, as a mount point without its share.

    Blocks.
    """
    try:
        return next(folder.iterdir(), None) is None
    except OSError:
        return True


def _read(file: BinaryIO, size: int) -> bytes:
    """Read up to `size` bytes in pieces, so that a slow share shows its progress."""
    pieces = []
    while size > 0 and (piece := file.read(min(size, _PIECE))):
        pieces.append(piece)
        size -= len(piece)
        note_progress()
    return b"".join(pieces)


def _storage_error(
    root: Path, error: OSError
) -> StorageAwayError | CameraStorageAwayError | StorageFailedError:
    if looks_unmounted(root):
        return StorageAwayError(f"the storage of the images does not respond: {error.strerror}")
    if error.errno in _AWAY:  # a camera's folder may be a share of its own
        return CameraStorageAwayError(
            f"the storage of the camera does not respond: {error.strerror}"
        )
    return StorageFailedError(f"the file cannot be read: {error.strerror}")
