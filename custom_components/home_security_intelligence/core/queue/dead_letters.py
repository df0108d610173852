"""What a person decides about dead letters."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from itertools import batched

from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.models import JobKind, RequeueReport
from ..domain.queries import DeadLetterQuery
from ..domain.updates import EventPhase, EventUpdate, Update
from ..store import dead_letters, events, notify
from ..store.database import Database
from ..store.errors import StoreConflictError

_PORTION = 1000  # dead letters changed in one transaction, at most


class DeadLetterService:
    """Requeues and discards; raises StoreError when the database is away."""

    def __init__(
        self,
        database: Database,
        *,
        requeue_limit: int,
        origin: str,
        publish: Callable[[Sequence[Update]], None],
        on_changed: Callable[[], None],
        on_job: Callable[[JobKind], None],
    ) -> None:
        self._database = database
        self._limit = requeue_limit
        self._origin = origin
        self._publish = publish
        self._on_changed = on_changed
        self._on_job = on_job

    async def requeue(
        self, *, job_ids: Sequence[int] | None = None, query: DeadLetterQuery | None = None
    ) -> RequeueReport:
        """Requeue dead letters by id, by filter, or all, except those at the requeue limit."""
        done = [await self._requeue(ids) for ids in await self._select(job_ids, query)]
        refused = sum(each.refused for each in done)
        return RequeueReport(
            requeued=sum(each.count for each in done),
            refused=refused,
            refusal=dead_letters.refusal(self._limit) if refused else None,
        )

    async def discard(
        self, *, job_ids: Sequence[int] | None = None, query: DeadLetterQuery | None = None
    ) -> int:
        """Discard dead letters by id, by filter, or all; returns how many."""
        return sum([await self._discard(ids) for ids in await self._select(job_ids, query)])

    async def _select(
        self, job_ids: Sequence[int] | None, query: DeadLetterQuery | None
    ) -> tuple[tuple[int, ...], ...]:
        """Return the jobs meant, in portions that one transaction can bear."""
        async with self._database.begin() as connection:
            ids = await dead_letters.select_ids(connection, job_ids=job_ids, query=query)
        return tuple(batched(ids, _PORTION, strict=False))

    async def _requeue(self, ids: Sequence[int]) -> dead_letters.Requeued:
        requeued, updates = await self._twice(partial(self._requeue_in, ids=ids))
        self._publish(updates)
        self._on_changed()
        for kind in requeued.kinds:
            self._on_job(kind)
        return requeued

    async def _requeue_in(
        self, connection: AsyncConnection, ids: Sequence[int]
    ) -> tuple[dead_letters.Requeued, tuple[EventUpdate, ...]]:
        requeued = await dead_letters.requeue(connection, ids, limit=self._limit)
        for kind in requeued.kinds:
            await notify.announce_jobs(connection, kind)
        updates = await _news_of(connection, requeued)
        await notify.announce_updates(connection, self._origin, updates)
        return requeued, updates

    async def _discard(self, ids: Sequence[int]) -> int:
        count = await self._twice(partial(dead_letters.discard, ids=ids))
        self._on_changed()
        return count

    async def _twice[T](self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Run work in a transaction; once more if it had to give way to another one."""
        try:
            async with self._database.begin() as connection:
                return await work(connection)
        except StoreConflictError:
            async with self._database.begin() as connection:
                return await work(connection)


async def _news_of(
    connection: AsyncConnection, requeued: dead_letters.Requeued
) -> tuple[EventUpdate, ...]:
    changed = await events.get_many(connection, requeued.event_ids)
    return tuple(EventUpdate(event=event, phase=EventPhase.UPDATED) for event in changed)
