"""Whether a file is still the one that was registered: by its size and its time."""

from dataclasses import dataclass
import os

from .found_file import FoundFile
from .models import Image

_LAST_MTIME = 2**63 - 1  # nanoseconds since 1970, in the year 2262: PostgreSQL has no larger number

# Steps in which file systems count time, in ns: ext4 and NFS, SMB, others' microseconds and
# milliseconds, HFS+ and old servers, FAT.
_GRAINS = (1, 100, 1_000, 1_000_000, 1_000_000_000, 2_000_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One content of a file, told by its size and time."""

    size: int  # bytes
    mtime_ns: int  # nanoseconds since 1970

    def matches(self, other: Version) -> bool:
        """Tell whether both are the same content, seen perhaps through different file systems.

        Two machines may see one file by different protocols, and the coarser one cuts its time.
        """
        return self.size == other.size and any(
            self.mtime_ns // grain == other.mtime_ns // grain
            and 0 in {self.mtime_ns % grain, other.mtime_ns % grain}
            for grain in _GRAINS
        )


def version_of(status: os.stat_result) -> Version:
    """Return the version that the status was taken of."""
    return Version(size=status.st_size, mtime_ns=storable_mtime(status.st_mtime_ns))


def version_as_found(file: FoundFile) -> Version:
    """Return the version that a scan has found."""
    return Version(size=file.size, mtime_ns=storable_mtime(file.mtime_ns))


def version_in(image: Image) -> Version:
    """Return the version that an image was registered as."""
    return Version(size=image.size, mtime_ns=image.mtime_ns)


def storable_mtime(mtime_ns: int) -> int:
    """Return a file's time as it is kept: some file systems have more than fits."""
    return min(mtime_ns, _LAST_MTIME)
