"""Versions of a file, told apart by size and modification time."""

from dataclasses import dataclass
import os

from .found_file import FoundFile, storable_mtime
from .models import Image

# Timestamp granularity of file systems in ns: ext4 and NFS, SMB, others' microseconds and
# milliseconds, HFS+ and old servers, FAT.
_GRANULARITIES = (1, 100, 1_000, 1_000_000, 1_000_000_000, 2_000_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One content of a file, identified by its size and modification time."""

    size: int  # bytes
    mtime_ns: int  # nanoseconds since 1970

    def matches(self, other: Version) -> bool:
        """Return whether both are the same content, seen perhaps through different file systems.

        Two machines may reach one file by different protocols; the coarser one truncates its time.
        """
        return self.size == other.size and any(
            self.mtime_ns // grain == other.mtime_ns // grain
            and 0 in {self.mtime_ns % grain, other.mtime_ns % grain}
            for grain in _GRANULARITIES
        )


def version_of(status: os.stat_result) -> Version:
    """Return the version that a stat result describes."""
    return Version(size=status.st_size, mtime_ns=storable_mtime(status.st_mtime_ns))


def version_as_found(file: FoundFile) -> Version:
    """Return the version of a file that was found."""
    return Version(size=file.size, mtime_ns=file.mtime_ns)


def version_in(image: Image) -> Version:
    """Return the version that an image was registered with."""
    return Version(size=image.size, mtime_ns=image.mtime_ns)
