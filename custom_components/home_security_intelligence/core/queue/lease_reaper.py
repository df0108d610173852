"""Takes jobs back from workers that have died."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.models import JobKind
from ..domain.settings import Settings
from ..domain.updates import Update
from ..store import leases, notify
from ..store.database import Database
from ..store.leases import ClaimedJob, LeaseLostError
from .handler import DeadJobHandler
from .retry_policy import settle_crash


class LeaseReaper:
    """Counts a crash for each job whose lease has ended, and lets it run again."""

    def __init__(
        self,
        database: Database,
        stages: Mapping[JobKind, DeadJobHandler],
        *,
        settings: Settings,
        origin: str,
        publish: Callable[[Sequence[Update]], None],
    ) -> None:
        self._database = database
        self._stages = stages
        self._settings = settings
        self._origin = origin
        self._publish = publish

    async def run(self) -> int:
        """Look once through the ended leases; returns how many there were."""
        # Back from an absence, the database first hears from the workers that are still alive.
        if self._database.well_for < self._settings.lease / 2:
            return 0
        lost = await self._database.run_statement(leases.expired)
        for job in lost:
            with suppress(LeaseLostError):
                self._publish(await self._database.run_transaction(partial(self._settle, job=job)))
        return len(lost)

    async def _settle(self, connection: AsyncConnection, job: ClaimedJob) -> Sequence[Update]:
        updates = await settle_crash(connection, self._stages[job.kind], job, self._settings)
        await notify.announce_updates(connection, self._origin, updates)
        return updates
