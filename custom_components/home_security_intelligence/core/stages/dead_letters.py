"""What a person decides about dead letters."""

from collections.abc import Callable, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from ..database import Database
from ..models import JobKind
from ..queries import DeadLetterQuery
from ..store import dead_letters, events, notify
from ..updates import EventPhase, EventUpdate, Update


class DeadLetterOffice:
    """Requeues and discards; raises StoreError when the database is away."""

    def __init__(
        self,
        database: Database,
        *,
        origin: str,
        publish: Callable[[Sequence[Update]], None],
        on_changed: Callable[[], None],
        on_job: Callable[[JobKind], None],
    ) -> None:
        self._database = database
        self._origin = origin
        self._publish = publish
        self._on_changed = on_changed
        self._on_job = on_job

    async def requeue(self, job_ids: Sequence[int] | None, query: DeadLetterQuery | None) -> int:
        """Put dead letters back into the queue; returns how many."""
        async with self._database.begin() as connection:
            ids = await dead_letters.select_ids(connection, job_ids=job_ids, query=query)
            requeued = await dead_letters.requeue(connection, ids)
            for kind in requeued.kinds:
                await notify.announce_jobs(connection, kind)
            updates = await _news_of(connection, requeued)
            await notify.announce_updates(connection, self._origin, updates)
        self._publish(updates)
        self._on_changed()
        for kind in requeued.kinds:
            self._on_job(kind)
        return requeued.count

    async def discard(self, job_ids: Sequence[int] | None, query: DeadLetterQuery | None) -> int:
        """Dismiss dead letters; returns how many."""
        async with self._database.begin() as connection:
            ids = await dead_letters.select_ids(connection, job_ids=job_ids, query=query)
            count = await dead_letters.discard(connection, ids)
        self._on_changed()
        return count


async def _news_of(
    connection: AsyncConnection, requeued: dead_letters.Requeued
) -> tuple[EventUpdate, ...]:
    changed = [await events.get(connection, event_id) for event_id in requeued.event_ids]
    return tuple(
        EventUpdate(event=event, phase=EventPhase.UPDATED) for event in changed if event is not None
    )
