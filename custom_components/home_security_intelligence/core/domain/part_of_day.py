"""The part of the day: the one definition for rules, texts and the language model."""

from datetime import datetime
from enum import StrEnum

_NIGHT_FROM, _NIGHT_TO = 23.0, 5.0  # hours
_EARLY_TO = 6.5
_LATE_FROM = 21.0


class PartOfDay(StrEnum):
    """The part of the day, by the home's clock."""

    NIGHT = "night"  # 23:00-5:00
    EARLY = "early morning"  # 5:00-6:30
    DAY = "day"
    LATE = "late evening"  # 21:00-23:00


def part_of_day(moment: datetime) -> PartOfDay:
    """Return the part of the day of a local time."""
    hour = moment.hour + moment.minute / 60
    if hour >= _NIGHT_FROM or hour < _NIGHT_TO:
        return PartOfDay.NIGHT
    if hour < _EARLY_TO:
        return PartOfDay.EARLY
    return PartOfDay.LATE if hour >= _LATE_FROM else PartOfDay.DAY
