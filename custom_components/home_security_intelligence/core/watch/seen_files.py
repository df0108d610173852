"""Files that were delivered, so that scans do not deliver them again."""

from ..domain.found_file import FoundFile

LIMIT = 100_000  # files; those beyond are delivered again by every scan, which is harmless


class SeenFiles:
    """A bounded set of delivered files; a file is removed once a full scan does not find it."""

    def __init__(self, *, limit: int = LIMIT) -> None:
        self._limit = limit
        self._last_scan: dict[int, int] = {}  # a file's hash -> the last full scan that found it
        self._scan = 0

    def has(self, file: FoundFile) -> bool:
        """Return whether the file was delivered, and note that it still exists."""
        key = hash(file)
        if key not in self._last_scan:
            return False
        self._last_scan[key] = self._scan
        return True

    def add(self, file: FoundFile) -> None:
        """Add a delivered file."""
        if len(self._last_scan) < self._limit:
            self._last_scan[hash(file)] = self._scan

    def begin_full_scan(self) -> None:
        """Begin a scan of all cameras."""
        self._scan += 1

    def end_full_scan(self) -> None:
        """Remove the files that the scan of all cameras did not find."""
        self._last_scan = {key: scan for key, scan in self._last_scan.items() if scan == self._scan}
