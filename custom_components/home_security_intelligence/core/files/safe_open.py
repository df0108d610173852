"""Opening a file below the camera root while others may replace any part of its path."""

from collections.abc import Callable, Sequence
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
    if parts and ".." not in parts and not path.startswith("/"):
        try:
            return _open_without_links(root, parts)  # most paths have no link
        except OSError as error:
            if error.errno not in _LINKED:
                raise
        except ImageUnreadableError, ValueError:
            pass  # resolving the path below finds the cause
    real = resolve(root, path)
    return _open_without_links(root, real.relative_to(root.resolve()).parts or ("",))


def _open_without_links(root: Path, parts: Sequence[str]) -> BinaryIO:
    """Open a regular file below the root, refusing a link anywhere in these parts."""
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
