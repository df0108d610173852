"""Requeues and discards dead letters on a user's request."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from itertools import batched

from ..domain.errors import StoreInterruptedError
from ..domain.models import RequeueReport
from ..domain.queries import DeadLetterQuery
from ..domain.updates import EventPhase, EventUpdate
from ..store import dead_letters, events
from ..store.database import Database
from ..store.dead_letters import DeadJob
from ..store.transaction import Transaction

_BATCH_LIMIT = 1000  # maximum number of dead letters changed in one transaction


class DeadLetterService:
    """Requeues and discards; raises StoreError if the database is away."""

    def __init__(self, database: Database, *, requeue_limit: int) -> None:
        self._database = database
        self._limit = requeue_limit

    async def requeue(
        self, *, job_ids: Sequence[int] | None = None, query: DeadLetterQuery | None = None
    ) -> RequeueReport:
        """Requeue dead letters by id, by filter, or all, except those at the requeue limit."""
        done = [await self._requeue(ids) async for ids in self._batches(job_ids, query)]
        refused = sum(each.refused for each in done)
        return RequeueReport(
            requeued=sum(each.count for each in done),
            refused=refused,
            refusal=dead_letters.refusal(self._limit) if refused else None,
        )

    async def discard(
        self, *, job_ids: Sequence[int] | None = None, query: DeadLetterQuery | None = None
    ) -> int:
        """Discard dead letters by id, by filter, or all; return how many."""
        return sum([await self._discard(ids) async for ids in self._batches(job_ids, query)])

    async def _batches(
        self, job_ids: Sequence[int] | None, query: DeadLetterQuery | None
    ) -> AsyncIterator[Sequence[int]]:
        """Yield the ids of the selected dead letters in batches, one for each transaction.

        A dead letter that was requeued and failed again meanwhile is not selected again.
        """
        wanted = query or DeadLetterQuery()
        if job_ids is not None:
            for some in batched(dict.fromkeys(job_ids), _BATCH_LIMIT, strict=False):
                async with self._database.begin() as connection:
                    ids = await dead_letters.select_ids(connection, wanted, some)
                if ids:
                    yield ids
            return
        last: DeadJob | None = None
        while True:
            async with self._database.begin() as connection:
                found = await dead_letters.select_next(
                    connection, wanted, after=last, limit=_BATCH_LIMIT
                )
            if not found:
                return
            yield [job.id for job in found]
            last = found[-1]

    async def _requeue(self, ids: Sequence[int]) -> dead_letters.Requeued:
        return await self._run(partial(_requeue, ids=ids, limit=self._limit))

    async def _discard(self, ids: Sequence[int]) -> int:
        return await self._run(partial(_discard, ids=ids))

    async def _run[T](self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run work in a transaction; once more if PostgreSQL broke it off."""
        try:
            async with self._database.transaction() as transaction:
                return await work(transaction)
        except StoreInterruptedError:
            async with self._database.transaction() as transaction:
                return await work(transaction)


async def _requeue(
    transaction: Transaction, *, ids: Sequence[int], limit: int
) -> dead_letters.Requeued:
    requeued = await dead_letters.requeue(transaction.connection, ids, limit=limit)
    changed = await events.get_many(transaction.connection, requeued.event_ids)
    transaction.publish_after_commit(
        EventUpdate(event=event, phase=EventPhase.UPDATED) for event in changed
    )
    for kind in requeued.kinds:
        transaction.notify_workers_after_commit(kind)
    transaction.note_queue_change()
    return requeued


async def _discard(transaction: Transaction, *, ids: Sequence[int]) -> int:
    transaction.note_queue_change()
    return await dead_letters.discard(transaction.connection, ids)
