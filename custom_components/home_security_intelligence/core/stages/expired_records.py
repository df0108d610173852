"""Deletes records past their retention in small steps."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from ..store import feedback, home_events, home_states, retention, roots
from ..store.database import Database
from ..store.retention import Deleted, KnownFile

# Small enough that other transactions do not wait noticeably for a step to end.
EVENTS_STEP = 25
IMAGES_STEP = 200

type _StillPresent = Callable[[Sequence[KnownFile]], Awaitable[list[KnownFile]]]


class ExpiredRecords:
    """The records of events, images and jobs; every method raises StoreError.

    If a file outlives its record, it is remembered as forgotten, because the next scan would
    register the file again.
    """

    def __init__(self, database: Database, still_present: _StillPresent) -> None:
        """`still_present` returns those files that a scan could find again."""
        self._database = database
        self._still_present = still_present

    async def count_stored(self) -> int:
        """Return how many images have a record."""
        async with self._database.begin_count() as connection:
            return await retention.count_images(connection)

    async def count(self, before: datetime) -> Deleted:
        """Count the records that are due."""
        async with self._database.begin_count() as connection:
            return await retention.count(connection, before)

    async def delete(self, before: datetime) -> Deleted:
        """Delete the records that are due."""
        total = Deleted()
        for delete_some in (self._delete_events, self._delete_images):
            while (step := await delete_some(before)) is not None and step.images:
                total = _sum(total, step)
        async with self._database.begin() as connection:
            await home_states.delete_before(connection, before)
            await home_events.delete_before(connection, before)
            await feedback.delete_before(connection, before)
            await roots.delete_unused(connection)
        return total

    async def _delete_events(self, before: datetime) -> Deleted | None:
        async with self._database.begin() as connection:
            due = await retention.find_due_events(connection, before, limit=EVENTS_STEP)
            known = () if due is None else await retention.images_of(connection, due[1])
        if due is None:
            return None
        present = await self._still_present(known)
        async with self._database.begin() as connection:
            return await retention.delete_events(connection, *due, before, present)

    async def _delete_images(self, before: datetime) -> Deleted | None:
        async with self._database.begin() as connection:
            due = await retention.find_due_images(connection, before, limit=IMAGES_STEP)
        if not due:
            return None
        present = await self._still_present(due)
        async with self._database.begin() as connection:
            return await retention.delete_images(connection, due, before, present)


def _sum(one: Deleted, other: Deleted) -> Deleted:
    return Deleted(
        events=one.events + other.events,
        images=one.images + other.images,
        detections=one.detections + other.detections,
        jobs=one.jobs + other.jobs,
    )
