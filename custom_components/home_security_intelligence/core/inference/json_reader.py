"""Read JSON strictly: a missing field or a wrong type is an error."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
import json
import math
from uuid import UUID

from ..domain.errors import ClientError
from .server_text import NAME_LIMIT, TEXT_LIMIT, clean

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None


MAX_INTEGER = 2**63 - 1  # of PostgreSQL
MAX_ITEMS = 5000  # of a list


class JsonReader:
    """One JSON object of a response; every method raises ClientError naming the field.

    Texts are bounded and have no credentials: they may end up in states, repairs and diagnostics.
    """

    def __init__(self, fields: dict[str, Json], where: str = "") -> None:
        self._fields = fields
        self._where = where

    def has(self, key: str) -> bool:
        """Return whether the field is present."""
        return key in self._fields

    def text(self, key: str, min_length: int = 0, max_length: int | None = None) -> str:
        """Return a string of `min_length` to `max_length` characters, by default cut to TEXT_LIMIT."""
        value = self._string(key)
        if len(value) < min_length or (max_length is not None and len(value) > max_length):
            raise self._wrong(key, "a string of the allowed length")
        return clean(value, max_length or TEXT_LIMIT)

    def name(self, key: str) -> str:
        """Return a string, cut to NAME_LIMIT."""
        return clean(self._string(key), NAME_LIMIT)

    def flag(self, key: str) -> bool:
        """Return a boolean."""
        value = self._value(key)
        if not isinstance(value, bool):
            raise self._wrong(key, "true or false")
        return value

    def integer(self, key: str, low: int = 0, high: int = MAX_INTEGER) -> int:
        """Return an integer from `low` to `high`."""
        value = self._value(key)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._wrong(key, "an integer")
        if not low <= value <= high:
            raise self._wrong(key, "in the allowed range")
        return value

    def number(self, key: str, low: float = 0.0, high: float = math.inf) -> float:
        """Return a finite number from `low` to `high`."""
        return self._number(key, self._value(key), low, high)

    def numbers(self, key: str, count: int, low: float, high: float) -> tuple[float, ...]:
        """Return exactly `count` finite numbers from `low` to `high`."""
        values = self._list(key)
        if len(values) != count:
            raise self._wrong(key, f"a list of {count} numbers")
        return tuple(self._number(key, value, low, high) for value in values)

    def names(self, key: str) -> tuple[str, ...]:
        """Return a list of strings, each cut to NAME_LIMIT."""
        values = self._list(key)
        names = tuple(clean(value, NAME_LIMIT) for value in values if isinstance(value, str))
        if len(names) != len(values):
            raise self._wrong(key, "a list of strings")
        return names

    def choice[E: StrEnum](self, key: str, choices: type[E]) -> E:
        """Return a member of the enum."""
        try:
            return choices(self._string(key))
        except ValueError as err:
            raise self._wrong(key, f"one of {', '.join(choices)}") from err

    def time(self, key: str) -> datetime:
        """Return a timestamp, which must have a UTC offset."""
        try:
            value = datetime.fromisoformat(self._string(key))
        except ValueError as err:
            raise self._wrong(key, "a timestamp") from err
        if value.tzinfo is None:
            raise self._wrong(key, "a timestamp with a UTC offset")
        return value

    def uuid(self, key: str) -> UUID:
        """Return a UUID."""
        try:
            return UUID(self._string(key))
        except ValueError as err:
            raise self._wrong(key, "a UUID") from err

    def object(self, key: str) -> JsonReader:
        """Return a nested object."""
        value = self._value(key)
        if not isinstance(value, dict):
            raise self._wrong(key, "an object")
        return JsonReader(value, self._path(key))

    def objects(self, key: str) -> tuple[JsonReader, ...]:
        """Return a list of objects."""
        readers = []
        for index, value in enumerate(self._list(key)):
            if not isinstance(value, dict):
                raise self._wrong(key, "a list of objects")
            readers.append(JsonReader(value, f"{self._path(key)}[{index}]"))
        return tuple(readers)

    def optional[T](self, key: str, reader: Callable[[str], T]) -> T | None:
        """Return None for a null field, otherwise the result of `reader`."""
        return None if self._value(key) is None else reader(key)

    def _value(self, key: str) -> Json:
        if key not in self._fields:
            raise self._wrong(key, "present")
        return self._fields[key]

    def _string(self, key: str) -> str:
        value = self._value(key)
        if not isinstance(value, str):
            raise self._wrong(key, "a string")
        return value

    def _list(self, key: str) -> list[Json]:
        value = self._value(key)
        if not isinstance(value, list):
            raise self._wrong(key, "a list")
        if len(value) > MAX_ITEMS:
            raise self._wrong(key, f"a list of at most {MAX_ITEMS} items")
        return value

    def _number(self, key: str, value: Json, low: float, high: float) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise self._wrong(key, "a number")
        try:
            number = float(value)
        except OverflowError as err:
            raise self._wrong(key, "in the allowed range") from err
        if not math.isfinite(number) or not low <= number <= high:
            raise self._wrong(key, "in the allowed range")
        return number

    def _path(self, key: str) -> str:
        return f"{self._where}.{key}" if self._where else key

    def _wrong(self, key: str, expected: str) -> ClientError:
        return ClientError(
            f"The inference server's response is malformed: {self._path(key)} is not {expected}.",
            code="malformed_answer",
        )


def read_object(body: bytes) -> JsonReader:
    """Return the JSON object in the body; raises ClientError for anything else."""
    try:
        value: Json = json.loads(body)
    except (ValueError, RecursionError) as err:
        raise ClientError(
            "The inference server's response is not JSON.", code="malformed_answer"
        ) from err
    if not isinstance(value, dict):
        raise ClientError(
            "The inference server's response is not a JSON object.", code="malformed_answer"
        )
    return JsonReader(value)
