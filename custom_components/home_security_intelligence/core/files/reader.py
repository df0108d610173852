"""Reading a picture's file, and saying plainly why that does not work."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
import errno
import hashlib
import os
from pathlib import Path, PurePosixPath
import stat
from typing import BinaryIO

from ..domain.errors import (
    CameraFolderMissingError,
    ImageReplacedError,
    ImageUnreadableError,
    PathEscapeError,
    StorageAwayError,
    StorageFailedError,
)
from ..domain.file_version import Version, version_of
from ..watch.paths import contained
from .capture_time import HEAD_BYTES, capture_time

_CONTENT_TYPES = {".png": "image/png", ".webp": "image/webp"}
_NO_FILE = frozenset({errno.ELOOP, errno.ENXIO})  # a link; a socket or a device without a driver
_LINKED = frozenset({errno.ELOOP, errno.ENOTDIR})  # a link where a folder is to be
# A share whose server is away, or a handle that a remount or a server's restart has made void.
_AWAY = frozenset(
    {
        *(errno.ESTALE, errno.ENOTCONN, errno.ENODEV, errno.ESHUTDOWN, errno.ECONNABORTED),
        *(errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.ETIMEDOUT),
    }
)
_NS = 1_000_000_000  # nanoseconds in a second


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A file's bytes, their SHA-256, and what kind of picture its name says they are."""

    content: bytes
    sha256: bytes
    content_type: str


def read(root: Path, path: str, version: Version, *, max_bytes: int) -> Content:
    """Return a picture's content, if it is still this version of it. Blocks.

    Raises ImageUnreadableError, PathEscapeError, ImageReplacedError where another picture lies
    there or is being written over it, StorageFailedError where the disk does not give it, and
    WatchError where it is not the picture that is gone but what all pictures lie on.
    """
    try:
        with _open(root, path) as file:
            before = version_of(os.fstat(file.fileno()))
            content = file.read(max_bytes + 1)
            after = version_of(os.fstat(file.fileno()))
    except (FileNotFoundError, NotADirectoryError) as error:
        if is_bare(root):
            raise CameraFolderMissingError(f"the camera root {root} is gone or empty") from error
        raise ImageUnreadableError(
            "the file was gone before it could be looked at", code="file_gone"
        ) from error
    except PermissionError as error:
        raise ImageUnreadableError("the file may not be read", code="file_forbidden") from error
    except OSError as error:
        raise _storage_error(root, error) from error
    if not before.matches(version) or before != after:
        raise ImageReplacedError(
            "another picture was written in its place", size=after.size, mtime_ns=after.mtime_ns
        )
    if not content:
        raise ImageUnreadableError("the file is empty", code="file_empty")
    if len(content) > max_bytes:
        raise ImageUnreadableError(
            f"the file has more than {max_bytes} bytes", code="file_too_large"
        )
    return Content(
        content=content,
        sha256=hashlib.sha256(content).digest(),
        content_type=content_type(path),
    )


def content_type(path: str) -> str:
    """Return the media type a picture's name stands for."""
    return _CONTENT_TYPES.get(PurePosixPath(path).suffix.lower(), "image/jpeg")


def captured_at(
    root: Path, path: str, *, mtime_ns: int, time_zone: tzinfo, now: datetime
) -> datetime:
    """Return when a picture was taken, in UTC and never later than now. Blocks.

    A file that cannot be read counts by its mtime here; looking at it will say what is wrong.
    """
    mtime = min(datetime.fromtimestamp(mtime_ns / _NS, UTC), now)
    try:
        with _open(root, path) as file:
            head = file.read(HEAD_BYTES)
    except OSError, ImageUnreadableError, PathEscapeError:
        return mtime
    moment = capture_time(head, path, mtime, time_zone).astimezone(UTC)
    # A camera clock that is ahead would keep its event open until that time comes.
    return moment if moment <= now else mtime


def _open(root: Path, path: str) -> BinaryIO:
    """Open a regular file below the root, whatever others put in its place meanwhile.

    No part of its real path is followed where it has become a link since, and a pipe or a device
    is not waited for.
    """
    parts = PurePosixPath(path).parts
    if parts and ".." not in parts and not path.startswith("/"):
        try:
            return _open_below(root, parts)  # most have no link on their way
        except OSError as error:
            if error.errno not in _LINKED:
                raise
        except ImageUnreadableError, ValueError:
            pass  # what it is shows below
    real = contained(root, path)
    return _open_below(root, real.relative_to(root.resolve()).parts or ("",))


def _open_below(root: Path, parts: Sequence[str]) -> BinaryIO:
    """Open a regular file by a way on which no link is followed."""
    *folders, name = parts
    opened = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    for folder in folders:
        try:
            inner = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=opened)
        finally:
            os.close(opened)
        opened = inner
    try:
        found = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW, dir_fd=opened)
    except OSError as error:
        if error.errno in _NO_FILE:
            raise ImageUnreadableError("it is not a regular file", code="not_a_file") from error
        raise
    finally:
        os.close(opened)
    if not stat.S_ISREG(os.fstat(found).st_mode):
        os.close(found)
        raise ImageUnreadableError("it is not a regular file", code="not_a_file")
    return os.fdopen(found, "rb")


def _storage_error(root: Path, error: OSError) -> StorageAwayError | StorageFailedError:
    if error.errno in _AWAY or is_bare(root):
        return StorageAwayError(f"what the pictures lie on does not answer: {error.strerror}")
    return StorageFailedError(f"the file cannot be read: {error.strerror}")


def is_bare(folder: Path) -> bool:
    """Tell whether there is nothing to be seen in a folder, as where a share is not mounted. Blocks."""
    try:
        return next(folder.iterdir(), None) is None
    except OSError:
        return True
