"""Files that were delivered, so that scans do not deliver them again."""

from array import array
from collections import defaultdict

from ..domain.found_file import FoundFile

LIMIT = 100_000  # files; those beyond are delivered again by every scan, which is harmless
_PARTS = 64  # of a camera's files, so that none takes long to be built anew
_SMALLEST = 16  # slots of a part
_HASH = (1 << 64) - 1


class SeenFiles:
    """A bounded set of delivered files; one that a full scan of its camera does not find is removed.

    A file takes some 30 bytes, far fewer than in a dictionary.
    """

    def __init__(self, *, limit: int = LIMIT) -> None:
        self._limit = limit
        self._cameras: defaultdict[str, _CameraFiles] = defaultdict(_CameraFiles)
        self._count = 0

    def has(self, file: FoundFile) -> bool:
        """Return whether the file was delivered, and note that it still exists."""
        return self._cameras[file.camera].find(_key(file))

    def add(self, file: FoundFile) -> None:
        """Add a delivered file."""
        if self.has(file) or self._count >= self._limit:
            return
        self._cameras[file.camera].add(_key(file))
        self._count += 1

    def begin_full_scan(self, camera: str) -> None:
        """Begin a full scan of a camera."""
        self._cameras[camera].begin_scan()

    def end_full_scan(self, camera: str) -> None:
        """Remove the camera's files that the full scan did not find."""
        self._count -= self._cameras[camera].end_scan()


class _CameraFiles:
    """The hashes of a camera's files, each with the last scan that found it."""

    def __init__(self) -> None:
        self._parts = [_Part() for _ in range(_PARTS)]
        self._scan = 0
        self._valid_from = 0  # files that no scan from this one on has found are removed
        self._count = 0
        self._found = 0  # files that the current scan has found

    def find(self, key: int) -> bool:
        """Return whether a hash is known, and note that the current scan has found it."""
        part = self._parts[key % _PARTS]
        slot = part.slot(key)
        if part.keys[slot] != key or part.scans[slot] < self._valid_from:
            return False
        if part.scans[slot] != self._scan:
            part.scans[slot] = self._scan
            self._found += 1
        return True

    def add(self, key: int) -> None:
        """Add a hash that is not known."""
        self._parts[key % _PARTS].put(key, self._scan, self._valid_from)
        self._count += 1
        self._found += 1

    def begin_scan(self) -> None:
        """Begin a full scan."""
        self._scan += 1
        self._found = 0

    def end_scan(self) -> int:
        """Remove what the scan has not found; return the number of files removed."""
        removed = self._count - self._found
        self._count = self._found
        self._valid_from = self._scan
        return removed


class _Part:
    """A table with open addressing, less than two thirds full. The key of an empty slot is 0."""

    def __init__(self) -> None:
        self.keys = array("Q", bytes(8 * _SMALLEST))
        self.scans = array("I", bytes(4 * _SMALLEST))
        self._used = 0  # slots, those of removed files included

    def slot(self, key: int) -> int:
        """Return the slot of a key, or the empty one that it would take."""
        keys = self.keys
        last = len(keys) - 1
        slot = key // _PARTS & last
        while keys[slot] and keys[slot] != key:
            slot = (slot + 1) & last
        return slot

    def put(self, key: int, scan: int, valid_from: int) -> None:
        """Set the scan of a key; keys of scans before `valid_from` make room if there is none."""
        slot = self.slot(key)
        if not self.keys[slot]:
            if 3 * (self._used + 1) >= 2 * len(self.keys):
                self._rebuild(valid_from)
                slot = self.slot(key)
            self._used += 1
        self.keys[slot] = key
        self.scans[slot] = scan

    def _rebuild(self, valid_from: int) -> None:
        pairs = zip(self.keys, self.scans, strict=True)
        valid = [(key, scan) for key, scan in pairs if key and scan >= valid_from]
        slots = _SMALLEST
        while 2 * len(valid) >= slots:
            slots *= 2
        self.keys = array("Q", bytes(8 * slots))
        self.scans = array("I", bytes(4 * slots))
        self._used = len(valid)
        for key, scan in valid:
            slot = self.slot(key)
            self.keys[slot], self.scans[slot] = key, scan


def _key(file: FoundFile) -> int:
    """Return the file's hash, never 0."""
    return hash(file) & _HASH or 1
