"""The capture time of an image: from EXIF, else its name, else when its file was written."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
import re

from .exif import ExifTime, exif_times
from .path_time import Reading, zone_of

HEAD_BYTES = 64 * 1024 + 4  # of a file, enough for the EXIF block

_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)  # clocks that were never set show 1970 or 1980
_MAX_AHEAD = timedelta(days=1)  # of the modification time
_YEARS = range(1970, 2100)  # that a clock may show
_CLOCKS_DIFFER = timedelta(minutes=5)  # the camera's and the one that dates its files
_NS = 1_000_000_000  # nanoseconds in a second

_EXIF = re.compile(
    r"(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.\d+)?(Z|[+-]\d\d:?\d\d)?"
)
# Android writes it into images whose camera tells no time: mapillary/mapillary_issues #2438.
_PLACEHOLDER = "2002:12:08 12:00:00"

type _Wall = tuple[datetime, tzinfo | None]  # a time as written, and its zone if it is given


class TimeSource(StrEnum):
    """What states a capture time."""

    EXIF = "exif"
    PATH = "path"  # the file's name, or its name and folders


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedTime:
    """When an image says that it was taken, by its camera's clock: it may be any time at all."""

    at: datetime  # in UTC
    source: TimeSource
    is_local: bool  # stated without an offset: read in the home's time zone


def stated_times(
    head: bytes, named: Reading | None, *, near: datetime, time_zone: tzinfo
) -> tuple[StatedTime, ...]:
    """Return the capture times that an image states, the most trustworthy first.

    `head` is the file's first HEAD_BYTES; `named` is what NamePatterns reads in its path. `near` is
    when the file was written or found: of the two times that a local time in the repeated hour of
    autumn can be, it is the later one unless that lies after `near`.
    """
    exif = exif_times(head)
    written = [(TimeSource.EXIF, _from_exif(found)) for found in exif if not found.is_change]
    if named is not None:
        written.append((TimeSource.PATH, (named.wall, named.zone)))
    # Software that changes an image may say when; its name still says when it was taken.
    written += [(TimeSource.EXIF, _from_exif(found)) for found in exif if found.is_change]
    return tuple(_stated(written, near, time_zone))


def clock_time(stated: Sequence[StatedTime], written: datetime) -> datetime | None:
    """Return what the camera's clock showed, by its stated times; None if there is no possible one.

    A plausible one is used first. An impossible one still tells how wrong the clock is.
    """
    possible = [time.at for time in stated if time.at.year in _YEARS]
    plausible = (at for at in possible if is_plausible(at, written))
    return next(plausible, next(iter(possible), None))


def is_plausible(at: datetime, written: datetime) -> bool:
    """Return whether an image may be taken at a time, if its file was written at another.

    A time before 2000 or more than a day after the file was written comes from a wrong clock.
    """
    return _EARLIEST <= at <= written + _MAX_AHEAD


def written_at(mtime_ns: int, now: datetime) -> datetime:
    """Return when a file was written by its modification time, else `now`, in UTC.

    Devices and file systems without a clock date files to 1970 or 1980, others in the future.
    """
    earliest = _EARLIEST.timestamp() * _NS
    if not earliest <= mtime_ns <= now.timestamp() * _NS:
        return now.astimezone(UTC)
    return datetime.fromtimestamp(mtime_ns / _NS, UTC)


def _stated(
    written: list[tuple[TimeSource, _Wall | None]], near: datetime, time_zone: tzinfo
) -> Iterator[StatedTime]:
    for source, found in written:
        if found is None:
            continue
        wall, zone = found
        at = _local(wall, time_zone, near) if zone is None else _utc(wall.replace(tzinfo=zone))
        if at is not None:
            yield StatedTime(at=at, source=source, is_local=zone is None)


def _from_exif(found: ExifTime) -> _Wall | None:
    match = _EXIF.fullmatch(found.text)
    if match is None or found.text == _PLACEHOLDER:
        return None
    *fields, offset = match.groups()
    year, month, day, hour, minute, second = (int(field) for field in fields)
    try:
        wall = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - as written
    except ValueError:
        return None
    return wall, zone_of(offset or found.offset)


def _local(wall: datetime, time_zone: tzinfo, near: datetime) -> datetime | None:
    first = _utc(wall.replace(tzinfo=time_zone))
    second = _utc(wall.replace(tzinfo=time_zone, fold=1))
    if first is None or second is None or first >= second:  # also in the hour that spring skips
        return first
    return second if second <= near + _CLOCKS_DIFFER else first


def _utc(moment: datetime) -> datetime | None:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return None
