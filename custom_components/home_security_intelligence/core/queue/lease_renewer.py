"""Holds on to jobs while they are worked on: renews their leases, all in one statement."""

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

_RELEASE_TIMEOUT = 5.0  # seconds to give jobs back while stopping; their leases end by themselves


class LeaseRenewer:
    """Knows the jobs in hand and, by a call, tells of one that somebody else has taken over."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._held: dict[int, tuple[ClaimedJob, Callable[[], None] | None]] = {}

    def hold(self, job: ClaimedJob, on_lost: Callable[[], None] | None = None) -> None:
        """Renew a job's lease from now on; `on_lost` takes the place of an earlier one."""
        self._held[job.id] = (job, on_lost)

    def let_go(self, job: ClaimedJob) -> None:
        """Renew it no more: what becomes of it is settled, or is nobody's business any more."""
        self._held.pop(job.id, None)

    async def run(self) -> None:
        """Renew at half of a lease's time, until cancelled."""
        while True:
            await asyncio.sleep(self._settings.lease / 2)
            try:
                await self._renew()
            except Exception:
                # Work goes on: if a lease ends meanwhile, its fence keeps the result out.
                _LOGGER.exception("leases could not be renewed")

    async def give_back(self) -> None:
        """Let others have the jobs in hand, untouched."""
        held = [job for job, _ in self._held.values()]
        self._held.clear()
        if not held:
            return
        # A database that is away has nothing to be told.
        with suppress(StoreError, TimeoutError):
            async with asyncio.timeout(_RELEASE_TIMEOUT), self._database.begin() as connection:
                await leases.release(connection, held)

    async def _renew(self) -> None:
        held = dict(self._held)
        if not held:
            return
        jobs = [job for job, _ in held.values()]
        still = await self._database.run_statement(
            lambda connection: leases.renew(connection, jobs, lease=self._settings.lease)
        )
        for number, (job, on_lost) in held.items():
            as_then = self._held.get(number) == (job, on_lost)
            if on_lost is not None and number not in still and as_then:
                on_lost()
