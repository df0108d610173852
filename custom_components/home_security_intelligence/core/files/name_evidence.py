"""What many names of one pattern show about the times in them: pure rules over samples."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
import statistics

from .path_time import Order

# A stated time and the time its file was written, if the camera's clock is right.
_CLOSE = timedelta(minutes=10).total_seconds()
_HALF_DAY = timedelta(hours=12).total_seconds()
_FEW = 5  # different times that agree with their files
_SEVERAL = 8  # different times that are off by the same
_MANY = 24  # different times that can be nothing else
_MOST = 0.75  # of the names; the others may be uploads that waited
_ODD = 0.05  # of the names may be something else, such as a test image
_SPAN = timedelta(minutes=30).total_seconds()  # within which a wrong reading drifts away
_DRIFT = 0.1  # of that span, at least: numbers of month, day and time drift by two thirds


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One name: what each reading of it states, and when its file was written."""

    stated: dict[Order, float]  # seconds since 1970, by the camera's clock
    hours: dict[Order, int]  # as written
    written: float  # seconds since 1970


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the names of a pattern state: the times by `order`, or none of their image."""

    order: Order | None
    has_12_hours: bool = False  # without AM or PM


_CONSTANT = Decision(order=None)
_HALF_OF_DAY_UNKNOWN = Decision(order=None, has_12_hours=True)


def decide(
    samples: Sequence[Sample], *, may_count: bool = False, is_plain: bool = False
) -> Decision | None:
    """Return what many names of one pattern state; None as long as they do not show it.

    With `may_count` the names may hold a counter; with `is_plain` they have one reading, which is
    right unless they show a 12-hour clock or a constant.
    """
    if _is_constant(samples):
        return _CONSTANT
    if _has_12_hours(samples):
        return _HALF_OF_DAY_UNKNOWN
    if is_plain:
        return None
    fitting = [order for order in Order if fits(order, samples)]
    # A counter reaches ten thousand late: before that it looks like the first hour of a day.
    telling = [
        sample
        for sample in samples
        if not may_count or all(hour > 0 for hour in sample.hours.values())
    ]
    shown = [order for order in fitting if _agrees(order, telling, minutes=3 if may_count else 1)]
    shown = shown or [order for order in fitting if _is_off_by_the_same(order, telling)]
    if shown:
        return Decision(order=shown[0]) if len(shown) == 1 else None
    minutes = 6 if may_count else 1
    if len(fitting) == 1 and _is_the_only_one(fitting[0], telling, samples, minutes=minutes):
        return Decision(order=fitting[0])
    return None


def fits(order: Order, samples: Sequence[Sample]) -> bool:
    """Return whether nearly all names can be read in this order."""
    read = sum(order in sample.stated for sample in samples)
    return read > 0 and read >= (1 - _ODD) * len(samples)


def _agrees(order: Order, samples: Sequence[Sample], *, minutes: int) -> bool:
    """Return whether the names state when their files were written, in so many minutes at least."""
    read = [sample for sample in samples if order in sample.stated]
    close = {sample.stated[order] for sample in read if abs(_late(sample, order)) <= _CLOSE}
    enough = len(close) >= _FEW and len(_minutes(close)) >= minutes
    agreeing = sum(sample.stated[order] in close for sample in read)
    return enough and agreeing >= _MOST * len(read)


def _is_off_by_the_same(order: Order, samples: Sequence[Sample]) -> bool:
    """Return whether the names state a time that is always off by the same: by a wrong clock."""
    read = [sample for sample in samples if order in sample.stated]
    if len(read) < _SEVERAL:
        return False
    off = statistics.median(_late(sample, order) for sample in read)
    near = [sample for sample in read if abs(_late(sample, order) - off) <= _CLOSE]
    times = {sample.stated[order] for sample in near}
    if len(times) < _SEVERAL or (span := max(times) - min(times)) < _SPAN:
        return False
    steady = sum(abs(_late(sample, order) - off) <= span * _DRIFT for sample in near)
    return steady >= _MOST * len(read)


def _is_the_only_one(
    order: Order, telling: Sequence[Sample], samples: Sequence[Sample], *, minutes: int
) -> bool:
    """Return whether the names themselves exclude every other reading, regardless of their files.

    Files that were copied are all of the same time. Numbers can count seconds since 1970 for years.
    """
    if order is Order.EPOCH:
        return False
    times = {sample.stated[order] for sample in telling if order in sample.stated}
    others = {other for sample in samples for other in sample.stated} - {order}
    excluded = all(sum(other not in each.stated for each in samples) >= 2 for other in others)
    return len(times) >= _MANY and excluded and len(_minutes(times)) >= minutes


def _is_constant(samples: Sequence[Sample]) -> bool:
    """Return whether names state the same moment again and again, as that of a recording's start."""
    same: defaultdict[tuple[float, ...], list[float]] = defaultdict(list)
    for sample in samples:
        same[tuple(sample.stated.values())].append(sample.written)
    return any(
        len(written) >= _SEVERAL and max(written) - min(written) > _CLOSE
        for written in same.values()
    )


def _has_12_hours(samples: Sequence[Sample]) -> bool:
    """Return whether the hours go to 12 only, and the names of afternoons are half a day off."""
    late = []
    for sample in samples:
        if not may_have_12_hours(sample):
            return False
        late.append([_late(sample, order) for order in sample.stated])
    half = sum(any(abs(each - _HALF_DAY) <= _CLOSE for each in one) for one in late)
    close = sum(any(abs(each) <= _CLOSE for each in one) for one in late)
    return half >= 3 and half + close >= _MOST * len(late)


def may_have_12_hours(sample: Sample) -> bool:
    """Return whether the hour is one that a 12-hour clock shows, and AM or PM is not given."""
    return bool(sample.hours) and all(1 <= hour <= 12 for hour in sample.hours.values())


def _late(sample: Sample, order: Order) -> float:
    return sample.written - sample.stated[order]


def _minutes(times: Iterable[float]) -> set[int]:
    return {int(time // 60) for time in times}
