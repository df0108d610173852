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
        self._open_until: float | None = None
        self._trial_running = False

    @property
    def is_open(self) -> bool:
        """Whether calls are being held back; a trial that runs does not change that."""
        return self._open_until is not None

    @property
    def failures(self) -> int:
        """How many failures came in a row."""
        return self._failures

    def acquire(self) -> float:
        """Ask to make a call: 0.0 means go ahead, anything else is the seconds to wait first.

        Whoever goes ahead must report `success`, `failure` or `abandon`.
        """
        if self._open_until is None:
            return 0.0
        remaining = self._open_until - self._clock()
        if remaining > 0:
            return remaining
        if self._trial_running:
            return self._recovery
        self._trial_running = True
        return 0.0

    def success(self) -> None:
        """Report that what is guarded answered."""
        self._failures = 0
        self._open_until = None
        self._trial_running = False

    def failure(self, *, retry_after: float | None = None) -> None:
        """Report that it did not; it may have said when to come back (seconds)."""
        self._failures += 1
        if self._trial_running or self._failures >= self._limit:
            self.trip(retry_after=retry_after)

    def trip(self, *, retry_after: float | None = None) -> None:
        """Open at once, for failures that waiting for more of cannot change."""
        wait = self._recovery if retry_after is None else min(retry_after, self._recovery)
        self._open_until = self._clock() + wait
        self._trial_running = False

    def abandon(self) -> None:
        """Report that the call was not made or says nothing about what is guarded."""
        self._trial_running = False
