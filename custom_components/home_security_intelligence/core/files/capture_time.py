"""The capture time of an image: from EXIF, else the file name, else the modification time."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from enum import StrEnum
import re

from .exif import ExifTime, exif_time

HEAD_BYTES = 64 * 1024 + 4  # of a file, enough for the EXIF block

_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_MAX_AHEAD = timedelta(days=1)  # of the modification time
_CLOCKS_DIFFER = timedelta(minutes=5)  # the camera's and the one that dates its files

type _Wall = tuple[datetime, tzinfo | None]  # a time as written, and its zone if it is given

_EXIF = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)")
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)")
# 20261123_131903, 20261123131903, 2026-11-23_13-19-03, MDAlarm_20261123-131903, 2026-11-23T13.19.03
_NAME = re.compile(
    r"(?<!\d)(20\d\d)([-_.]?)(\d\d)\2(\d\d)[-_.T ]{0,2}(\d\d)([-_.:]?)(\d\d)\6(\d\d)(?!\d{4})"
)
# Axis: image26-11-23_13-19-03-45.jpg
_SHORT_YEAR = re.compile(r"(?:^|[^\d-])(\d\d)-(\d\d)-(\d\d)_(\d\d)-(\d\d)-(\d\d)-\d\d(?!\d)")
# Dahua and Amcrest: 2026-11-23/pic_001/13.19.03[M][0@0][0].jpg, 2026-11-23/001/jpg/13/19/03[M]...
_DATE_FOLDER = re.compile(
    r"(?:^|/)(20\d\d)-(\d\d)-(\d\d)/(?:[^/]+/){0,4}?(\d\d)([./])(\d\d)\5(\d\d)\[[^/]*$"
)


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
    head: bytes, path: str, *, near: datetime, time_zone: tzinfo
) -> tuple[StatedTime, ...]:
    """Return the capture times that an image states, the most trustworthy first.

    `head` is the file's first HEAD_BYTES; `path` is relative to the camera root. `near` is when the
    file was written or found: of the two times that a local time in the repeated hour of autumn can
    be, it is the later one unless that lies after `near`.
    """
    stated = []
    for source, found in (
        (TimeSource.EXIF, _from_exif(exif_time(head))),
        (TimeSource.PATH, _from_path(path)),
    ):
        if found is None:
            continue
        wall, zone = found
        at = _local(wall, time_zone, near) if zone is None else _utc(wall.replace(tzinfo=zone))
        if at is not None:
            stated.append(StatedTime(at=at, source=source, is_local=zone is None))
    return tuple(stated)


def capture_time(head: bytes, path: str, mtime: datetime, time_zone: tzinfo) -> datetime:
    """Return when the image was taken, in the home's time zone.

    A stated time before 2000 or more than a day after the file's modification time comes from a
    wrong camera clock: the next one is used, and at last the modification time.
    `reader.read_capture_time` also rejects a time in the future.
    """
    for stated in stated_times(head, path, near=mtime, time_zone=time_zone):
        if _EARLIEST <= stated.at <= mtime + _MAX_AHEAD:
            return stated.at.astimezone(time_zone)
    return mtime.astimezone(time_zone)


def _from_exif(found: ExifTime | None) -> _Wall | None:
    if found is None:
        return None
    match = _EXIF.fullmatch(found.text)
    if match is None:
        return None
    return _wall(match.groups(), _zone(found.offset))


def _from_path(path: str) -> _Wall | None:
    name = path.rpartition("/")[2]
    if match := _NAME.search(name):
        return _wall(match.group(1, 3, 4, 5, 7, 8))
    if match := _SHORT_YEAR.search(name):
        year, *rest = match.groups()
        return _wall((f"20{year}", *rest))
    if match := _DATE_FOLDER.search(path):
        return _wall(match.group(1, 2, 3, 4, 6, 7))
    return None


def _wall(fields: tuple[str, ...], zone: tzinfo | None = None) -> _Wall | None:
    year, month, day, hour, minute, second = (int(field) for field in fields)
    try:
        return datetime(year, month, day, hour, minute, second), zone  # noqa: DTZ001 - as written
    except ValueError:
        return None


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


def _zone(offset: str | None) -> tzinfo | None:
    match = _OFFSET.fullmatch(offset or "")
    if match is None:
        return None
    sign, hours, minutes = match.groups()
    if int(hours) > 14 or int(minutes) > 59:
        return None
    ahead = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-ahead if sign == "-" else ahead)
