"""The clock of the machine, and whether it was set between two moments."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import time

_TOLERANCE = timedelta(minutes=1)  # smaller corrections of the clock do no harm


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A moment by this machine's clock, and the seconds of a clock that is never set."""

    at: datetime
    elapsed: float

    def was_set_since(self, earlier: Moment) -> bool:
        """Return whether the clock was set by more than a minute since an earlier moment."""
        passed = timedelta(seconds=self.elapsed - earlier.elapsed)
        return abs(self.at - earlier.at - passed) > _TOLERANCE


class HostClock:
    """The clock of the machine that this process runs on."""

    def __init__(
        self,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`monotonic` returns the seconds of a clock that is never set."""
        self._now = now
        self._monotonic = monotonic

    def read(self) -> Moment:
        """Return the present moment."""
        return Moment(at=self._now(), elapsed=self._monotonic())
