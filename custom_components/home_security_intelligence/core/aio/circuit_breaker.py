"""A circuit breaker: after repeated failures, stop asking for a while, then try once."""

from collections.abc import Callable
import time


class Breaker:
    """Counts failures in a row and says how long to hold back; knows nothing of what it guards.

    Closed it lets everything through. After `failures` in a row it opens for `recovery` seconds,
    then lets one trial through: its success closes the breaker, its failure opens it again.
    """

    def __init__(
        self, *, failures: int, recovery: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = failures
        self._recovery = recovery
        self._clock = clock
        self._failures = 0
        self._reason: str | None = None
        self._open_until: float | None = None
        self._trial: Call | None = None

    @property
    def is_open(self) -> bool:
        """Whether calls are being held back; a trial that runs does not change that."""
        return self._open_until is not None

    @property
    def open_until(self) -> float | None:
        """When it lets a trial through, by its clock; None while it is closed."""
        return self._open_until

    @property
    def reason(self) -> str | None:
        """What opened it; None while it is closed."""
        return self._reason

    @property
    def failures(self) -> int:
        """How many failures came in a row."""
        return self._failures

    def wait(self) -> float:
        """Return for how many seconds no call may be made; 0.0 means go ahead."""
        if self._open_until is None:
            return 0.0
        if self._trial is not None:
            return self._recovery
        return max(0.0, self._open_until - self._clock())

    def enter(self) -> Call:
        """Make a call, when there is nothing to wait for; its outcome has to be reported to it."""
        call = Call(self)
        if self.is_open:
            self._trial = call
        return call

    def close(self) -> None:
        """Let everything through: what is guarded was heard of."""
        self._failures = 0
        self._reason = None
        self._open_until = None
        self._trial = None

    def trip(self, reason: str, *, retry_after: float | None = None) -> None:
        """Open at once, for failures that waiting for more of cannot change."""
        wait = self._recovery if retry_after is None else min(retry_after, self._recovery)
        self._reason = reason
        self._open_until = self._clock() + wait
        self._trial = None

    def fail(self, call: Call, reason: str, retry_after: float | None) -> None:
        """Count a call's failure; one that began before it opened says nothing new."""
        self._failures += 1
        if self._trial is call or (not self.is_open and self._failures >= self._limit):
            self.trip(reason, retry_after=retry_after)

    def forget(self, call: Call) -> None:
        """Let another call be the trial, where this one was."""
        if self._trial is call:
            self._trial = None


class Call:
    """One call of what a breaker guards; the first outcome reported counts."""

    def __init__(self, breaker: Breaker) -> None:
        self._breaker: Breaker | None = breaker

    def success(self) -> None:
        """Report that what is guarded answered."""
        if breaker := self._end():
            breaker.close()

    def failure(self, reason: str, *, retry_after: float | None = None) -> None:
        """Report that it did not; it may have said when to come back (seconds)."""
        if breaker := self._end():
            breaker.fail(self, reason, retry_after)

    def trip(self, reason: str) -> None:
        """Report a failure that will not change by itself."""
        if breaker := self._end():
            breaker.trip(reason)

    def abandon(self) -> None:
        """Report that the call was not made or says nothing about what is guarded."""
        if breaker := self._end():
            breaker.forget(self)

    def _end(self) -> Breaker | None:
        breaker, self._breaker = self._breaker, None
        return breaker
