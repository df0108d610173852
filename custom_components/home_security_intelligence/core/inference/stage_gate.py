"""Whether a stage may run: its inference servers and its camera folders must be available."""

from collections.abc import Callable
from datetime import datetime

from ..aio.circuit_breaker import CircuitBreaker
from ..domain.errors import CameraFolderMissingError
from ..domain.models import JobKind
from ..domain.settings import Settings
from .pool import ServerPool


class StageGate:
    """Pause a stage while none of its servers, or no camera folder, can be used.

    Server failures are counted by the pool; this object counts only folder failures.
    While the stage is paused, one job at a time runs as a trial. Every `acquire` that returns
    0.0 must be followed by `success`, `failure` or `abandon`.
    """

    def __init__(
        self,
        kind: JobKind,
        pool: ServerPool,
        *,
        settings: Settings,
        now: Callable[[], datetime],
        on_change: Callable[[], None],
    ) -> None:
        self._kind = kind
        self._pool = pool
        self._recovery = settings.breaker_recovery
        self._folders = CircuitBreaker(
            failures=settings.breaker_failures,
            recovery=settings.breaker_recovery,
            now=now,
            on_change=on_change,
        )
        self._trial_running = False

    @property
    def is_paused(self) -> bool:
        """Whether the stage is paused; a running trial does not change that."""
        return self._pool.is_open(self._kind) or self._folders.is_open

    @property
    def failures(self) -> int:
        """Return the number of consecutive failures that were not caused by the jobs."""
        return max(self._pool.failures(self._kind), self._folders.failures)

    def acquire(self) -> float:
        """Request to run a job: 0.0 grants it, otherwise the seconds to wait."""
        wait = max(self._pool.seconds_until_ready(self._kind), self._folders.seconds_until_ready())
        if wait > 0:
            return wait
        if not self.is_paused:
            return 0.0
        if self._trial_running:
            return self._recovery
        self._trial_running = True
        return 0.0

    def success(self) -> None:
        """Report that a job succeeded, which closes the breaker of the camera folders."""
        self._trial_running = False
        self._folders.close()

    def failure(self) -> None:
        """Report that no camera folder can be read."""
        self._trial_running = False
        self._folders.enter().failure(CameraFolderMissingError.code)

    def abandon(self) -> None:
        """Report that no job ran, or that it says nothing about folders and servers."""
        self._trial_running = False
