"""Says whether a stage may go ahead: its servers and the folders it reads from have to be there."""

from ..aio.circuit_breaker import Breaker
from ..domain.models import JobKind
from ..domain.settings import Settings
from .pool import ServerPool

_FOLDERS = "folder_missing"


class StageGate:
    """Holds a stage back; what comes of a question to a server, the pool knows by itself.

    While nothing is known to be well, one job at a time goes through. Whoever goes ahead must
    report `success`, `failure` or `abandon`.
    """

    def __init__(self, kind: JobKind, pool: ServerPool, *, settings: Settings) -> None:
        self._kind = kind
        self._pool = pool
        self._recovery = settings.breaker_recovery
        self._folders = Breaker(
            failures=settings.breaker_failures, recovery=settings.breaker_recovery
        )
        self._trial_running = False

    @property
    def is_open(self) -> bool:
        """Whether the stage is held back; a trial that runs does not change that."""
        return self._pool.is_open(self._kind) or self._folders.is_open

    @property
    def failures(self) -> int:
        """How many failures came in a row that were not the jobs' own."""
        return max(self._pool.failures(self._kind), self._folders.failures)

    def acquire(self) -> float:
        """Ask to work on a job: 0.0 means go ahead, anything else is the seconds to wait first."""
        wait = max(self._pool.wait(self._kind), self._folders.wait())
        if wait > 0:
            return wait
        if not self.is_open:
            return 0.0
        if self._trial_running:
            return self._recovery
        self._trial_running = True
        return 0.0

    def success(self) -> None:
        """Report that a job came through: the folders can be read."""
        self._trial_running = False
        self._folders.close()

    def failure(self) -> None:
        """Report that what all pictures lie on is away."""
        self._trial_running = False
        self._folders.enter().failure(_FOLDERS)

    def abandon(self) -> None:
        """Report that there was no job, or that it says nothing about folders and servers."""
        self._trial_running = False
