"""What is declared of a setting. Settings, environment, forms, help and docs derive from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
import re
from typing import Any

type Value = bool | int | float | str | frozenset[str]

_DECLARATION = "declaration"  # the key in a dataclass field's metadata
_FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_UNITS = {"s": "seconds", "d": "days"}  # as words; other units are words already
LABELS = "labels"
_LABEL = re.compile(r"[a-z0-9][a-z0-9 _-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """How Home Assistant's options form shows a setting."""

    key: str  # of the stored option
    label: str
    section: str | None = None  # None: above the sections, always visible
    step: float = 1
    slider: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """One setting. The type of its default is the type of its values."""

    name: str
    default: Value
    description: str  # sentences for the user
    unit: str | None
    allowed: tuple[float, float] | None  # lowest and highest value, of what a user may enter
    variable: str | None  # environment variable of the headless worker
    variable_offset: int  # added to the variable's number
    variable_description: str | None  # if the variable needs another one
    option: Option | None
    shared: bool  # must agree between all workers on one database
    items: str  # what a set consists of: labels, or names of files

    @property
    def unit_suffix(self) -> str:
        """The unit in words, to follow a number; empty if there is none."""
        return "" if self.unit is None else f" {_UNITS.get(self.unit, self.unit)}"

    def parse(self, text: str) -> Value:
        """Return the value that an environment variable's text stands for; raises ValueError."""
        match self.default:
            case bool():
                if text.lower() not in _FLAGS:
                    raise ValueError(f"{text!r} is neither true nor false")
                return _FLAGS[text.lower()]
            case str():
                return text
            case frozenset():
                return _parse_labels(text) if self.items == LABELS else _items_of(text)
            case int() | float():
                return self._parse_number(text)

    def format(self, value: Value) -> str:
        """Return a value as the environment variable's text; the inverse of `parse`."""
        match value:
            case bool():
                return "true" if value else "false"
            case frozenset():
                return ",".join(sorted(value))
            case str():
                return value
            case int() | float():
                return f"{value - self.variable_offset:.15g}"

    def to_json(self, value: Value) -> bool | int | float | str | list[str]:
        """Return a value as JSON stores it."""
        return sorted(value) if isinstance(value, frozenset) else value

    def from_json(self, value: object) -> Value:
        """Return a value that `to_json` has stored; raises ValueError for one of another type."""
        match self.default, value:
            case (bool(), bool(flag)):
                return flag
            case (bool(), _) | (_, bool()):
                pass
            case (str(), str(text)):
                return text
            case (frozenset(), list(items)) if all(isinstance(item, str) for item in items):
                return frozenset(items)
            case (int(), int(number)):
                return number
            case (float(), (int() | float()) as number):
                return float(number)
        raise ValueError(f"{value!r} is not a value of {self.name}")

    def _parse_number(self, text: str) -> int | float:
        whole = isinstance(self.default, int)
        try:
            number = (int(text) if whole else float(text)) + self.variable_offset
        except ValueError as error:
            raise ValueError(f"{text!r} is not a {'whole ' if whole else ''}number") from error
        if self.allowed is not None and not self.allowed[0] <= number <= self.allowed[1]:
            low, high = (self.format(limit) for limit in self.allowed)
            raise ValueError(f"{text} is not between {low} and {high}")
        return number


def setting[T: Value](
    default: T,
    description: str,
    *,
    unit: str | None = None,
    allowed: tuple[float, float] | None = None,
    variable: str | None = None,
    variable_offset: int = 0,
    variable_description: str | None = None,
    option: Option | None = None,
    shared: bool = False,
    items: str = LABELS,
) -> T:
    """Declare a field of a settings dataclass; the field's name becomes the setting's."""
    declaration = Declaration(
        name="",
        default=default,
        description=description,
        unit=unit,
        allowed=allowed,
        variable=variable,
        variable_offset=variable_offset,
        variable_description=variable_description,
        option=option,
        shared=shared,
        items=items,
    )
    return field(default=default, metadata={_DECLARATION: declaration})


def declarations_of(settings: type[Any]) -> Mapping[str, Declaration]:
    """Return the declarations of a settings dataclass by name, in order."""
    return {
        item.name: replace(item.metadata[_DECLARATION], name=item.name) for item in fields(settings)
    }


def _items_of(text: str) -> frozenset[str]:
    return frozenset(item.strip().lower() for item in text.split(",") if item.strip())


def _parse_labels(text: str) -> frozenset[str]:
    labels = _items_of(text)
    if not labels or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError(f"{text!r} is not a list of labels separated by commas")
    return labels
