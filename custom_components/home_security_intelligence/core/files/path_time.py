"""What the path of an image can mean as a time, without a decision between its readings."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from enum import StrEnum
import re

from .named_months import folder_with_numbers, with_numbers

_MAX_NAME = 255  # characters; no file system has a longer one
_MAX_FOLDERS = 6  # up from the file, in which a date is looked for
_MAX_SHAPE = 24  # characters of a pattern


class Order(StrEnum):
    """In which order a name gives the parts of a time."""

    YEAR_FIRST = "ymd"
    DAY_FIRST = "dmy"
    MONTH_FIRST = "mdy"
    EPOCH = "epoch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One meaning of a path: the time as written, and its zone if the path gives one."""

    order: Order
    wall: datetime  # without a zone
    zone: tzinfo | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PathTime:
    """The possible meanings of a path; `pattern` is the same for names that are made alike."""

    pattern: str
    readings: tuple[
        Reading, ...
    ]  # none if the numbers are in the places of a time but cannot be one
    is_certain: bool  # one name is enough: the only reading, and no counter looks like it
    may_count: bool  # six digits in a row: a time of day, or a counter
    has_half: bool  # AM or PM


_DATE = r"\d{4}(?P<ds>[-_.])\d\d(?P=ds)\d\d|\d{8}"
_OTHER_DATE = r"\d{1,2}(?P<ds>[-_.])\d{1,2}(?P=ds)20\d\d|\d\d(?P<ds2>[-_.])\d\d(?P=ds2)\d\d|\d{6}"
_GAP = r"[-_@+., ]{1,3}"
_TIME = r"\d{1,2}(?P<ts>[-_.:])\d\d(?P=ts)\d\d|\d{6}"
_MS = r"(?P<ms>\d{3})?(?!\d)"
_FRACTION = r"(?P<fraction>\.\d{1,9}(?!\d)|[-_]\d{3}(?!\d))?"
_HALF = r"(?:[ _]?(?P<half>[AaPp])\.?[Mm](?![A-Za-z]))?"
_ZONE = r"(?:[ _]?(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d)(?![A-Za-z\d]))?"
_TAIL = _MS + _FRACTION + _HALF + _ZONE

_FORMS = (
    # 2026-11-30_16-19-41, 2026-11-30T16:19:41Z, 20261130T161941-0500, 20261130_161941 (Foscam),
    # "2022-12-23 03:34:52 PM", Entrance-2026-11-30@161941 (ACTi), 01302026_15-45-07UTC
    re.compile(rf"(?<!\d)(?P<date>{_DATE})(?P<gap>[Tt]|{_GAP})(?P<time>{_TIME}){_TAIL}"),
    # 20261130161941, also with milliseconds (Hikvision) or a number within the second (D-Link),
    # 30112026161941
    re.compile(rf"(?<!\d)(?P<date>\d{{8}})(?P<gap>)(?P<time>\d{{6}})(?:\d\d(?!\d))?{_TAIL}"),
    # 30-11-2026_16.19.41 (Dafang), "2-9-2020, 11.21.12pm" (UniFi Protect), A261130_161941 (HI3510),
    # image26-11-30_16-19-41-45 (Axis)
    re.compile(rf"(?<!\d)(?P<date>{_OTHER_DATE})(?P<gap>{_GAP})(?P<time>{_TIME}){_TAIL}"),
    # image26113016194101 (Sony: with a number within the second), 261130161941
    re.compile(r"(?<!\d)(?P<date>\d{6})(?P<gap>)(?P<time>\d{6})(?:\d\d)?(?!\d)"),
)
# front-1606742747.272411-0lbwng (Frigate), c20-1616783552981
_EPOCH = re.compile(r"(?<!\d)(?P<seconds>1\d{9})(?:(?P<ms>\d{3})|\.(?P<part>\d{1,9}))?(?!\d)")
# 2026Y11M30D16H/19M41S20, also after the number of an event (Yi)
_YI = re.compile(
    r"(?:^|/)(?P<day>20\d\dY\d\dM\d\dD)(?P<hour>\d\d)H/(?:E\d)?(?P<minute>\d\d)M(?P<second>\d\d)S\d*$"
)
_DAY_FOLDER = re.compile(r"(?:^|\D)(?P<date>20\d\d([-_.]?)\d\d\2\d\d)$")
_TIME_BELOW = re.compile(
    r"(?<!\d)(?P<time>\d\d(?P<ts>[-_.:])\d\d(?P=ts)\d\d)(?!\d)(?!(?P=ts)\d)"
    r"(?:[-_](?P<ms>\d{3})(?!\d))?"
)
_RUN_BELOW = re.compile(r"(?<!\d)(?P<time>\d{6})(?:[-_]?(?P<ms>\d{3}))?(?!\d)")
_SECOND_BELOW = re.compile(r"(?:.*/)?(?P<time>\d\d/\d\d/\d\d)(?:\[.*)?")  # 12/57/18[M][0@0][0]


