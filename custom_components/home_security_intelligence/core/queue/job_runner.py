"""Claims the jobs of one kind, processes them concurrently and settles every one of them."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
import logging

from ..aio.batcher import MAX_BATCH_DELAY
from ..aio.notifier import Notifier
from ..domain.errors import CoreError, WatchError
from ..domain.settings import Settings
from ..inference.stage_gate import StageGate
from ..store import leases
from ..store.database import Database
from ..store.leases import ClaimedJob
from .fair_shares import FairShares
from .handler import JobHandler
from .lease_renewer import LeaseRenewer
from .settlement import Settlement

_LOGGER = logging.getLogger(__name__)

_CLAIM_LIMIT = 64  # maximum number of jobs claimed at once
_MIN_BATCH = 0.25  # minimum batch size during a backlog, as a share of concurrency
_BLOCKED_LIMIT = 16  # maximum number of jobs that do not count while they wait for storage
_CLAIM_TIMEOUT = 1.0  # seconds that a stop waits for a claim under way
# Seconds that a quarantined job waits for the running jobs, and other jobs for a quarantined one.
_ISOLATION_TIMEOUT = 5.0


class JobRunner[Result]:
    """Runs up to `concurrency` jobs at a time.

    The cameras take turns, so that an image of one does not wait for the jobs of another. Nor does it
    wait for storage: jobs that do are not counted. While more jobs are known to wait, they are claimed
    and stored in batches that are worth their transactions. A job that was leased when a worker died
    is quarantined: it is processed in isolation, so that it takes no other job with it if it is the
    one that kills workers.
    """

    def __init__(
        self,
        database: Database,
        handler: JobHandler[Result],
        gate: StageGate,
        notifier: Notifier,
        *,
        concurrency: int,
        settings: Settings,
        on_lease_lost: Callable[[], None],
        max_batch_delay: float = MAX_BATCH_DELAY,
    ) -> None:
        """`on_lease_lost` is called if a job may have been stored without being published.

        During a backlog, a claim of less than a minimum batch waits up to `max_batch_delay` seconds.
        """
        self._database = database
        self._handler = handler
        self._gate = gate
        self._notifier = notifier
        self._concurrency = concurrency
        self._settings = settings
        self._on_lease_lost = on_lease_lost
        self._max_batch_delay = max_batch_delay
        self._renewer = LeaseRenewer(database, settings)
        self._shares = FairShares()
        self._backlog = False  # more jobs are known to wait
        self._settlement = Settlement(
            database, handler, settings=settings, min_batch=self._min_batch
        )
        self._running: set[asyncio.Task[None]] = set()
        self._blocked = 0  # of the running jobs
        self._has_capacity = asyncio.Event()
        self._draining = False
        self._claiming_ended = asyncio.Event()

    async def run_jobs(self) -> None:
        """Process jobs until cancelled, then release those that are running."""
        renewing = asyncio.create_task(self._renewer.keep_renewing())
        try:
            await self._claim_and_start()
        finally:
            await _cancel(renewing, *self._running)
            await self._renewer.release_all()

    def set_blocked(self, count: int) -> None:
        """Note how many running jobs wait for storage; as many others may run, within a limit."""
        self._blocked = min(count, _BLOCKED_LIMIT)
        self._has_capacity.set()

    async def drain(self) -> None:
        """Claim no more jobs; return once the running ones are settled."""
        self._draining = True
        self._notifier.notify()
        self._has_capacity.set()
        await self._claiming_ended.wait()
        if self._running:
            await asyncio.wait(self._running)

    async def _claim_and_start(self) -> None:
        while not self._draining:
            await self._wait_for_capacity()
            if self._draining:
                break
            free = min(self._free, _CLAIM_LIMIT)
            seen = self._notifier.count
            wait = self._gate.acquire()
            if wait > 0:
                await self._notifier.wait(seen, wait)
                continue
            trial = self._gate.is_paused
            wanted = 1 if trial else free
            jobs = await self._claim(wanted)
            self._backlog = len(jobs) == wanted
            others, quarantined = await self._separate(jobs)
            for job in others:
                self._start(job, trial=trial)
            if quarantined is not None:
                await self._start_isolated(quarantined, trial=trial)
            elif len(jobs) < wanted:
                await self._notifier.wait(seen, self._settings.poll_interval)
        self._claiming_ended.set()
        await asyncio.Event().wait()  # until cancelled: jobs that are draining are not released

    @property
    def _free(self) -> int:
        return self._concurrency + self._blocked - len(self._running)

    def _min_batch(self) -> int:
        return max(1, int(self._concurrency * _MIN_BATCH)) if self._backlog else 1

    async def _wait_for_capacity(self) -> None:
        """Wait until a minimum batch can run, or a little longer than until one job can."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._max_batch_delay):
                await self._wait_until_free(self._min_batch())
        await self._wait_until_free(1)

    async def _wait_until_free(self, wanted: int) -> None:
        while self._free < wanted and not self._draining:
            self._has_capacity.clear()
            await self._has_capacity.wait()

    async def _claim(self, limit: int) -> tuple[ClaimedJob, ...]:
        lags, oldest_first = self._shares.lags, self._shares.is_turn_of_age()
        claiming = asyncio.create_task(
            self._database.run_statement(
                lambda connection: leases.claim(
                    connection,
                    self._handler.kind,
                    lease=self._settings.lease,
                    limit=limit,
                    lags=lags,
                    oldest_first=oldest_first,
                )
            )
        )
        jobs: tuple[ClaimedJob, ...] = ()
        try:
            jobs = await asyncio.shield(claiming)
        except asyncio.CancelledError:
            # Jobs claimed at this very moment are released as well.
            await asyncio.wait([claiming], timeout=_CLAIM_TIMEOUT)
            if claiming.done() and claiming.exception() is None:
                for job in claiming.result():
                    self._renewer.track(job)
            await _cancel(claiming)
            raise
        finally:
            if not jobs:
                self._gate.abandon()
        self._shares.count(job.camera for job in jobs)
        return jobs

    async def _separate(
        self, jobs: Sequence[ClaimedJob]
    ) -> tuple[Sequence[ClaimedJob], ClaimedJob | None]:
        """Return the jobs that are not quarantined and the first that is; release the others."""
        quarantined = [job for job in jobs if job.is_quarantined]
        surplus = quarantined[1:]
        if surplus:
            for job in jobs:
                self._renewer.track(job)  # a cancellation releases all of them
            await self._database.run_statement(
                lambda connection: leases.release(connection, surplus)
            )
            for job in surplus:
                self._renewer.untrack(job)
        others = [job for job in jobs if not job.is_quarantined]
        return others, quarantined[0] if quarantined else None

    async def _start_isolated(self, job: ClaimedJob, *, trial: bool) -> None:
        """Start a quarantined job while no other runs, and start no other until it has ended.

        A job that hangs, the quarantined one or another, delays this only for a limited time.
        """
        self._renewer.track(job)
        await self._wait_until_idle()
        if self._draining:
            return  # the stop releases it
        if self._running:
            self._start(job, trial=trial)
        elif await self._set_isolated(job, isolated=True):
            self._start(job, trial=trial)
            if not await self._wait_until_idle():
                await self._set_isolated(job, isolated=False)
        else:
            self._renewer.untrack(job)
            _log_lost_lease(job)
            if trial:
                self._gate.abandon()

    async def _wait_until_idle(self) -> bool:
        """Wait for a limited time until no job runs; return whether that is so."""
        if self._running:
            await asyncio.wait(self._running, timeout=_ISOLATION_TIMEOUT)
        return not self._running

    async def _set_isolated(self, job: ClaimedJob, *, isolated: bool) -> bool:
        return await self._database.run_statement(
            lambda connection: leases.set_isolated(connection, job, isolated=isolated)
        )

    def _start(self, job: ClaimedJob, *, trial: bool) -> None:
        task = asyncio.create_task(self._process(job))

        def cancel() -> None:
            self._renewer.untrack(job)
            _log_lost_lease(job)
            task.cancel()

        def end(_: object) -> None:
            self._running.discard(task)
            self._has_capacity.set()
            if trial:
                self._gate.abandon()
            if task.cancelled():
                return  # it is to be released, or another worker has it
            self._renewer.untrack(job)
            if (error := task.exception()) is not None:
                # Nothing is stored: the lease expires and the crash is counted.
                _LOGGER.error("Job %s could not be settled", job.id, exc_info=error)

        self._running.add(task)
        self._renewer.track(job, cancel)
        task.add_done_callback(end)

    async def _process(self, job: ClaimedJob) -> None:
        try:
            outcome = await self._handler.process(job)
            self._note_success()
            self._renewer.track(job)  # from here on its fence decides
            settled = await self._settlement.store(outcome)
        except Exception as error:  # noqa: BLE001 - every failure has to be settled
            settled = await self._fail(job, error)
        if not settled:
            # Another worker has the job, or an earlier commit was never confirmed.
            _log_lost_lease(job)
            self._on_lease_lost()

    async def _fail(self, job: ClaimedJob, error: Exception) -> bool:
        if isinstance(error, WatchError):  # the folder of all images is away
            self._gate.failure()
        if not isinstance(error, CoreError):
            _LOGGER.error("Job %s failed unexpectedly", job.id, exc_info=error)
        self._renewer.track(job)
        return await self._settlement.fail(job, error, failures_in_a_row=self._gate.failures)

    def _note_success(self) -> None:
        was_paused = self._gate.is_paused
        self._gate.success()
        if was_paused:
            self._notifier.notify()


def _log_lost_lease(job: ClaimedJob) -> None:
    _LOGGER.warning("Job %s: the lease was lost to another worker", job.id)


async def _cancel(*tasks: asyncio.Task[object]) -> None:
    """Cancel tasks and wait for their end; their results and errors stay with them."""
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
