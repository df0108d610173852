"""Works on the jobs of one kind, and never lets go of one without saying what became of it."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
import logging

from sqlalchemy.ext.asyncio import AsyncConnection

from ..aio.batcher import MAX_BATCH_DELAY, Batcher
from ..aio.notifier import Notifier
from ..domain.errors import CoreError, WatchError
from ..domain.settings import Settings
from ..domain.updates import Update
from ..inference.stage_gate import StageGate
from ..store import leases, notify
from ..store.database import Database
from ..store.leases import ClaimedJob, LeaseLostError
from .handler import Outcome, Stage, Stored
from .lease_renewer import LeaseRenewer
from .retry_policy import settle

_LOGGER = logging.getLogger(__name__)

_CLAIM_LIMIT = 64  # jobs claimed at once, at most
_SUSPECT_PATIENCE = (
    5.0  # seconds to wait for jobs in hand before a suspect, and for it before others
)
_PORTION = 0.25  # of the hands claim together, and store together, while there is a backlog
_CLAIM_PATIENCE = 1.0  # seconds to wait while stopping for what is being claimed


class Worker[Result]:
    """Claims as many jobs as it has hands free, works on them side by side, stores them together.

    While more jobs are known to wait, it does so in portions that are worth their transactions.
    Each of those that were in hand when a worker died, a suspect, it does alone: should it be what
    kills workers, nothing else dies with it again, and it is known that it was this one.
    """

    def __init__(
        self,
        database: Database,
        stage: Stage[Result],
        gate: StageGate,
        notifier: Notifier,
        *,
        hands: int,
        settings: Settings,
        origin: str,
        publish: Callable[[Sequence[Update]], None],
        on_doubt: Callable[[], None],
    ) -> None:
        """`on_doubt` hears of jobs that may have been stored already without anybody being told."""
        self._database = database
        self._stage = stage
        self._gate = gate
        self._notifier = notifier
        self._hands = hands
        self._settings = settings
        self._origin = origin
        self._publish = publish
        self._on_doubt = on_doubt
        self._keeper = LeaseRenewer(database, settings)
        self._backlog = False  # more jobs are known to wait
        self._storing = Batcher(self._store, max_size=stage.together, min_size=self._portion)
        self._at_work: set[asyncio.Task[None]] = set()
        self._hand_free = asyncio.Event()
        self._draining = False
        self._claims_no_more = asyncio.Event()

    async def drain(self) -> None:
        """Claim no more jobs; return when those in hand are settled."""
        self._draining = True
        self._notifier.notify()
        self._hand_free.set()
        await self._claims_no_more.wait()
        if self._at_work:
            await asyncio.wait(self._at_work)

    async def run(self) -> None:
        """Work until cancelled; the jobs in hand are given back then."""
        renewing = asyncio.create_task(self._keeper.run())
        try:
            await self._work_on()
        finally:
            await _end(renewing, *self._at_work)
            await self._keeper.give_back()

    async def _work_on(self) -> None:
        while not self._draining:
            await self._hands_to_be_free()
            if self._draining:
                break
            free = min(self._hands - len(self._at_work), _CLAIM_LIMIT)
            seen = self._notifier.count
            wait = self._gate.acquire()
            if wait > 0:
                await self._notifier.wait(seen, wait)
                continue
            trial = self._gate.is_paused
            wanted = 1 if trial else free
            jobs = await self._claim(wanted)
            self._backlog = len(jobs) == wanted
            others, suspect = await self._apart(jobs)
            for job in others:
                self._begin(job, trial=trial)
            if suspect is not None:
                await self._do_alone(suspect, trial=trial)
            elif len(jobs) < wanted:
                await self._notifier.wait(seen, self._settings.poll_interval)
        self._claims_no_more.set()
        await asyncio.Event().wait()  # until cancelled: what is in hand is not to be given back

    def _portion(self) -> int:
        return max(1, int(self._hands * _PORTION)) if self._backlog else 1

    async def _hands_to_be_free(self) -> None:
        """Wait for a portion of the hands, or a moment longer than for one of them."""
        with suppress(TimeoutError):
            async with asyncio.timeout(MAX_BATCH_DELAY):
                await self._free(self._portion())
        await self._free(1)

    async def _free(self, wanted: int) -> None:
        while self._hands - len(self._at_work) < wanted and not self._draining:
            self._hand_free.clear()
            await self._hand_free.wait()

    async def _claim(self, at_most: int) -> tuple[ClaimedJob, ...]:
        claiming = asyncio.create_task(
            self._database.run_statement(
                lambda connection: leases.claim(
                    connection,
                    self._stage.kind,
                    lease=self._settings.lease,
                    at_most=at_most,
                )
            )
        )
        jobs: tuple[ClaimedJob, ...] = ()
        try:
            jobs = await asyncio.shield(claiming)
        except asyncio.CancelledError:
            # What is claimed at this very moment is given back as well.
            await asyncio.wait([claiming], timeout=_CLAIM_PATIENCE)
            if claiming.done() and claiming.exception() is None:
                for job in claiming.result():
                    self._keeper.hold(job)
            await _end(claiming)
            raise
        finally:
            if not jobs:
                self._gate.abandon()
        return jobs

    async def _apart(
        self, jobs: Sequence[ClaimedJob]
    ) -> tuple[Sequence[ClaimedJob], ClaimedJob | None]:
        """Return those that are no suspects, and the first suspect; give the others back."""
        suspects = [job for job in jobs if job.is_suspect]
        others = suspects[1:]
        if others:
            for job in jobs:
                self._keeper.hold(job)  # should this be cancelled, all are given back
            await self._database.run_statement(
                lambda connection: leases.release(connection, others)
            )
            for job in others:
                self._keeper.let_go(job)
        return [job for job in jobs if not job.is_suspect], suspects[0] if suspects else None

    async def _do_alone(self, job: ClaimedJob, *, trial: bool) -> None:
        """Do a suspect once nothing else is in hand, and nothing else meanwhile.

        What hangs, that or the suspect itself, does not hold up all others for long.
        """
        self._keeper.hold(job)
        await self._nothing_in_hand()
        if self._draining:
            return  # it is given back with what else is not finished
        if self._at_work:
            self._begin(job, trial=trial)
        elif await self._note_alone(job, alone=True):
            self._begin(job, trial=trial)
            if not await self._nothing_in_hand():
                await self._note_alone(job, alone=False)
        else:
            self._keeper.let_go(job)
            _note_loss(job)
            if trial:
                self._gate.abandon()

    async def _nothing_in_hand(self) -> bool:
        """Wait for a while until nothing is in hand; tell whether it is so."""
        if self._at_work:
            await asyncio.wait(self._at_work, timeout=_SUSPECT_PATIENCE)
        return not self._at_work

    async def _note_alone(self, job: ClaimedJob, *, alone: bool) -> bool:
        return await self._database.run_statement(
            lambda connection: leases.note_alone(connection, job, alone=alone)
        )

    def _begin(self, job: ClaimedJob, *, trial: bool) -> None:
        task = asyncio.create_task(self._work(job))

        def lose() -> None:
            self._keeper.let_go(job)
            _note_loss(job)
            task.cancel()

        def end(_: object) -> None:
            self._at_work.discard(task)
            self._hand_free.set()
            if trial:
                self._gate.abandon()
            if task.cancelled():
                return  # it is to be given back, or somebody else does it
            self._keeper.let_go(job)
            if (error := task.exception()) is not None:
                # Nothing is stored: the lease ends by itself and the crash is counted.
                _LOGGER.error("job %s could not be settled", job.id, exc_info=error)

        self._at_work.add(task)
        self._keeper.hold(job, lose)
        task.add_done_callback(end)

    async def _work(self, job: ClaimedJob) -> None:
        try:
            outcome = await self._stage.run(job)
            self._note_success()
            self._keeper.hold(job)  # from here on its fence decides
            stored = await self._storing.submit(outcome)
        except Exception as error:  # noqa: BLE001 - every failure has to be settled
            await self._settle(job, error)
            return
        if not stored:
            self._doubt(job)

    async def _store(self, outcomes: Sequence[Outcome[Result]]) -> list[bool]:
        stored = await self._database.run_transaction(
            lambda connection: self._store_in(connection, outcomes)
        )
        self._publish(stored.updates)
        return [outcome.job.id in stored.jobs for outcome in outcomes]

    async def _store_in(
        self, connection: AsyncConnection, outcomes: Sequence[Outcome[Result]]
    ) -> Stored:
        stored = await self._stage.store(connection, outcomes)
        await notify.announce_updates(connection, self._origin, stored.updates)
        return stored

    async def _settle(self, job: ClaimedJob, error: Exception) -> None:
        self._note_failure(error)
        if not isinstance(error, CoreError):
            _LOGGER.error("job %s failed unexpectedly", job.id, exc_info=error)
        self._keeper.hold(job)
        try:
            updates = await self._database.run_transaction(
                lambda c: self._store_failure(c, job, error)
            )
        except LeaseLostError:
            self._doubt(job)
        else:
            self._publish(updates)

    def _doubt(self, job: ClaimedJob) -> None:
        """Note that a job was not held any more: by then, or by a commit that was not answered."""
        _note_loss(job)
        self._on_doubt()

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

    def _note_success(self) -> None:
        was_paused = self._gate.is_paused
        self._gate.success()
        if was_paused:
            self._notifier.notify()

    def _note_failure(self, error: Exception) -> None:
        if isinstance(error, WatchError):  # what all pictures lie on is away
            self._gate.failure()


def _note_loss(job: ClaimedJob) -> None:
    _LOGGER.warning("job %s: its lease was lost, somebody else does it", job.id)


async def _end(*tasks: asyncio.Task[object]) -> None:
    """Cancel tasks and wait for their end; their results and errors stay with them."""
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