def read_path(path: str) -> PathTime | None:
    """Return what a path within a camera's folder can mean as a time; None if it has none.

    A time belongs to an image only if the file's own name ends it: a folder that is named by a
    moment is that of a recording, not of each of its images.
    """
    folders, _, name = path.rpartition("/")
    stem = name.rpartition(".")[0] or name
    if len(stem) > _MAX_NAME:
        return None
    day = _day_of(folders)
    stem = with_numbers(stem)
    first = None
    for found in _meanings(folders, stem, day):
        if found.readings:
            return _confirmed(found, day)
        first = first or found
    return first


def zone_of(text: str | None) -> tzinfo | None:
    """Return the zone that `Z`, `UTC`, `+01:00` or `-0500` mean; None for any other text."""
    if text in {"Z", "UTC", "GMT"}:
        return UTC
    match = re.fullmatch(r"([+-])(\d\d):?(\d\d)", text or "")
    if match is None:
        return None
    sign, hours, minutes = match.groups()
    if int(hours) > 14 or int(minutes) > 59:
        return None
    ahead = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-ahead if sign == "-" else ahead)


def _meanings(folders: str, stem: str, day: str | None) -> Iterator[PathTime]:
    """Yield what each form that fits can mean, the most telling form first."""
    if match := _YI.search(f"{folders}/{stem}"):
        time = match["hour"] + match["minute"] + match["second"]
        yield _found("yi", _readings(_digits(match["day"]), time, {}), is_certain=True)
    for number, form in enumerate(_FORMS):
        for match in filter(_stands_alone, form.finditer(stem)):
            yield _in_name(f"{number}:{_shape(stem[: match.start()])}", match)
    if match := _EPOCH.search(stem):
        yield _found(f"epoch:{_shape(stem[: match.start()])}", (_epoch(match),))
    if day is None:
        return
    time_below = next(filter(_stands_alone, _TIME_BELOW.finditer(stem)), None)
    if match := time_below or _SECOND_BELOW.fullmatch(f"{folders}/{stem}"):
        time = _digits(match["time"])
        yield _found("below", _readings(day, time, match.groupdict()), is_certain=True)
    elif match := _RUN_BELOW.search(stem):
        readings = _readings(day, match["time"], match.groupdict())
        yield _found(f"run:{_shape(stem[: match.start()])}", readings, may_count=True)


def _in_name(pattern: str, match: re.Match[str]) -> PathTime:
    parts = match.groupdict()
    is_iso = parts["gap"] in {"T", "t"}
    if not is_iso and re.fullmatch(r"-\d{4}", parts.get("zone") or ""):
        parts["zone"] = None  # a number that the camera counts
    date = _digits(parts["date"])
    # Google's phones name images by UTC: PXL_20240101_012612027
    is_pixel = match.string[: match.start()].endswith("PXL_") and parts.get("ms") is not None
    if is_pixel:
        parts["zone"] = "UTC"
    readings = _readings(date, _digits(parts["time"]), parts)
    is_run = parts["time"].isdigit()
    # A device that numbers its images writes a gap between the date and the number.
    has_clock = is_iso or is_pixel or not is_run or (len(date) == 8 and not parts["gap"])
    return _found(
        pattern,
        readings,
        is_certain=has_clock
        and len(date) == 8
        and [reading.order for reading in readings] == [Order.YEAR_FIRST],
        may_count=not has_clock,
        has_half=parts.get("half") is not None,
    )


