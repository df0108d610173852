"""Which files have been handed over, so that a scan does not hand all of them over again."""

from ..domain.found_file import FoundFile

LIMIT = 100_000  # files; those beyond are handed over again by every scan, which does no harm


class DeliveryMemory:
    """Remembers files handed over for as long as scans still find them, within a limit."""

    def __init__(self) -> None:
        self._rounds: dict[int, int] = {}  # a file's hash -> the last round that saw it
        self._round = 0

    def has(self, file: FoundFile) -> bool:
        """Tell whether the file was handed over."""
        key = hash(file)
        if key not in self._rounds:
            return False
        self._rounds[key] = self._round
        return True

    def add(self, file: FoundFile) -> None:
        """Remember that the file was handed over."""
        if len(self._rounds) < LIMIT:
            self._rounds[hash(file)] = self._round

    def drop(self, file: FoundFile) -> None:
        """Forget the file, so that the next scan hands it over again."""
        self._rounds.pop(hash(file), None)

    def begin_round(self) -> None:
        """Begin a scan of everything."""
        self._round += 1

    def end_round(self) -> None:
        """Forget what the scan of everything did not find any more."""
        self._rounds = {key: seen for key, seen in self._rounds.items() if seen == self._round}

    def clear(self) -> None:
        """Forget everything, so that the next scan hands every file over."""
        self._rounds.clear()
