"""When a picture was taken: from its EXIF, else its name, else the file's own time."""

from datetime import UTC, datetime, timedelta, timezone, tzinfo
import re

from .exif import ExifTime, exif_time

HEAD_BYTES = 64 * 1024 + 4  # of a file, which hold the EXIF block where there is one

_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_MAX_AHEAD = timedelta(days=1)  # of the file's own time

_EXIF = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)")
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)")
# 20261123_131903, 20261123131903, 2026-11-23_13-19-03, MDAlarm_20261123-131903, 2026-11-23T13.19.03
_NAME = re.compile(
    r"(?<!\d)(20\d\d)([-_.]?)(\d\d)\2(\d\d)[-_.T ]{0,2}(\d\d)([-_.:]?)(\d\d)\6(\d\d)(?!\d{4})"
)


def capture_time(head: bytes, filename: str, mtime: datetime, time_zone: tzinfo) -> datetime:
    """Return when the picture was taken, in the home's time zone.

    `head` is the file's first HEAD_BYTES. A time before 2000 or more than a day after the file's
    own is a camera with a wrong clock, and the next source counts.
    """
    for time in (_from_exif(exif_time(head), time_zone), _from_name(filename, time_zone)):
        if time is not None and _EARLIEST <= time <= mtime + _MAX_AHEAD:
            return time.astimezone(time_zone)
    return mtime.astimezone(time_zone)


def _from_exif(found: ExifTime | None, time_zone: tzinfo) -> datetime | None:
    if found is None:
        return None
    match = _EXIF.fullmatch(found.text)
    if match is None:
        return None
    return _datetime(match.groups(), _zone(found.offset) or time_zone)


def _from_name(filename: str, time_zone: tzinfo) -> datetime | None:
    match = _NAME.search(filename)
    if match is None:
        return None
    return _datetime(match.group(1, 3, 4, 5, 7, 8), time_zone)


def _datetime(fields: tuple[str, ...], zone: tzinfo) -> datetime | None:
    year, month, day, hour, minute, second = (int(field) for field in fields)
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=zone).astimezone(UTC)
    except ValueError, OverflowError:
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