def _stands_alone(match: re.Match[str]) -> bool:
    """Return whether the numbers do not go on to the left, as those of an address do."""
    parts = match.groupdict()
    if "date" in parts and not parts.get("ds2"):
        return True  # four digits of a year, or no separators
    first = parts.get("ds2") or parts["ts"]
    before = match.string[max(match.start() - 2, 0) : match.start()]
    return not (before[1:] == first and before[0].isdigit())


def _found(
    pattern: str,
    readings: tuple[Reading, ...],
    *,
    is_certain: bool = False,
    may_count: bool = False,
    has_half: bool = False,
) -> PathTime:
    return PathTime(
        pattern=pattern,
        readings=readings,
        is_certain=is_certain and len(readings) == 1,
        may_count=may_count,
        has_half=has_half,
    )


def _confirmed(found: PathTime, day: str | None) -> PathTime:
    """Keep only the reading of a date whose order the date of the folder shows."""
    if found.is_certain or found.may_count or len(found.readings) < 2:
        return found
    same = [each for each in found.readings if f"{each.wall:%Y%m%d}" == day]
    return replace(found, readings=tuple(same), is_certain=True) if len(same) == 1 else found


def _readings(date: str, time: str, parts: Mapping[str, str | None]) -> tuple[Reading, ...]:
    """Return the readings of a date of 6 or 8 digits at a time of 6 digits."""
    year = len(date) - 4  # its number of digits
    orders = {
        Order.YEAR_FIRST: (date[:year], date[year:-2], date[-2:]),
        Order.DAY_FIRST: (date[4:], date[2:4], date[:2]),
        Order.MONTH_FIRST: (date[4:], date[:2], date[2:4]),
    }
    hour = int(time[:2])
    if half := parts.get("half"):
        if not 1 <= hour <= 12:
            return ()
        hour = hour % 12 + (12 if half in "Pp" else 0)
    fraction = (parts.get("ms") or parts.get("fraction") or "").lstrip("._-")
    clock = (hour, int(time[2:4]), int(time[4:]), _micros(fraction))
    zone = zone_of(parts.get("zone"))
    found = []
    for order, (years, month, day) in orders.items():
        wall = _wall(int(years) + (2000 if year == 2 else 0), int(month), int(day), *clock)
        if wall is not None:
            found.append(Reading(order=order, wall=wall, zone=zone))
    return tuple(found)


def _epoch(match: re.Match[str]) -> Reading:
    micros = _micros(match["ms"] or match["part"] or "")
    wall = datetime(1970, 1, 1) + timedelta(seconds=int(match["seconds"]), microseconds=micros)  # noqa: DTZ001 - in the zone beside it
    return Reading(order=Order.EPOCH, wall=wall, zone=UTC)


def _day_of(folders: str) -> str | None:
    """Return the date of the folder, or of three folders in a row, that is next to the file."""
    names = [folder_with_numbers(name) for name in folders.split("/")[-_MAX_FOLDERS:]]
    while names:
        if match := _DAY_FOLDER.search(names[-1]):
            return _digits(match["date"])
        if re.fullmatch(r"20\d\d/\d\d/\d\d", "/".join(names[-3:])):
            return "".join(names[-3:])
        names.pop()
    return None


def _digits(text: str) -> str:
    """Return the digits of a text; a number of one digit gets a zero."""
    return "".join(each.zfill(2) for each in re.findall(r"\d+", text))


def _shape(before: str) -> str:
    """Return what the text before a time has in common with that of other names."""
    return re.sub(r"\d+", "#", re.sub(r"[^\W\d_]+", "a", before))[-_MAX_SHAPE:]


def _micros(digits: str) -> int:
    return int(digits[:6].ljust(6, "0")) if digits else 0


def _wall(
    year: int, month: int, day: int, hour: int, minute: int, second: int, micros: int
) -> datetime | None:
    if not 1970 <= year < 2100:
        return None
    try:
        return datetime(year, month, day, hour, minute, second, micros)  # noqa: DTZ001 - as written
    except ValueError:
        return None
