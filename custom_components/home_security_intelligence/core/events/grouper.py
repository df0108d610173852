"""Grouping of detected images into events, stored in the caller's transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.context import Context
from ..domain.models import Image, JobKind, SecurityEvent
from ..domain.settings import Settings
from ..domain.updates import EventPhase, EventUpdate
from ..store import events, jobs
from ..store.events import Grouped
from ..store.transaction import Transaction
from .context_provider import ContextProvider
from .event_batch import EventBatch, Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupingResult:
    """The event id of each grouped image, by image id, and the updates to publish."""

    event_ids: Mapping[int, UUID]
    updates: tuple[EventUpdate, ...]


class EventGrouper:
    """Group images into events; the caller holds their cameras' locks."""

    def __init__(
        self,
        settings: Settings,
        context_provider: ContextProvider,
        *,
        now: Callable[[], datetime],
        new_id: Callable[[], UUID],
    ) -> None:
        self._settings = settings
        self._context_provider = context_provider
        self._now = now
        self._new_id = new_id

    async def add(self, transaction: Transaction, images: Sequence[Image]) -> GroupingResult:
        """Open, extend or backfill events, by capture time.

        An image without a watched label belongs to no event. The caller stores the event ids.
        """
        in_order = sorted(images, key=lambda image: (image.captured_at, image.id))
        seen = [one for image in in_order if (one := _observation(image, self._settings))]
        if not seen:
            return GroupingResult(event_ids={}, updates=())
        connection = transaction.connection
        known = await events.find_near(
            connection,
            [(one.image.camera, one.image.captured_at) for one in seen],
            within=timedelta(seconds=self._settings.event_idle),
            longest=timedelta(seconds=self._settings.event_window),
        )
        batch = EventBatch(known, self._settings, new_id=self._new_id)
        for one in seen:
            batch.add(one)
        # Ended events are stored first: a camera may have only one open event.
        stored = await events.update_grouped(connection, batch.changed) if batch.changed else {}
        if batch.new:
            await events.add(
                connection, [(one, await self._context_of(connection, one)) for one in batch.new]
            )
        await self._assess(transaction, batch.to_assess)
        return GroupingResult(event_ids=batch.event_ids, updates=batch.updates(stored))

    async def close(self, transaction: Transaction, event: SecurityEvent) -> None:
        """Close an event and order its assessment."""
        closed = await events.close(transaction.connection, event)
        await self._assess(transaction, [closed])
        transaction.publish([EventUpdate(event=closed, phase=EventPhase.CLOSED)])

    async def _context_of(self, connection: AsyncConnection, one: Grouped) -> Context:
        return await self._context_provider.context_at(
            connection, one.event.camera, one.event.started_at
        )

    async def _assess(self, transaction: Transaction, wanted: Sequence[SecurityEvent]) -> None:
        if not wanted:
            return
        await jobs.enqueue_assess(transaction.connection, wanted, now=self._now())
        transaction.notify_workers(JobKind.ASSESS)


def _observation(image: Image, settings: Settings) -> Observation | None:
    watched = [seen for seen in image.detections if seen.label in settings.watched_labels]
    if not watched:
        return None
    return Observation(
        image=image,
        labels=frozenset(seen.label for seen in watched),
        confidence=max(seen.confidence for seen in watched),
        urgent=_is_urgent(image),
    )


def _is_urgent(image: Image) -> bool:
    return any(seen.label == "person" and seen.confidence >= 0.9 for seen in image.detections)
