"""Strict reading of JSON answers: what is missing or of the wrong kind is an error."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
import json
import math
from uuid import UUID

from ..domain.errors import ClientError

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None


class Answer:
    """One JSON object of an answer; each reader raises ClientError naming the field."""

    def __init__(self, fields: dict[str, Json], where: str = "") -> None:
        self._fields = fields
        self._where = where

    def has(self, key: str) -> bool:
        """Tell whether the field is there at all."""
        return key in self._fields

    def text(self, key: str, shortest: int = 0, longest: int | None = None) -> str:
        """Return a string of at least `shortest` and at most `longest` characters."""
        value = self._value(key)
        if not isinstance(value, str):
            raise self._wrong(key, "a string")
        if len(value) < shortest or (longest is not None and len(value) > longest):
            raise self._wrong(key, "of the length it has to have")
        return value

    def flag(self, key: str) -> bool:
        """Return true or false."""
        value = self._value(key)
        if not isinstance(value, bool):
            raise self._wrong(key, "true or false")
        return value

    def integer(self, key: str, low: int = 0, high: int | None = None) -> int:
        """Return an integer of at least `low` and at most `high`."""
        value = self._value(key)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._wrong(key, "an integer")
        if value < low or (high is not None and value > high):
            raise self._wrong(key, "within its range")
        return value

    def number(self, key: str, low: float = 0.0, high: float = math.inf) -> float:
        """Return a finite number of at least `low` and at most `high`."""
        return self._number(key, self._value(key), low, high)

    def numbers(self, key: str, count: int, low: float, high: float) -> tuple[float, ...]:
        """Return exactly `count` finite numbers within the range."""
        values = self._list(key)
        if len(values) != count:
            raise self._wrong(key, f"a list of {count} numbers")
        return tuple(self._number(key, value, low, high) for value in values)

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of strings."""
        values = self._list(key)
        texts = tuple(value for value in values if isinstance(value, str))
        if len(texts) != len(values):
            raise self._wrong(key, "a list of strings")
        return texts

    def choice[E: StrEnum](self, key: str, choices: type[E]) -> E:
        """Return a member of the enum."""
        try:
            return choices(self.text(key))
        except ValueError as err:
            raise self._wrong(key, f"one of {', '.join(choices)}") from err

    def time(self, key: str) -> datetime:
        """Return a point in time; one without an offset is refused."""
        try:
            value = datetime.fromisoformat(self.text(key))
        except ValueError as err:
            raise self._wrong(key, "a timestamp") from err
        if value.tzinfo is None:
            raise self._wrong(key, "a timestamp with an offset")
        return value

    def uuid(self, key: str) -> UUID:
        """Return a UUID."""
        try:
            return UUID(self.text(key))
        except ValueError as err:
            raise self._wrong(key, "a UUID") from err

    def inner(self, key: str) -> Answer:
        """Return an object within this one."""
        value = self._value(key)
        if not isinstance(value, dict):
            raise self._wrong(key, "an object")
        return Answer(value, self._path(key))

    def inners(self, key: str) -> tuple[Answer, ...]:
        """Return a list of objects."""
        answers = []
        for index, value in enumerate(self._list(key)):
            if not isinstance(value, dict):
                raise self._wrong(key, "a list of objects")
            answers.append(Answer(value, f"{self._path(key)}[{index}]"))
        return tuple(answers)

    def optional[T](self, key: str, reader: Callable[[str], T]) -> T | None:
        """Return None where the field is null, else what the reader makes of it."""
        return None if self._value(key) is None else reader(key)

    def _value(self, key: str) -> Json:
        if key not in self._fields:
            raise self._wrong(key, "there")
        return self._fields[key]

    def _list(self, key: str) -> list[Json]:
        value = self._value(key)
        if not isinstance(value, list):
            raise self._wrong(key, "a list")
        return value

    def _number(self, key: str, value: Json, low: float, high: float) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise self._wrong(key, "a number")
        try:
            number = float(value)
        except OverflowError as err:
            raise self._wrong(key, "within its range") from err
        if not math.isfinite(number) or not low <= number <= high:
            raise self._wrong(key, "within its range")
        return number

    def _path(self, key: str) -> str:
        return f"{self._where}.{key}" if self._where else key

    def _wrong(self, key: str, expected: str) -> ClientError:
        return ClientError(
            f"The inference server's answer is malformed: {self._path(key)} is not {expected}.",
            code="malformed_answer",
        )


def read_object(body: bytes) -> Answer:
    """Return the JSON object in the body; anything else is a ClientError."""
    try:
        value: Json = json.loads(body)
    except (ValueError, RecursionError) as err:
        raise ClientError(
            "The inference server's answer is not JSON.", code="malformed_answer"
        ) from err
    if not isinstance(value, dict):
        raise ClientError(
            "The inference server's answer is not a JSON object.", code="malformed_answer"
        )
    return Answer(value)
