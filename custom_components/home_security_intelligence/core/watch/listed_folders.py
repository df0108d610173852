"""Folders that were listed before, so that those without a change are not listed again."""

from dataclasses import dataclass
from pathlib import Path
from threading import Lock
import time

from ..domain.found_file import FoundFile

SETTLED_AFTER = 3600.0  # seconds without a change, after which a folder is an old one
LIMIT = 100_000  # folders; further ones are listed by every scan
_NS = 1_000_000_000  # nanoseconds in a second

type Identity = tuple[int, int, int]  # device, inode and modification time
type Content = frozenset[tuple[int, str, int]]  # modification time, name and size of each image


@dataclass(frozen=True, slots=True)
class _Listed:
    identity: Identity
    names: int  # hash of the names of the images
    content: int  # hash of the images
    below: tuple[str, ...]  # names of the folders within


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """A listing of a folder that has begun."""

    camera: str
    folder: str
    identity: Identity
    began: float  # seconds since 1970


class ListedFolders:
    """What the folders of past days contain.

    The modification time of a folder changes when a file is added, but some file systems have a
    coarse one, or none. So only a folder without a change for an hour is trusted, one whose content
    changed all the same is not trusted again, and full listings find what was missed. Nor does
    the time change when a file is overwritten: a folder with such a file is not trusted either.
    """

    def __init__(self) -> None:
        self._listed: dict[str, _Listed] = {}  # by folder
        self._running: dict[str, Listing] = {}  # by folder
        self._changing: set[str] = set()  # folders in which files are overwritten
        self._untimed: set[str] = set()  # cameras whose folders' times do not change
        self._lock = Lock()

    def unchanged(self, folder: str, path: Path) -> tuple[str, ...] | None:
        """Return the names of the folders within; None if the folder has to be listed. Blocks.

        Raises OSError.
        """
        listed = self._listed.get(folder)
        if listed is None or _identity(path) != listed.identity:
            return None
        return listed.below

    def begin(self, camera: str, folder: str, path: Path) -> Listing:
        """Note that a folder is being listed. Blocks; raises OSError."""
        listing = Listing(camera, folder, _identity(path), time.time())
        with self._lock:
            self._running[folder] = listing
        return listing

    def finish(self, listing: Listing, images: Content, below: tuple[str, ...]) -> None:
        """Note what a complete listing has found."""
        folder = listing.folder
        names, content = hash(frozenset(name for _, name, _ in images)), hash(images)
        newest = max((mtime_ns for mtime_ns, _, _ in images), default=0)
        settled = listing.began - max(newest, listing.identity[2]) / _NS > SETTLED_AFTER
        with self._lock:
            if self._running.get(folder) is not listing:
                return  # forgotten since, or listed again
            del self._running[folder]
            before = self._listed.pop(folder, None)
            if before is not None and before.identity == listing.identity:
                if before.names != names or before.below != below:
                    self._untimed.add(listing.camera)
                elif before.content != content:
                    self._changing.add(folder)
            trusted = listing.camera not in self._untimed and folder not in self._changing
            if settled and trusted and len(self._listed) < LIMIT:
                self._listed[folder] = _Listed(listing.identity, names, content, below)

    def forget(self, file: FoundFile) -> None:
        """Have the folder of a file listed again, which is left to a later scan."""
        folder = file.path.rpartition("/")[0]
        with self._lock:
            self._running.pop(folder, None)
            self._listed.pop(folder, None)


def _identity(path: Path) -> Identity:
    status = path.lstat()
    return status.st_dev, status.st_ino, status.st_mtime_ns
