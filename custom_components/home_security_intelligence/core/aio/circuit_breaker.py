"""Circuit breaker: after repeated failures stop calling for a while, then try once."""

from collections.abc import Callable
from datetime import datetime, timedelta
import time

from ..domain.updates import BreakerStatus


class CircuitBreaker:
    """Count consecutive failures and decide when the next call may be made.

    Closed, it lets every call through. After `failures` consecutive failures it opens for
    `recovery` seconds, then lets one trial call through: success closes it, failure reopens it.
    `on_change` is called after each change of `status`.
    """

    def __init__(
        self,
        *,
        failures: int,
        recovery: float,
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
        on_change: Callable[[], None],
    ) -> None:
        self._limit = failures
        self._recovery = recovery
        self._now = now
        self._clock = clock
        self._on_change = on_change
        self._failures = 0
        self._status = BreakerStatus()
        self._retry_at = 0.0  # by `clock`, while open
        self._trial: Call | None = None

    @property
    def status(self) -> BreakerStatus:
        """Return when the next trial is allowed, and why calls are held back."""
        return self._status

    @property
    def is_open(self) -> bool:
        """Whether calls are held back; a running trial does not change that."""
        return self._status.open_until is not None

    @property
    def failures(self) -> int:
        """Return the number of consecutive failures."""
        return self._failures

    def seconds_until_ready(self) -> float:
        """Return the seconds until a call may be made; 0.0 means now."""
        if not self.is_open:
            return 0.0
        if self._trial is not None:
            return self._recovery
        return max(0.0, self._retry_at - self._clock())

    def enter(self) -> Call:
        """Start a call that `seconds_until_ready` allows; report its outcome to the result."""
        call = Call(self)
        if self.is_open:
            self._trial = call
        return call

    def close(self) -> None:
        """Let every call through."""
        self._failures = 0
        self._trial = None
        self._set(BreakerStatus())

    def trip(self, reason: str, *, retry_after: float | None = None) -> None:
        """Open at once, for a failure that does not go away by itself."""
        wait = self._recovery if retry_after is None else min(retry_after, self._recovery)
        self._retry_at = self._clock() + wait
        self._trial = None
        self._set(BreakerStatus(open_until=self._now() + timedelta(seconds=wait), reason=reason))

    def record_failure(self, call: Call, reason: str, retry_after: float | None) -> None:
        """Count a failed call; one started before the breaker opened does not extend the wait."""
        self._failures += 1
        if self._trial is call or (not self.is_open and self._failures >= self._limit):
            self.trip(reason, retry_after=retry_after)

    def release_trial(self, call: Call) -> None:
        """Let another call be the trial if this one was."""
        if self._trial is call:
            self._trial = None

    def _set(self, status: BreakerStatus) -> None:
        if status != self._status:
            self._status = status
            self._on_change()


class Call:
    """One guarded call; only the first outcome reported counts."""

    def __init__(self, breaker: CircuitBreaker) -> None:
        self._breaker: CircuitBreaker | None = breaker

    def success(self) -> None:
        """Report that the call was answered."""
        if breaker := self._end():
            breaker.close()

    def failure(self, reason: str, *, retry_after: float | None = None) -> None:
        """Report a failure; `retry_after` is the requested pause in seconds."""
        if breaker := self._end():
            breaker.record_failure(self, reason, retry_after)

    def trip(self, reason: str) -> None:
        """Report a failure that does not go away by itself."""
        if breaker := self._end():
            breaker.trip(reason)

    def abandon(self) -> None:
        """Report that the call was not made, or says nothing about what is guarded."""
        if breaker := self._end():
            breaker.release_trial(self)

    def _end(self) -> CircuitBreaker | None:
        breaker, self._breaker = self._breaker, None
        return breaker
