"""Reads the fields of a JSON object one by one; what is wrong is named by its path."""

from collections.abc import Iterator, Sequence
from datetime import datetime
import re

from inference_server.errors import InvalidRequestError

_TERM = re.compile(r"[a-z][a-z ,-]*")


class Fields:
    """A JSON object's fields; each reader raises InvalidRequestError that names the field."""

    def __init__(self, value: object, path: str = "") -> None:
        self._path = path
        if not isinstance(value, dict):
            raise InvalidRequestError(f"{path or 'The body'} must be an object")
        self._values: dict[str, object] = value
        self._read: set[str] = set()

    def text(self, name: str, *, longest: int) -> str:
        """Read a text of 1 to `longest` characters."""
        value = self._take(name)
        if not isinstance(value, str) or not 1 <= len(value) <= longest:
            raise self._error(name, f"must be a text of 1-{longest} characters")
        return value

    def term(self, name: str, *, longest: int) -> str:
        """Read a term in small ASCII letters of 1 to `longest` characters."""
        value = self.text(name, longest=longest)
        if not _TERM.fullmatch(value):
            raise self._error(name, "must be a term in small letters")
        return value

    def whole(self, name: str, *, low: int, high: int) -> int:
        """Read a whole number of `low` to `high`."""
        value = self._take(name)
        # To Python, true and false are whole numbers; to JSON they are not.
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise self._error(name, f"must be a whole number, {low}-{high}")
        return value

    def fraction(self, name: str) -> float:
        """Read a number of 0-1."""
        number = _fraction(self._take(name))
        if number is None:
            raise self._error(name, "must be a number, 0-1")
        return number

    def box(self, name: str) -> tuple[float, float, float, float]:
        """Read x1, y1, x2, y2, each 0-1, in reading order."""
        value = self._take(name)
        if not isinstance(value, list) or len(value) != 4:
            raise self._error(name, "must be four numbers: x1, y1, x2, y2")
        x1, y1, x2, y2 = (_fraction(each) for each in value)
        if x1 is None or y1 is None or x2 is None or y2 is None:
            raise self._error(name, "must hold numbers, 0-1")
        if x1 > x2 or y1 > y2:
            raise self._error(name, "must have x1 <= x2 and y1 <= y2")
        return x1, y1, x2, y2

    def flag_or_none(self, name: str) -> bool | None:
        """Read true, false or null."""
        value = self._take(name)
        if value is not None and not isinstance(value, bool):
            raise self._error(name, "must be true, false or null")
        return value

    def choice(self, name: str, choices: Sequence[str]) -> str:
        """Read one of the words."""
        value = self._take(name)
        if not isinstance(value, str) or value not in choices:
            raise self._error(name, f"must be one of {', '.join(choices)}")
        return value

    def choice_or_none(self, name: str, choices: Sequence[str]) -> str | None:
        """Read one of the words, or null."""
        return None if self._take(name) is None else self.choice(name, choices)

    def choices(self, name: str, choices: Sequence[str]) -> tuple[str, ...]:
        """Read a list of different ones of the words."""
        value = self._take(name)
        if not isinstance(value, list) or not all(
            isinstance(each, str) and each in choices for each in value
        ):
            raise self._error(name, f"must be a list of {', '.join(choices)}")
        if len(set(value)) != len(value):
            raise self._error(name, "must not hold a word twice")
        return tuple(value)

    def inner(self, name: str) -> "Fields":
        """Read an object."""
        return Fields(self._take(name), self._name(name))

    def period(self, start: str, end: str) -> tuple[datetime, datetime]:
        """Read two moments of which the second is not before the first."""
        first, last = self._moment(start), self._moment(end)
        if last < first:
            raise self._error(end, f"must not be before {start}")
        return first, last

    def items(self, name: str, *, fewest: int, most: int) -> "Iterator[Fields]":
        """Read a list of objects."""
        value = self._take(name)
        if not isinstance(value, list) or not fewest <= len(value) <= most:
            raise self._error(name, f"must be a list of {fewest}-{most} objects")
        return (Fields(each, f"{self._name(name)}[{i}]") for i, each in enumerate(value))

    def optional_texts(self, name: str, *, fewest: int, most: int) -> list[tuple[str, str]]:
        """Read a list of texts, each with its path; an absent list is empty."""
        if name not in self._values:
            return []
        value = self._take(name)
        if not isinstance(value, list) or not fewest <= len(value) <= most:
            raise self._error(name, f"must be a list of {fewest}-{most} texts")
        if not all(isinstance(each, str) for each in value):
            raise self._error(name, "must hold texts")
        return [(f"{self._name(name)}[{i}]", each) for i, each in enumerate(value)]

    def refuse_others(self) -> None:
        """Raise InvalidRequestError where the object has a field that was not read."""
        for name in self._values.keys() - self._read:
            raise self._error(name[:50], "is not a field of the request")

    def _moment(self, name: str) -> datetime:
        value = self._take(name)
        try:
            moment = datetime.fromisoformat(value if isinstance(value, str) else "")
        except ValueError:
            moment = None
        if moment is None or moment.utcoffset() is None:
            raise self._error(name, "must be an ISO 8601 date and time with an offset")
        return moment

    def _take(self, name: str) -> object:
        self._read.add(name)
        try:
            return self._values[name]
        except KeyError:
            raise self._error(name, "is missing") from None

    def _error(self, name: str, problem: str) -> InvalidRequestError:
        return InvalidRequestError(f"{self._name(name)} {problem}")

    def _name(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name


def _fraction(value: object) -> float | None:
    # NaN, which Python's JSON reader lets in, is in no range.
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    return None
