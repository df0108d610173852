"""An image file found in a camera folder."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
import os
from pathlib import Path
import stat

LIVE_FOR = timedelta(minutes=1)  # an image is live for so long after it was written
# Nanoseconds since 1970, from the year 1677 to 2262: PostgreSQL has no numbers beyond.
_FIRST_MTIME, _LAST_MTIME = -(2**63), 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """One file as it was seen; camera, path, size and mtime together are its identity.

    `camera` is the camera's folder, `path` is relative to the camera root with forward slashes.
    `arrived_at` is when the file was noticed, if it had not been there long.
    """

    camera: str
    path: str
    size: int  # bytes
    mtime_ns: int  # nanoseconds since 1970
    arrived_at: datetime | None = field(default=None, compare=False)


def stat_file(root: Path, camera: str, path: str) -> FoundFile | None:
    """Return the file as it is now; None if it is gone or not a regular file. Blocks.

    Raises OSError if it cannot be told.
    """
    try:
        status = (root / path).lstat()
    except FileNotFoundError, NotADirectoryError:
        return None
    return found_file(camera, path, status) if stat.S_ISREG(status.st_mode) else None


def found_file(camera: str, path: str, status: os.stat_result) -> FoundFile:
    """Return the file that a stat result describes."""
    mtime_ns = storable_mtime(status.st_mtime_ns)
    return FoundFile(camera=camera, path=path, size=status.st_size, mtime_ns=mtime_ns)


def storable_mtime(mtime_ns: int) -> int:
    """Return a modification time that the database can store: some file systems allow others."""
    return max(_FIRST_MTIME, min(mtime_ns, _LAST_MTIME))
