"""Expected activity at an hour of the week, from the same hour of earlier weeks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

WEEKS = 12  # how far to look back
MIN_HOURS = 4  # comparable hours in which the camera worked; with fewer the activity is unknown
# A camera that is silent for longer may have been off, so its hours do not count as empty.
MAX_SILENCE = timedelta(hours=48)

_HOUR = timedelta(hours=1)
# Half an event is added to each count: four empty hours make no label rare, six do.
_PRIOR_EVENTS = 0.5


def comparable_hours(
    moment: datetime, time_zone: tzinfo, *, weeks: int = WEEKS
) -> tuple[datetime, ...]:
    """Return the starts of the same local hour of the week in earlier weeks, oldest first.

    An hour that the clock skipped is missing; an hour that it repeated occurs twice.
    """
    local = moment.astimezone(time_zone)
    wall = local.replace(tzinfo=None, minute=0, second=0, microsecond=0, fold=0)
    found = {
        began
        for week in range(1, weeks + 1)
        for began in _moments(wall - timedelta(weeks=week), time_zone)
    }
    return tuple(sorted(found))


def hours_between(
    start: datetime, end: datetime, time_zone: tzinfo
) -> Iterator[tuple[datetime, datetime]]:
    """Yield start and end of each complete local hour from the one that contains `start` to `end`."""
    began = _floor(start, time_zone)
    while True:
        ended = _floor(began + _HOUR, time_zone)
        if ended <= began:  # the clock moved by half an hour
            ended = began + _HOUR
        if ended > end:
            return
        yield began, ended
        began = ended


def expected_counts(hours: Sequence[Mapping[str, int]], labels: Iterable[str]) -> dict[str, float]:
    """Return the expected number of events an hour by label; empty if there are too few hours."""
    if len(hours) < MIN_HOURS:
        return {}
    return {
        label: (sum(counts.get(label, 0) for counts in hours) + _PRIOR_EVENTS) / len(hours)
        for label in labels
    }


def _moments(wall: datetime, time_zone: tzinfo) -> Iterator[datetime]:
    for fold in (0, 1):
        moment = wall.replace(tzinfo=time_zone, fold=fold).astimezone(UTC)
        if moment.astimezone(time_zone).replace(tzinfo=None, fold=0) == wall:
            yield moment


def _floor(moment: datetime, time_zone: tzinfo) -> datetime:
    local = moment.astimezone(time_zone)
    past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return (moment - past).astimezone(UTC)
