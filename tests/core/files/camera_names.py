"""Paths of uploaded images as real devices and programs make them, and what they state."""

from collections.abc import Iterator
import csv
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
import random
import string

_TABLE = Path(__file__).with_name("camera_paths.tsv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One row of the table: an example path, what it states, and how to make more of them.

    `kind` is `one` if a single name states the time, `many` if it takes many names to know what is
    meant, and `none` if the path has no time of the image.
    """

    device: str
    kind: str
    path: str
    states: str
    template: str
    source: str

    def stated(self, time_zone: tzinfo) -> datetime | None:
        """Return the time that the example path states."""
        if self.states == "-":
            return None
        at = datetime.fromisoformat(self.states)
        return at if at.tzinfo else at.replace(tzinfo=time_zone)

    def name(self, taken: datetime, number: int) -> str:
        """Return the path of an image; `taken` has the device's own time zone."""
        values = {
            "t": taken,
            "u": taken.astimezone(UTC),
            "b": taken.astimezone(timezone(timedelta(hours=1))),
            "z": taken.astimezone(timezone(timedelta(hours=-5))),
            "e": datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC),  # of a recording
            "n": taken + timedelta(seconds=15),
            "s": int(taken.timestamp()),
            "i": number,
            "h12": taken.hour % 12 or 12,
            "ampm": "am" if taken.hour < 12 else "pm",
            **{f"f{digits}": f"{taken.microsecond:06}"[:digits] for digits in range(2, 7)},
        }
        return string.Formatter().vformat(self.template, (), values)


def devices(*kinds: str) -> list[Device]:
    """Return the rows of these kinds, all without."""
    with _TABLE.open(encoding="utf-8", newline="") as file:
        rows = [Device(**row) for row in csv.DictReader(file, delimiter="\t")]
    return [row for row in rows if not kinds or row.kind in kinds]


def moments(
    count: int = 40, *, time_zone: tzinfo, start: datetime, every: timedelta
) -> Iterator[datetime]:
    """Yield times of images, one after another, about `every` apart."""
    chance = random.Random(7)
    at = start
    for _ in range(count):
        at += every * chance.uniform(0.2, 1.8)
        yield at.astimezone(time_zone)
