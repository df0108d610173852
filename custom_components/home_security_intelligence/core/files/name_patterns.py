"""The naming of each camera's images, learned from many of their names."""

from collections import OrderedDict, deque
from datetime import datetime, timedelta, tzinfo
import threading

from .name_evidence import Decision, Sample, decide, fits, may_have_12_hours
from .path_time import Order, PathTime, Reading, read_path

_WINDOW = 64  # names of a pattern that count, the newest ones
_EVERY = 8  # names, once the window is full: the next decision
_MAX_PATTERNS = 8  # of one camera; the ones that are not used any more make room
_AHEAD = timedelta(days=1).total_seconds()  # a time later than that after its file is none


class NamePatterns:
    """Reads the times in the names of each camera, as the camera's own names show them to be meant.

    A date in an order that only some countries use, six digits that may be a counter, and seconds
    since 1970 are read only after many names have shown what they are. All other times are read at
    once, and no longer once many names have shown a 12-hour clock or a constant. A decision follows
    from the newest names alone: to learn from those of the stored images restores it. Thread-safe.
    """

    def __init__(self, time_zone: tzinfo) -> None:
        self._time_zone = time_zone
        self._cameras: dict[str, OrderedDict[str, _Pattern]] = {}
        self._lock = threading.Lock()

    def learn(self, camera: str, path: str, written: datetime) -> None:
        """Add a name; `written` is when its file was written, or found if that is not known."""
        found = read_path(_within(camera, path))
        if found is None:
            return
        sample = _sample(found, written, self._time_zone)
        with self._lock:
            patterns = self._cameras.setdefault(camera, OrderedDict())
            pattern = patterns.setdefault(found.pattern, _Pattern())
            patterns.move_to_end(found.pattern)
            if len(patterns) > _MAX_PATTERNS:
                patterns.popitem(last=False)
            pattern.add(sample, may_count=found.may_count, is_plain=found.is_certain)

    def read(self, camera: str, path: str) -> Reading | None:
        """Return the time that a path states; None if it states none, or that is not known yet."""
        found = read_path(_within(camera, path))
        if found is None:
            return None
        with self._lock:
            patterns = self._cameras.get(camera)
            pattern = None if patterns is None else patterns.get(found.pattern)
            decision = None if pattern is None else pattern.decision
        if decision is None:
            return found.readings[0] if found.is_certain else None
        by_order = {reading.order: reading for reading in found.readings}
        return None if decision.order is None else by_order.get(decision.order)


class _Pattern:
    """The newest names of a pattern, and what they show."""

    def __init__(self) -> None:
        self.decision: Decision | None = None
        self._samples: deque[Sample] = deque(maxlen=_WINDOW)
        self._added = 0

    def add(self, sample: Sample, *, may_count: bool, is_plain: bool) -> None:
        self._samples.append(sample)
        self._added += 1
        if self._added > _WINDOW and self._added % _EVERY:
            return
        samples = tuple(self._samples)
        decision = decide(samples, may_count=may_count, is_plain=is_plain)
        if decision is not None or not self._holds(samples):
            self.decision = decision

    def _holds(self, samples: tuple[Sample, ...]) -> bool:
        """Return whether the last decision still fits, though it does not follow any more.

        The names of a morning do not tell a 12-hour clock, those of the first hour no counter.
        """
        if self.decision is None:
            return False
        if self.decision.order is None:
            return self.decision.has_12_hours and all(
                may_have_12_hours(sample) for sample in samples
            )
        return fits(self.decision.order, samples)


def _sample(found: PathTime, written: datetime, time_zone: tzinfo) -> Sample:
    end = written.timestamp() + _AHEAD
    stated: dict[Order, float] = {}
    hours: dict[Order, int] = {}
    for reading in found.readings:
        at = reading.wall.replace(tzinfo=reading.zone or time_zone).timestamp()
        if at <= end:
            stated[reading.order] = at
            if not found.has_half and reading.order is not Order.EPOCH:
                hours[reading.order] = reading.wall.hour
    return Sample(stated=stated, hours=hours, written=written.timestamp())


def _within(camera: str, path: str) -> str:
    """Return a path below the camera root as one within the camera's folder."""
    return path.removeprefix(f"{camera}/")
