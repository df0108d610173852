"""Opening files and folders below the camera root while others may replace any part of their path."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
import errno
import os
from pathlib import Path, PurePosixPath
import stat
from typing import BinaryIO

from ..domain.errors import ImageUnreadableError
from ..domain.paths import resolve_below

_NO_FILE = frozenset({errno.ELOOP, errno.ENXIO})  # a link; a socket or a device without a driver
_LINKED = frozenset({errno.ELOOP, errno.ENOTDIR})  # a link in place of a folder


def open_regular(
    root: Path, path: str, *, resolve: Callable[[Path, str], Path] = resolve_below
) -> BinaryIO:
    """Open a regular file below the root for reading. Blocks.

    `resolve` follows the links in a path. A part of the real path that has become a link since
    then is not followed. A pipe
    or a device is not waited for. Raises ImageUnreadableError, PathEscapeError or OSError.
    """
    parts = PurePosixPath(path).parts
    if _is_below(parts):
        try:
            return _open_without_links(root, parts)  # most paths have no link
        except OSError as error:
            if error.errno not in _LINKED:
                raise
        except ImageUnreadableError, ValueError:
            pass  # resolving the path below finds the cause
    return _open_without_links(root, _real_parts(root, path, resolve) or ("",))


@contextmanager
def open_folder(root: Path, path: str) -> Iterator[int]:
    """Open a folder below the root and yield its descriptor. Blocks.

    What is done relative to the descriptor stays in that folder, even if a link takes its place.
    Raises PathEscapeError or OSError.
    """
    parts = PurePosixPath(path).parts
    try:
        opened = _open_folders(root, parts if _is_below(parts) else _real_parts(root, path))
    except OSError as error:
        if error.errno not in _LINKED:
            raise
        opened = _open_folders(root, _real_parts(root, path))
    try:
        yield opened
    finally:
        os.close(opened)


def _is_below(parts: Sequence[str]) -> bool:
    """Return whether a path without links would be below the root."""
    return ".." not in parts and parts[:1] not in {(), ("/",)}


def _real_parts(
    root: Path, path: str, resolve: Callable[[Path, str], Path] = resolve_below
) -> Sequence[str]:
    return resolve(root, path).relative_to(root.resolve()).parts


def _open_folders(root: Path, parts: Sequence[str]) -> int:
    """Open a folder below the root, refusing a link anywhere in these parts."""
    opened = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    for folder in parts:
        try:
            inner = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=opened)
        finally:
            os.close(opened)
        opened = inner
    return opened


def _open_without_links(root: Path, parts: Sequence[str]) -> BinaryIO:
    """Open a regular file below the root, refusing a link anywhere in these parts."""
    *folders, name = parts
    opened = _open_folders(root, folders)
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
