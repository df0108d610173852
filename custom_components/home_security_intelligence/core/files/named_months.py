"""Dates with the English name of their month, written as the dates in numbers that they mean."""

import re

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_GAP = r"[-_. ]?"
_YEAR = r"(?P<year>20\d\d)"
_DATES = (
    # 30-Nov-2026, 30Nov2026161941
    re.compile(rf"(?<!\d)(?P<day>\d{{1,2}}){_GAP}{_MONTH}{_GAP}{_YEAR}", re.IGNORECASE),
    # 2026-Nov-30
    re.compile(rf"(?<!\d){_YEAR}{_GAP}{_MONTH}{_GAP}(?P<day>\d\d)(?!\d)", re.IGNORECASE),
    # Nov-30-2026, November 30, 2026
    re.compile(
        rf"(?<![a-z]){_MONTH}{_GAP}(?P<day>\d{{1,2}})[-_., ]{{1,2}}{_YEAR}(?!\d)", re.IGNORECASE
    ),
)
# Nov, November, 11-Nov
_MONTH_FOLDER = re.compile(rf"(?:(?P<number>\d\d){_GAP})?{_MONTH}", re.IGNORECASE)
# 30-Monday, 30 Mon
_DAY_FOLDER = re.compile(
    r"(?P<day>\d\d)[-_. ](?:mon|tue(?:s)?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?",
    re.IGNORECASE,
)


def with_numbers(name: str) -> str:
    """Return a name with `YYYY-MM-DD` in place of its dates whose month is named.

    A day, a month by its name and a year of four digits have one meaning in any order. A time
    without a gap gets one.
    """
    for date in _DATES:
        name = date.sub(_in_numbers, name)
    return name


def folder_with_numbers(name: str) -> str:
    """Return the name of a folder with its date, or its part of a date, in numbers."""
    if match := _MONTH_FOLDER.fullmatch(name):
        month = _number(match["month"])
        return month if match["number"] in {None, month} else name
    if match := _DAY_FOLDER.fullmatch(name):
        return match["day"]
    return with_numbers(name)


def _in_numbers(match: re.Match[str]) -> str:
    date = f"{match['year']}-{_number(match['month'])}-{match['day'].zfill(2)}"
    return f"{date}_" if match.string[match.end() :][:1].isdigit() else date


def _number(month: str) -> str:
    return f"{_MONTHS.index(month[:3].lower()) + 1:02}"
