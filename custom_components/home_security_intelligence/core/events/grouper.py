"""From images with watched objects to the events they belong to."""

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
from .context_provider import Surroundings
from .event_batch import Ledger, Sighting


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """The event of each image that has one, by the image's id, and what is told of the events."""

    places: Mapping[int, UUID]
    updates: tuple[EventUpdate, ...]


class Group:
    """Puts images into events; the caller holds their cameras' locks."""

    def __init__(
        self,
        settings: Settings,
        surroundings: Surroundings,
        *,
        now: Callable[[], datetime],
        new_id: Callable[[], UUID],
    ) -> None:
        self._settings = settings
        self._surroundings = surroundings
        self._now = now
        self._new_id = new_id

    async def run(self, transaction: Transaction, images: Sequence[Image]) -> Grouping:
        """Open, join or backfill events, for one image after the other as they were captured.

        An image without a watched object belongs to none. The caller keeps the images' places.
        """
        in_order = sorted(images, key=lambda image: (image.captured_at, image.id))
        seen = [one for image in in_order if (one := _sighting(image, self._settings))]
        if not seen:
            return Grouping(places={}, updates=())
        connection = transaction.connection
        known = await events.around(
            connection,
            [(one.image.camera, one.image.captured_at) for one in seen],
            within=timedelta(seconds=self._settings.event_idle),
            longest=timedelta(seconds=self._settings.event_window),
        )
        ledger = Ledger(known, self._settings, new_id=self._new_id)
        for one in seen:
            ledger.take(one)
        # What is over ends first: only one event of a camera may be open.
        stored = await events.grow(connection, ledger.changed) if ledger.changed else {}
        if ledger.new:
            await events.add(
                connection, [(one, await self._around(connection, one)) for one in ledger.new]
            )
        await self._assess(transaction, ledger.to_assess)
        return Grouping(places=ledger.places, updates=ledger.updates(stored))

    async def close(self, transaction: Transaction, event: SecurityEvent) -> None:
        """Close an event and have it assessed as a whole."""
        closed = await events.close(transaction.connection, event)
        await self._assess(transaction, [closed])
        transaction.publish([EventUpdate(event=closed, phase=EventPhase.UPDATED)])

    async def _around(self, connection: AsyncConnection, one: Grouped) -> Context:
        return await self._surroundings.at(connection, one.event.camera, one.event.started_at)

    async def _assess(self, transaction: Transaction, wanted: Sequence[SecurityEvent]) -> None:
        if not wanted:
            return
        await jobs.enqueue_assess(transaction.connection, wanted, now=self._now())
        transaction.notify_workers(JobKind.ASSESS)


def _sighting(image: Image, settings: Settings) -> Sighting | None:
    watched = [seen for seen in image.detections if seen.label in settings.watched_labels]
    if not watched:
        return None
    return Sighting(
        image=image,
        labels=frozenset(seen.label for seen in watched),
        confidence=max(seen.confidence for seen in watched),
        urgent=_is_urgent(image, settings),
    )


def _is_urgent(image: Image, settings: Settings) -> bool:
    return any(
        seen.label in settings.fast_path_labels and seen.confidence >= settings.fast_path_confidence
        for seen in image.detections
    )
