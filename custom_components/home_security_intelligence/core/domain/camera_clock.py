"""How wrong a camera's clock is, learned from the times that its new images state.

Two things make a new image state an old time: a clock that is wrong, and an upload that is late.
A wrong clock runs on: stated times advance as fast as arrivals. A backlog arrives in bursts, and its
stated times advance faster. A single image does not tell. It counts as taken when it arrived, unless
the camera's clock was right and no usual fault explains the difference.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import batched
from statistics import median

AGREES = timedelta(minutes=1)  # times that differ by less are of the same moment
IGNORED = timedelta(seconds=10)  # an upload takes as long, so a clock is not called wrong by it
NOTABLE = timedelta(minutes=2)  # a clock that is wrong by more should be set
RESET = timedelta(days=30)  # a camera that lost its time; no backlog is as old
HALF_HOUR = timedelta(minutes=30)  # all time zones but three differ by whole half hours
DRIFT_PER_DAY = timedelta(seconds=10)  # more than a cheap quartz drifts
_STEP = timedelta(seconds=5)  # smaller changes of the offset are not applied
_ENOUGH = 3  # images that confirm an offset
_MEDIAN_OF = 9  # images
_KEPT = 15  # images
_TOGETHER = 10  # images, fewer than are kept
# For so long an offset has to be seen before it is believed: one that only a clock can have, one that
# a late upload can have as well, and none.
_PROOF = timedelta(minutes=1)
_PROOF_LATE = timedelta(minutes=10)
_PROOF_RIGHT = timedelta(seconds=10)
_RHYTHM = timedelta(minutes=10)  # images that arrive further apart have no common rhythm
_RUSH = timedelta(seconds=20)  # by which stated times overtake arrivals in a backlog
_OVERTAKING = timedelta(seconds=20)  # by which uploads of one event overtake each other
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_NONE = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReading:
    """The time that a new image states, and when its file arrived."""

    stated_at: datetime
    arrived_at: datetime

    @property
    def lag(self) -> timedelta:
        """How long after the stated time the image arrived; negative: before it."""
        return self.arrived_at - self.stated_at


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockOffset:
    """By how much a camera's clock is ahead; negative: behind. `confirmed_at` is the last arrival."""

    offset: timedelta
    confirmed_at: datetime


