"""Files that appeared in a folder and have not been closed after writing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

LIMIT = 10_000  # files; the next scan finds those beyond


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """One file; a file that was complete when it appeared has no later modification time."""

    camera: str
    path: str
    at: datetime  # when it appeared
    due: float


class CreatedFiles:
    """Files that wait for the settle time, in which their writer may close them.

    Without a writer, a file was complete when it appeared: some programs write a file under another
    name, link it to its final one and remove the other. Times are in seconds.
    """

    def __init__(self, settle_time: float, *, limit: int = LIMIT) -> None:
        self._settle_time = settle_time
        self._limit = limit
        self._waiting: dict[str, Created] = {}  # by path, in the order they are due

    @property
    def next_due(self) -> float | None:
        """When the next file has to be checked."""
        return next((file.due for file in self._waiting.values()), None)

    def add(self, camera: str, path: str, at: datetime, *, now: float) -> bool:
        """Add a file that has appeared; return False if the limit is reached."""
        self._waiting.pop(path, None)
        if len(self._waiting) >= self._limit:
            return False
        due = now + self._settle_time
        self._waiting[path] = Created(camera=camera, path=path, at=at, due=due)
        return True

    def remove(self, path: str) -> None:
        """Remove a file that its writer has closed."""
        self._waiting.pop(path, None)

    def take_due(self, now: float) -> Iterable[Created]:
        """Remove and return the files that are due."""
        due = [file for file in self._waiting.values() if file.due <= now]
        for file in due:
            del self._waiting[file.path]
        return due
