"""How usual something is at an hour of the week, from how often it was seen in hours like it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

WEEKS = 12  # looked back
ENOUGH = 4  # hours like this one in which the camera worked; with fewer nothing is said
# A camera that sent nothing for longer may have been off: those hours are not counted as empty.
LONGEST_SILENCE = timedelta(hours=48)

_HOUR = timedelta(hours=1)
# Half a visit is added to what was counted: four empty hours do not make a visitor rare, six do.
_UNSEEN = 0.5


def hours_like(moment: datetime, time_zone: tzinfo, *, weeks: int = WEEKS) -> tuple[datetime, ...]:
    """Return when the same hour of the week began in the weeks before, by the local clock.

    An hour that the clock skipped is not there; one that it showed twice is there twice.
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
    """Yield the whole hours of the local clock from one moment on that are over by another."""
    began = _floor(start, time_zone)
    while True:
        ended = _floor(began + _HOUR, time_zone)
        if ended <= began:  # where the clock moves by half an hour
            ended = began + _HOUR
        if ended > end:
            return
        yield began, ended
        began = ended


def rates(hours: Sequence[Mapping[str, int]], labels: Iterable[str]) -> dict[str, float]:
    """Return how many events with each label an hour like these sees; nothing of too few hours."""
    if len(hours) < ENOUGH:
        return {}
    return {
        label: (sum(counts.get(label, 0) for counts in hours) + _UNSEEN) / len(hours)
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
