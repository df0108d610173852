"""The clock of this machine, compared with clocks that were not set together with it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import time

TOLERANCE = timedelta(hours=1)  # that clocks may differ by: far less than a retention
TRUSTED_AFTER = timedelta(days=1)  # an unchanged clock is believed again so long after a jump
_MAX_LEAD = timedelta(days=366)  # of a newest image, beyond which its time is not believed
# Before this date there was no such version: the clock was reset.
_RELEASED = datetime.fromisoformat("2026-11-01T00:00:00+00:00")
_CORRECTION = timedelta(minutes=1)  # smaller corrections of the clock do no harm


def seconds_since_boot() -> float:
    """Return the seconds of a clock that cannot be set and does not pause while suspended."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A moment by this machine's clock, and the seconds for which the machine was awake by then."""

    at: datetime
    awake: float

    def was_interrupted_since(self, earlier: Moment) -> bool:
        """Return whether the clock was set, or the machine slept, by more than a minute meanwhile."""
        passed = timedelta(seconds=self.awake - earlier.awake)
        return abs(self.at - earlier.at - passed) > _CORRECTION


class MachineClock:
    """The clock of this machine: the time it shows, and whether that may be wrong.

    What is deleted too early cannot be restored. So the clean-up asks for `doubt`, and images are
    registered with the `latest` time: one that was found while the clock was behind would soon
    count as old.
    """

    def __init__(
        self,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        elapsed: Callable[[], float] = seconds_since_boot,
        awake: Callable[[], float] = time.monotonic,
    ) -> None:
        """`elapsed` and `awake` return the seconds of clocks that are never set.

        `awake` pauses while the machine sleeps, `elapsed` does not.
        """
        self._now = now
        self._elapsed = elapsed
        self._awake = awake
        self._started = elapsed()
        # The time at a moment, and from then on by the clock that cannot be set.
        self._steady = self._read()
        self._changed: tuple[timedelta, float] | None = None  # a jump, and when it was noticed
        self._database: tuple[datetime, float] | None = None
        self._newest: datetime | None = None

    def read(self) -> Moment:
        """Return the present moment."""
        return Moment(at=self._now(), awake=self._awake())

    def observe(self, *, database: datetime | None = None, newest: datetime | None = None) -> None:
        """Note the clock, that of the database, and at the start when the newest image was found."""
        now, elapsed = self._read()
        if database is not None:
            self._database = (database, elapsed)
        self._newest = self._newest or newest
        jump = now - self._by(self._steady)
        if abs(jump) <= TOLERANCE:
            self._steady, self._changed = (now, elapsed), None
        elif self._changed is None or abs(jump - self._changed[0]) > TOLERANCE:
            self._changed = (jump, elapsed)
        elif elapsed - self._changed[1] >= TRUSTED_AFTER.total_seconds():
            self._steady, self._changed = (now, elapsed), None

    def latest(self) -> datetime:
        """Return the latest time that it may be."""
        self.observe()
        now, elapsed = self._read()
        times = [now, self._by(self._steady)]
        if self._database is not None:
            times.append(self._by(self._database))
        recent = elapsed - self._started < TRUSTED_AFTER.total_seconds()
        if (
            self._newest is not None
            and recent
            and (self._newest - now < _MAX_LEAD or now < _RELEASED)
        ):
            times.append(self._newest)
        return max(times)

    def doubt(self) -> str | None:
        """Return why this machine's clock may be ahead; None if it is not."""
        self.observe()
        now, _ = self._read()
        jump = now - self._by(self._steady)
        if jump > TOLERANCE:
            return f"the clock of this machine jumped ahead by {_span(jump)}"
        if self._database is not None:
            ahead = now - self._by(self._database)
            if ahead > TOLERANCE:
                return f"the clock of this machine is {_span(ahead)} ahead of PostgreSQL's"
        return None

    def _read(self) -> tuple[datetime, float]:
        return self._now(), self._elapsed()

    def _by(self, moment: tuple[datetime, float]) -> datetime:
        """Return the time by a clock that was read at a moment."""
        return moment[0] + timedelta(seconds=self._elapsed() - moment[1])


def _span(span: timedelta) -> str:
    if span < timedelta(days=2):
        return f"{span / timedelta(hours=1):.0f} hours"
    return f"{span.days} days"
