"""Stores what has become of processed jobs: outcomes in batches, failures one by one."""

from collections.abc import Callable, Sequence
from functools import partial
import random

from ..aio.batcher import Batcher
from ..domain.settings import Settings
from ..store import leases
from ..store.database import Database
from ..store.leases import ClaimedJob, LeaseLostError, RetryDecision
from ..store.transaction import Transaction
from . import retry_policy
from .handler import DeadJobHandler, JobHandler, Outcome


class Settlement[Result]:
    """Settles the jobs of one worker; each method returns whether the lease was still valid."""

    def __init__(
        self,
        database: Database,
        handler: JobHandler[Result],
        *,
        settings: Settings,
        min_batch: Callable[[], int],
    ) -> None:
        """Store outcomes in batches of at least `min_batch()`, unless no more arrive in time."""
        self._database = database
        self._handler = handler
        self._settings = settings
        self._batcher = Batcher(self._store_batch, max_size=handler.batch_limit, min_size=min_batch)

    async def store(self, outcome: Outcome[Result]) -> bool:
        """Store a job's outcome; raises CoreError if it cannot be stored."""
        return await self._batcher.submit(outcome)

    async def fail(self, job: ClaimedJob, error: Exception, *, failures_in_a_row: int) -> bool:
        """Retry a failed job later or make it a dead letter."""
        decision = retry_policy.decide(
            job,
            error,
            failures_in_a_row=failures_in_a_row,
            jitter=random.random(),  # noqa: S311 - spreads load, guards nothing
            settings=self._settings,
        )
        work = partial(carry_out, handler=self._handler, job=job, decision=decision)
        try:
            await self._database.run_transaction(work)
        except LeaseLostError:
            return False
        return True

    async def _store_batch(self, outcomes: Sequence[Outcome[Result]]) -> list[bool]:
        stored = await self._database.run_transaction(
            partial(self._handler.store, outcomes=outcomes)
        )
        return [outcome.job.id in stored for outcome in outcomes]


async def carry_out(
    transaction: Transaction,
    *,
    handler: DeadJobHandler,
    job: ClaimedJob,
    decision: RetryDecision,
) -> None:
    """Store a decision of the retry policy; raises LeaseLostError."""
    if not decision.is_final:
        await leases.settle(transaction.connection, job, decision)
        return
    await handler.lock_subject(transaction.connection, job)
    await leases.settle(transaction.connection, job, decision)
    await handler.on_dead(transaction, job, decision.failure)
