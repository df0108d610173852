"""Files that were delivered, so that scans do not deliver them again."""

from collections import defaultdict

from ..domain.found_file import FoundFile

LIMIT = 100_000  # files; those beyond are delivered again by every scan, which is harmless


class SeenFiles:
    """A bounded set of delivered files; one that a full scan of its camera does not find is removed."""

    def __init__(self, *, limit: int = LIMIT) -> None:
        self._limit = limit
        # By camera, a file's hash -> the last full scan of the camera that found it.
        self._last_scan: defaultdict[str, dict[int, int]] = defaultdict(dict)
        self._scan: defaultdict[str, int] = defaultdict(int)
        self._count = 0

    def has(self, file: FoundFile) -> bool:
        """Return whether the file was delivered, and note that it still exists."""
        key, seen = hash(file), self._last_scan[file.camera]
        if key not in seen:
            return False
        seen[key] = self._scan[file.camera]
        return True

    def add(self, file: FoundFile) -> None:
        """Add a delivered file."""
        if self.has(file) or self._count >= self._limit:
            return
        self._last_scan[file.camera][hash(file)] = self._scan[file.camera]
        self._count += 1

    def begin_full_scan(self, camera: str) -> None:
        """Begin a full scan of a camera."""
        self._scan[camera] += 1

    def end_full_scan(self, camera: str) -> None:
        """Remove the camera's files that the full scan did not find."""
        before, last = self._last_scan[camera], self._scan[camera]
        self._last_scan[camera] = {key: scan for key, scan in before.items() if scan == last}
        self._count -= len(before) - len(self._last_scan[camera])
