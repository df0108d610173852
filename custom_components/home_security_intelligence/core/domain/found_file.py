"""A complete picture in a camera folder."""

from dataclasses import dataclass
import os
from pathlib import Path
import stat


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """One file as it was seen; all four fields together are its identity.

    `camera` is the camera's folder, `path` is relative to the camera root with forward slashes.
    """

    camera: str
    path: str
    size: int  # bytes
    mtime_ns: int  # nanoseconds since 1970


def look_at(root: Path, camera: str, path: str) -> FoundFile | None:
    """Return the file as it is now; None where it is gone or no regular file. Blocks."""
    try:
        status = (root / path).lstat()
    except OSError:
        return None
    return found_file(camera, path, status) if stat.S_ISREG(status.st_mode) else None


def found_file(camera: str, path: str, status: os.stat_result) -> FoundFile:
    """Return the file that the status was taken of."""
    return FoundFile(camera=camera, path=path, size=status.st_size, mtime_ns=status.st_mtime_ns)
