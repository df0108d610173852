"""Returns the jobs of dead workers to the queue."""

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
import random

from ..domain.models import JobKind
from ..domain.settings import Settings
from ..store import leases
from ..store.database import Database
from ..store.leases import LeaseLostError
from .handler import DeadJobHandler
from .retry_policy import decide_crash
from .settlement import carry_out


class LeaseReaper:
    """Counts a crash for each job whose lease has expired, and has the job retried."""

    def __init__(
        self,
        database: Database,
        handlers: Mapping[JobKind, DeadJobHandler],
        *,
        settings: Settings,
    ) -> None:
        self._database = database
        self._handlers = handlers
        self._settings = settings

    async def reap(self) -> int:
        """Settle the leases that have expired; return how many were found."""
        # After an absence of the database, living workers need time to renew their leases.
        if self._database.reachable_for < self._settings.lease / 2:
            return 0
        expired = await self._database.run_statement(leases.find_expired)
        for job in expired:
            decision = decide_crash(
                job,
                jitter=random.random(),  # noqa: S311 - spreads load, guards nothing
                settings=self._settings,
            )
            handler = self._handlers[job.kind]
            with suppress(LeaseLostError):
                await self._database.run_transaction(
                    partial(carry_out, handler=handler, job=job, decision=decision)
                )
        return len(expired)
