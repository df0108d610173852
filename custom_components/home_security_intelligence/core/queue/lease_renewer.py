"""Renews the leases of running jobs, all in one statement."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
import logging

from ..domain.errors import StoreError
from ..domain.settings import Settings
from ..store import leases
from ..store.database import Database
from ..store.leases import ClaimedJob

_LOGGER = logging.getLogger(__name__)

_RELEASE_TIMEOUT = 5.0  # seconds to release jobs at a stop; leases that remain expire


class LeaseRenewer:
    """Tracks leased jobs, and calls back when another worker has taken over one of them."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._tracked: dict[int, tuple[ClaimedJob, Callable[[], None] | None]] = {}

    def track(self, job: ClaimedJob, on_lost: Callable[[], None] | None = None) -> None:
        """Renew a job's lease from now on; `on_lost` replaces an earlier callback."""
        self._tracked[job.id] = (job, on_lost)

    def untrack(self, job: ClaimedJob) -> None:
        """Renew a job's lease no longer."""
        self._tracked.pop(job.id, None)

    async def keep_renewing(self) -> None:
        """Renew at half of the lease time, until cancelled."""
        while True:
            await asyncio.sleep(self._settings.lease / 2)
            try:
                await self._renew()
            except Exception:
                # Work goes on: if a lease expires meanwhile, its fence keeps the result out.
                _LOGGER.exception("Leases could not be renewed")

    async def release_all(self) -> None:
        """Return the tracked jobs to the queue unchanged."""
        tracked = [job for job, _ in self._tracked.values()]
        self._tracked.clear()
        if not tracked:
            return
        # If the database is away, the leases expire.
        with suppress(StoreError, TimeoutError):
            async with asyncio.timeout(_RELEASE_TIMEOUT), self._database.begin() as connection:
                await leases.release(connection, tracked)

    async def _renew(self) -> None:
        tracked = dict(self._tracked)
        if not tracked:
            return
        jobs = [job for job, _ in tracked.values()]
        renewed = await self._database.run_statement(
            lambda connection: leases.renew(connection, jobs, lease=self._settings.lease)
        )
        for job_id, (job, on_lost) in tracked.items():
            unchanged = self._tracked.get(job_id) == (job, on_lost)
            if on_lost is not None and job_id not in renewed and unchanged:
                on_lost()
