"""From an image with watched objects to the event it belongs to."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from ..grouping import Placement, Span, place
from ..models import EventState, Image, JobKind, SecurityEvent
from ..settings import Settings
from ..store import events, images, jobs, notify
from ..store.events import Sighting
from ..updates import EventPhase, EventUpdate
from .surroundings import Surroundings


class Group:
    """Puts an image into an event; the caller holds the camera's lock."""

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

    async def run(self, connection: AsyncConnection, image: Image) -> tuple[EventUpdate, ...]:
        """Open, join or backfill an event; nothing where no watched object is in the image."""
        seen = _sighting(image, self._settings)
        if seen is None:
            return ()
        moment = image.captured_at
        current, closed = await events.around(
            connection,
            image.camera,
            moment,
            within=timedelta(seconds=self._settings.event_idle),
            longest=timedelta(seconds=self._settings.event_window),
        )
        placement, index = place(
            moment,
            None if current is None else span_of(current),
            [span_of(event) for event in closed],
            self._settings,
        )
        match placement:
            case Placement.JOIN_OPEN if current is not None:
                return (await self._join(connection, current, seen),)
            case Placement.JOIN_CLOSED if index is not None:
                return (await self._join(connection, closed[index], seen),)
            case Placement.BACKFILL:
                return (await self._begin(connection, seen, over=True),)
            case _:
                return await self._begin_after(connection, current, seen)

    async def close(self, connection: AsyncConnection, event: SecurityEvent) -> EventUpdate:
        """End an event and have it assessed as a whole."""
        closed = await events.close(connection, event)
        await self._assess(connection, closed)
        return EventUpdate(event=closed, phase=EventPhase.UPDATED)

    async def _begin_after(
        self, connection: AsyncConnection, current: SecurityEvent | None, seen: Sighting
    ) -> tuple[EventUpdate, ...]:
        ended = () if current is None else (await self.close(connection, current),)
        return (*ended, await self._begin(connection, seen, over=False))

    async def _begin(
        self, connection: AsyncConnection, seen: Sighting, *, over: bool
    ) -> EventUpdate:
        image = seen.image
        context = await self._surroundings.at(connection, image.camera, image.captured_at)
        event = await events.add(connection, self._new_id(), seen, context, closed=over)
        await images.set_event(connection, image.id, event.id)
        if over or _is_urgent(image, self._settings):
            await self._assess(connection, event)
        return EventUpdate(event=event, phase=EventPhase.OPENED)

    async def _join(
        self, connection: AsyncConnection, event: SecurityEvent, seen: Sighting
    ) -> EventUpdate:
        before = span_of(event)
        after = before.with_image(seen.image.captured_at)
        joined = await events.join(connection, event, after, seen)
        await images.set_event(connection, seen.image.id, event.id)
        grown = after != before or joined.labels != event.labels
        if event.state is EventState.CLOSED and grown:
            await self._assess(connection, joined)
        return EventUpdate(event=joined, phase=EventPhase.UPDATED)

    async def _assess(self, connection: AsyncConnection, event: SecurityEvent) -> None:
        await jobs.enqueue_assess(
            connection,
            camera=event.camera,
            event_id=event.id,
            happened_at=event.started_at,
            now=self._now(),
        )
        await notify.announce_jobs(connection, JobKind.ASSESS)


def span_of(event: SecurityEvent) -> Span:
    """Return from when to when an event was going on."""
    return Span(started_at=event.started_at, last_activity_at=event.last_activity_at)


def _sighting(image: Image, settings: Settings) -> Sighting | None:
    watched = [seen for seen in image.detections if seen.label in settings.watched_labels]
    if not watched:
        return None
    return Sighting(
        image=image,
        labels=frozenset(seen.label for seen in watched),
        confidence=max(seen.confidence for seen in watched),
    )


def _is_urgent(image: Image, settings: Settings) -> bool:
    return any(
        seen.label in settings.fast_path_labels and seen.confidence >= settings.fast_path_confidence
        for seen in image.detections
    )
