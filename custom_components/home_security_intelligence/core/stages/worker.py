"""Takes jobs of one kind, one at a time, and never lets go of one without saying what became of it."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
import logging

from sqlalchemy.ext.asyncio import AsyncConnection

from ..database import Database
from ..errors import CoreError, StoreError, WatchError
from ..servers import StageGate
from ..settings import Settings
from ..store import leases, notify
from ..store.leases import ClaimedJob, LeaseLostError
from ..updates import Update
from ..wakeup import Wakeup
from .failures import settle
from .stage import Outcome, Stage

_LOGGER = logging.getLogger(__name__)

_RELEASE_TIMEOUT = 5.0  # seconds to give a job back while stopping; its lease ends by itself


class Worker:
    """Claims, works, stores; several may share a stage, its gate and its wake-up call."""

    def __init__(
        self,
        database: Database,
        stage: Stage,
        gate: StageGate,
        wakeup: Wakeup,
        *,
        settings: Settings,
        origin: str,
        publish: Callable[[Sequence[Update]], None],
        on_gate: Callable[[], None],
    ) -> None:
        self._database = database
        self._stage = stage
        self._gate = gate
        self._wakeup = wakeup
        self._settings = settings
        self._origin = origin
        self._publish = publish
        self._on_gate = on_gate

    async def run(self) -> None:
        """Work until cancelled; the job in hand is given back then."""
        while True:
            seen = self._wakeup.calls
            wait = self._gate.acquire()
            if wait > 0:
                await self._wakeup.wait(seen, wait)
                continue
            job = await self._claim()
            if job is None:
                await self._wakeup.wait(seen, self._settings.poll_interval)
            else:
                await self._work(job)

    async def _claim(self) -> ClaimedJob | None:
        job: ClaimedJob | None = None
        try:
            job = await self._database.ask(
                lambda connection: leases.claim(
                    connection, self._stage.kind, lease=self._settings.lease
                )
            )
        finally:
            if job is None:
                self._gate.abandon()
        return job

    async def _work(self, job: ClaimedJob) -> None:
        """Work on the job while its lease is renewed; whichever ends first ends the other."""
        work = asyncio.create_task(self._complete(job))
        renewal = asyncio.create_task(self._renew(job))
        try:
            await asyncio.wait({work, renewal}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            await _end(renewal, work)
            await self._give_back(job)
            raise
        finally:
            await _end(renewal, work)
            self._gate.abandon()
        if work.cancelled() or isinstance(work.exception(), LeaseLostError):
            _LOGGER.warning("job %s: its lease was lost, somebody else does it", job.id)
        elif (error := work.exception()) is not None:
            # Nothing is stored: the lease ends by itself and the crash is counted.
            _LOGGER.error("job %s could not be settled", job.id, exc_info=error)

    async def _complete(self, job: ClaimedJob) -> None:
        try:
            outcome = await self._stage.run(job)
        except Exception as error:  # noqa: BLE001 - every failure has to be settled
            await self._settle(job, error)
            return
        self._note_success()
        try:
            updates = await self._database.run(lambda c: self._store(c, outcome))
        except LeaseLostError, StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - such as an answer that PostgreSQL will not take
            await self._settle(job, error)
            return
        self._publish(updates)

    async def _store(self, connection: AsyncConnection, outcome: Outcome) -> Sequence[Update]:
        updates = await outcome.store(connection)
        await notify.announce_updates(connection, self._origin, updates)
        return updates

    async def _settle(self, job: ClaimedJob, error: Exception) -> None:
        self._note_failure(error)
        if not isinstance(error, CoreError):
            _LOGGER.error("job %s failed unexpectedly", job.id, exc_info=error)
        updates = await self._database.run(lambda c: self._store_failure(c, job, error))
        self._publish(updates)

    async def _store_failure(
        self, connection: AsyncConnection, job: ClaimedJob, error: Exception
    ) -> Sequence[Update]:
        updates = await settle(
            connection,
            self._stage,
            job,
            error,
            in_a_row=self._gate.failures,
            settings=self._settings,
        )
        await notify.announce_updates(connection, self._origin, updates)
        return updates

    async def _renew(self, job: ClaimedJob) -> None:
        """Renew the lease at half its time, until it is lost."""
        while True:
            await asyncio.sleep(self._settings.lease / 2)
            try:
                await self._database.ask(lambda c: leases.renew(c, job, lease=self._settings.lease))
            except LeaseLostError:
                return

    async def _give_back(self, job: ClaimedJob) -> None:
        # A job that is settled already, or a database that is away: nothing to give back.
        with suppress(LeaseLostError, StoreError, TimeoutError):
            async with asyncio.timeout(_RELEASE_TIMEOUT), self._database.begin() as connection:
                await leases.release(connection, job)

    def _note_success(self) -> None:
        was_open = self._gate.is_open
        self._gate.success()
        if was_open:
            self._wakeup.call()
        self._on_gate()

    def _note_failure(self, error: Exception) -> None:
        if isinstance(error, WatchError):  # what all pictures lie on is away
            self._gate.failure()
            self._on_gate()


async def _end(*tasks: asyncio.Task[None]) -> None:
    """Cancel tasks and wait for their end; their results and errors stay with them."""
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
