"""Days, times and parts of the day in a note."""

from collections.abc import Iterator
from datetime import datetime, timedelta
import re
from typing import Final

from inference_server.assessment.claims.text import Clause
from inference_server.assessment.facts import Facts

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june", "july", "august"),
    *("september", "october", "november", "december"),
)
MOMENT_NAMES: Final = frozenset({*WEEKDAYS, *(f"{day}s" for day in WEEKDAYS), *_MONTHS})
_NOT_MONTHS: Final = frozenset({"may", "march"})  # also verbs
_HOURS: Final = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
}
_FOREIGN_DAYS: Final = frozenset(
    {"yesterday", "tomorrow", "christmas", "holiday", "holidays", "vacation"}
)
_CLOCK: Final = re.compile(r"\b(\d{1,2}):(\d\d)\b(?: (am|pm))?")
_HOUR: Final = re.compile(r"\b(\d{1,2}|[a-z]+) (am|pm|o'clock)\b")
_AFTER: Final = re.compile(r"\b(?:after|before|past|at|around) ([a-z]+)(?: in the| at| on|$)")
_NEAR: Final = timedelta(minutes=75)  # "around noon", "shortly before midnight"
_SLACK: Final = timedelta(minutes=1)

# Hours of the day from, to (excluded) in which a word may be said.
_SPANS: Final = (
    (re.compile(r"\b(?:nights?|night-?time|overnight)\b"), 21.5, 6.5),
    (re.compile(r"\bmornings?\b"), 3.0, 12.0),
    (re.compile(r"\bafternoons?\b"), 12.0, 18.5),
    (re.compile(r"\bevenings?\b"), 17.0, 24.0),
    (
        re.compile(
            r"\b(?:by day|daytime|daylight|broad day|(?:during|in the middle of) the day|sunny|sunshine)\b"
        ),
        6.5,
        21.0,
    ),
    (re.compile(r"\b(?:dark|darkness|moonlight)\b"), 16.5, 8.0),
    (re.compile(r"\b(?:dawn|sunrise)\b"), 4.0, 9.0),
    (re.compile(r"\b(?:dusk|sunset|twilight)\b"), 16.0, 22.5),
)


def find_wrong_moments(clause: Clause, facts: Facts) -> Iterator[str]:
    """Return each day, time and part of the day that is not the event's."""
    text, start, end = clause.text, facts.started_at, facts.ended_at
    yield from _wrong_days(clause, start, end)
    for found in _CLOCK.finditer(text):
        if not _is_at(_hour(int(found[1]), found[3]), int(found[2]), start, end):
            yield found[0]
    for found in _HOUR.finditer(text):
        hour = int(found[1]) if found[1].isdecimal() else _HOURS.get(found[1])
        if hour is not None and not _is_near(_hours(hour, found[2]), start):
            yield found[0]
    for found in _AFTER.finditer(text):
        if (hour := _HOURS.get(found[1])) and not _is_near(_hours(hour, None), start):
            yield found[0].strip()
    for word, hour in (("midnight", 0), ("noon", 12), ("midday", 12)):
        if clause.has(word) and not _is_near_noon(text, word, hour, start):
            yield word
    if clause.negated:
        return
    hour_of_day = start.hour + start.minute / 60
    for pattern, low, high in _SPANS:
        said = pattern.search(text)
        if said and not _is_within(hour_of_day, low, high) and not _is_said(said[0], facts):
            yield said[0]


def _wrong_days(clause: Clause, start: datetime, end: datetime) -> Iterator[str]:
    allowed = {WEEKDAYS[start.weekday()], WEEKDAYS[end.weekday()]}
    if start.hour < 6 and clause.has("night"):
        allowed.add(WEEKDAYS[(start.weekday() - 1) % 7])  # the night from Saturday to Sunday
    for word in clause.words:
        day = word.removesuffix("'s").removesuffix("s")
        wrong = (
            (day in WEEKDAYS and day not in allowed)
            or (word in _MONTHS and word not in _NOT_MONTHS and word != _MONTHS[start.month - 1])
            or (word == "weekend" and start.weekday() < 5 and not clause.negated)
            or word in _FOREIGN_DAYS
        )
        if wrong:
            yield word


def _is_said(word: str, facts: Facts) -> bool:
    """Whether the rules call the part of the day so."""
    part = facts.part_of_day or ""
    return word in part or (word in {"by day", "daytime", "daylight"} and part == "day")


def _is_within(hour: float, low: float, high: float) -> bool:
    return low <= hour < high if low < high else hour >= low or hour < high


def _hour(hour: int, half: str | None) -> int:
    if half == "pm":
        return hour % 12 + 12
    return hour % 12 if half == "am" else hour


def _hours(hour: int, half: str | None) -> tuple[int, ...]:
    return (_hour(hour, half),) if half in {"am", "pm"} else (hour % 24, (hour + 12) % 24)


def _is_at(hour: int, minute: int, start: datetime, end: datetime) -> bool:
    if hour > 23 or minute > 59:
        return False
    said = start.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return start - _SLACK < said <= end + _SLACK or said == start.replace(second=0, microsecond=0)


def _is_near(hours: tuple[int, ...], start: datetime) -> bool:
    return any(_distance(hour, start) <= _NEAR for hour in hours)


def _is_near_noon(text: str, word: str, hour: int, start: datetime) -> bool:
    if word != "midnight" and re.search(rf"\bbefore {word}\b", text):
        return start.hour < 12
    if re.search(rf"\bafter {word}\b", text):
        return (start.hour < 6) if hour == 0 else start.hour >= 12
    return _distance(hour, start) <= _NEAR


def _distance(hour: int, start: datetime) -> timedelta:
    said = start.replace(hour=hour, minute=0, second=0, microsecond=0)
    return min(abs(said + timedelta(days=days) - start) for days in (-1, 0, 1))
