"""Files that may still be written to."""

from dataclasses import dataclass

from ..domain.found_file import FoundFile

LIMIT = 10_000  # files; the next scan finds those beyond


@dataclass(frozen=True, slots=True)
class _Waiting:
    file: FoundFile
    due: float


class UnstableFiles:
    """Files that wait until they have been unchanged for the settle time; times are in seconds."""

    def __init__(self, settle_time: float, *, limit: int = LIMIT) -> None:
        self._settle_time = settle_time
        self._limit = limit
        self._waiting: dict[str, _Waiting] = {}  # by path, in the order they are due

    @property
    def next_due(self) -> float | None:
        """When the next file has to be checked again."""
        return next((waiting.due for waiting in self._waiting.values()), None)

    def add(self, file: FoundFile, now: float) -> bool:
        """Add a file, unless it is waiting unchanged; return False if the limit is reached."""
        waiting = self._waiting.get(file.path)
        if waiting is None and len(self._waiting) >= self._limit:
            return False
        if waiting is None or waiting.file != file:
            self._waiting.pop(file.path, None)
            self._waiting[file.path] = _Waiting(file, now + self._settle_time)
        return True

    def remove(self, path: str) -> None:
        """Remove the file, if it is waiting."""
        self._waiting.pop(path, None)

    def take_due(self, now: float) -> list[FoundFile]:
        """Remove and return the files that are due, as they were when they were added."""
        due = [waiting.file for waiting in self._waiting.values() if waiting.due <= now]
        for file in due:
            del self._waiting[file.path]
        return due