class CameraClock:
    """The clock of one camera: learns its offset, and says when images were taken."""

    def __init__(self, known: ClockOffset | None = None) -> None:
        self._known = known
        self._recent: list[ClockReading] = []  # by arrival

    @property
    def known(self) -> ClockOffset | None:
        """The offset; None until enough images have confirmed one."""
        return self._known

    def adopt(self, known: ClockOffset | None) -> None:
        """Use the offset that another worker has learned, if its confirmation is later."""
        ours = self._known
        if known is not None and (ours is None or known.confirmed_at > ours.confirmed_at):
            self._known = known

    def date(self, readings: Sequence[ClockReading]) -> list[datetime]:
        """Learn from new images and return when each was taken.

        The images after one tell whether it is late, so several are observed before they are dated.
        """
        taken: dict[ClockReading, datetime] = {}
        for batch in batched(sorted(set(readings), key=_arrival), _TOGETHER, strict=False):
            self.observe(batch)
            taken |= {reading: self.taken_at(reading) for reading in batch}
        return [taken[reading] for reading in readings]

    def observe(self, readings: Iterable[ClockReading]) -> None:
        """Learn from new images that arrived together or one after the other."""
        for reading in sorted(readings, key=_arrival):
            if reading not in self._recent:
                self._recent.append(reading)
                self._recent.sort(key=_arrival)
                self._limit()
                self._learn()

    def taken_at(self, reading: ClockReading) -> datetime:
        """Return when a new image was taken, never after its arrival; observe it first."""
        corrected = reading.stated_at - self._offset
        late = self._lateness(reading)
        is_known = self._known is not None
        if abs(late) <= (AGREES if is_known else IGNORED):
            return min(corrected, reading.arrived_at)
        if late > AGREES and self._is_burst(reading):
            return corrected
        if is_known and abs(reading.lag) <= AGREES:  # the clock has just been set right
            return min(reading.stated_at, reading.arrived_at)
        if late > _NONE and self._is_known_to_be_late(reading):
            return corrected
        # In the order of the stated times, because uploads overtake each other.
        shortest = min(each.lag for each in self._alike(reading))
        if reading.lag - shortest > _OVERTAKING:
            return reading.arrived_at
        return reading.stated_at + shortest

    def corrected(self, stated_at: datetime, written_at: datetime) -> datetime:
        """Return when an older image was taken, whose arrival was not observed.

        `written_at` is its file's modification time.
        """
        corrected = stated_at - self._offset
        # The offset may be younger than the image, and an image is not written before it is taken.
        is_right = abs(written_at - stated_at) <= AGREES < abs(written_at - corrected)
        if is_right or corrected > written_at + AGREES or corrected < _EARLIEST:
            return stated_at
        return corrected

    @property
    def _offset(self) -> timedelta:
        return _NONE if self._known is None else self._known.offset

    def _lateness(self, reading: ClockReading) -> timedelta:
        """Return by how much an upload is late if the known offset is right."""
        return reading.lag + self._offset

    def _limit(self) -> None:
        """Remove a reading if there are too many: of a burst, one between others."""
        first, last = self._recent[0], self._recent[-1]
        if len(self._recent) <= _KEPT:
            return
        if last.arrived_at - first.arrived_at > 2 * _PROOF_LATE:
            del self._recent[0]
            return
        arrivals = [each.arrived_at for each in self._recent]
        between = range(1, _KEPT - _ENOUGH)
        del self._recent[min(between, key=lambda n: arrivals[n + 1] - arrivals[n - 1])]

    def _learn(self) -> None:
        if self._known is not None and abs(self._lateness(self._recent[-1])) <= AGREES:
            same = [each for each in self._recent if abs(self._lateness(each)) <= AGREES]
            if len(same) >= _ENOUGH:
                self._confirm(same[-_MEDIAN_OF:])
            return
        steady = self._steady()
        if steady:
            self._confirm(steady[-_MEDIAN_OF:])

    def _steady(self) -> Sequence[ClockReading]:
        """Return the last images if they show a clock that runs on with another offset."""
        lags: list[timedelta] = []
        for count, reading in enumerate(reversed(self._recent), start=1):
            lags.append(reading.lag)
            spread = max(lags) - min(lags)
            if spread > AGREES:
                break
            is_right = max(abs(lag) for lag in lags) <= AGREES
            proof = _PROOF_RIGHT if is_right else self._proof_of(reading)
            # In a backlog stated times advance faster, but as slowly only if it is as long.
            proof = max(proof, 3 * spread)
            if count >= _ENOUGH and self._recent[-1].arrived_at - reading.arrived_at >= proof:
                return self._recent[-count:]
        return ()

    def _proof_of(self, reading: ClockReading) -> timedelta:
        """Return for how long an image's offset has to be seen; the known one may be right."""
        if self._known is None:
            return _PROOF
        late = self._lateness(reading)
        drift = _drift_within(reading.arrived_at - self._known.confirmed_at)
        return _PROOF_LATE if drift < late < RESET else _PROOF

    def _confirm(self, readings: Sequence[ClockReading]) -> None:
        offset = timedelta(seconds=-median(each.lag.total_seconds() for each in readings))
        if abs(offset) < IGNORED:
            offset = _NONE
        if self._known is not None and abs(offset - self._known.offset) < _STEP:
            offset = self._known.offset
        self._known = ClockOffset(offset=offset, confirmed_at=readings[-1].arrived_at)

    def _alike(self, reading: ClockReading) -> list[ClockReading]:
        """Return this image and those around it that the known offset does not explain either."""
        is_late = self._lateness(reading) > _NONE
        others = [
            each
            for each in self._recent
            if each != reading
            and abs(each.arrived_at - reading.arrived_at) <= _RHYTHM
            and abs(late := self._lateness(each)) > AGREES
            and (late > _NONE) == is_late
        ]
        return sorted([*others, reading], key=_arrival)

    def _is_burst(self, reading: ClockReading) -> bool:
        """Return whether the images around this one have the rhythm of a late upload."""
        alike = self._alike(reading)
        lags = [each.lag for each in alike]
        stated = [each.stated_at for each in alike]
        if max(lags) - min(lags) > AGREES and max(stated) - min(stated) > AGREES:
            return True
        first, last = alike[0], alike[-1]
        return first.lag - last.lag > max(_RUSH, last.arrived_at - first.arrived_at)

    def _is_known_to_be_late(self, reading: ClockReading) -> bool:
        """Return whether the clock was right until lately, or is again, and so the upload is late."""
        if self._known is None:
            return False
        alike = self._alike(reading)
        first = alike[0].arrived_at
        right = (each for each in self._recent if abs(self._lateness(each)) <= AGREES)
        # A clock does not become right again between two images.
        if any(first < each.arrived_at <= first + _RHYTHM for each in right):
            return True
        confirmed_at = self._known.confirmed_at
        return not all(
            _is_usual_fault(self._lateness(each), each.arrived_at - confirmed_at) for each in alike
        )


def _is_usual_fault(late: timedelta, since: timedelta) -> bool:
    """Return whether a clock often becomes wrong by this much within this time."""
    whole = HALF_HOUR * round(late / HALF_HOUR)
    is_zone = whole > _NONE and abs(late - whole) <= NOTABLE
    return is_zone or late >= RESET or late <= _drift_within(since)


def _drift_within(since: timedelta) -> timedelta:
    return AGREES + DRIFT_PER_DAY * (since / timedelta(days=1))


def _arrival(reading: ClockReading) -> datetime:
    return reading.arrived_at


def difference(offset: timedelta) -> str:
    """Return an offset in words, such as `61 minutes behind`."""
    minutes = round(abs(offset) / timedelta(minutes=1))
    hours, rest = divmod(minutes, 60)
    if minutes < 120:
        words = f"{minutes} minutes"
    elif hours < 48:
        words = f"{hours} hours {rest} minutes" if rest else f"{hours} hours"
    elif hours < 2 * 8766:
        words = f"{hours // 24} days"
    else:
        words = f"{hours // 8766} years"
    return f"{words} {'behind' if offset < _NONE else 'ahead'}"
