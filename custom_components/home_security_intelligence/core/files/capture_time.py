"""The capture time of an image: from EXIF, else the file name, else the modification time."""

from datetime import UTC, datetime, timedelta, timezone, tzinfo
import re

from .exif import ExifTime, exif_time

HEAD_BYTES = 64 * 1024 + 4  # of a file, enough for the EXIF block

_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_MAX_AHEAD = timedelta(days=1)  # of the modification time

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


def capture_time(head: bytes, path: str, mtime: datetime, time_zone: tzinfo) -> datetime:
    """Return when the image was taken, in the home's time zone.

    `head` is the file's first HEAD_BYTES; `path` is relative to the camera root. A time before 2000
    or more than a day after the file's modification time comes from a wrong camera clock: the next
    source is used. `reader.read_capture_time` also rejects a time in the future.
    """
    for time in (_from_exif(exif_time(head), time_zone), _from_path(path, time_zone)):
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


def _from_path(path: str, time_zone: tzinfo) -> datetime | None:
    name = path.rpartition("/")[2]
    if match := _NAME.search(name):
        return _datetime(match.group(1, 3, 4, 5, 7, 8), time_zone)
    if match := _SHORT_YEAR.search(name):
        year, *rest = match.groups()
        return _datetime((f"20{year}", *rest), time_zone)
    if match := _DATE_FOLDER.search(path):
        return _datetime(match.group(1, 2, 3, 4, 6, 7), time_zone)
    return None


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
