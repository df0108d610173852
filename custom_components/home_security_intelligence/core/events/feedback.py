"""Marks that people set on events afterwards."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from ..domain.errors import InputError
from ..domain.models import EventMark, MissedMoment, SecurityEvent
from ..domain.settings import Settings
from ..store import cameras, feedback
from ..store.database import Database


class Feedback:
    """Store marks; raises InputError for an unknown event or camera, and StoreError."""

    def __init__(
        self, database: Database, *, settings: Settings, now: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._within = timedelta(seconds=settings.event_idle)
        self._now = now

    async def mark(
        self, event_id: UUID, mark: EventMark | None, note: str | None = None
    ) -> SecurityEvent:
        """Mark an event, and note why; None removes its mark and note."""
        async with self._database.begin() as connection:
            event = await feedback.set_mark(connection, event_id, mark, self._now(), note)
        if event is None:
            raise InputError(f"there is no event {event_id}", code="event_unknown")
        return event

    async def mark_missed(self, camera: str, at: datetime) -> SecurityEvent | MissedMoment:
        """Mark the event of a moment as missed; without one, record the moment.

        Raises InputError for an unknown camera and for a moment in the future.
        """
        now = self._now()
        if at > now:
            raise InputError("the moment is in the future", code="moment_in_future")
        async with self._database.begin() as connection:
            if await cameras.find(connection, camera) is None:
                raise InputError(f"there is no camera {camera}", code="camera_unknown")
            event_id = await feedback.event_at(connection, camera, at, within=self._within)
            if event_id is not None:
                event = await feedback.set_mark(connection, event_id, EventMark.MISSED, now)
                if event is not None:
                    return event
            missed = MissedMoment(camera=camera, at=at, marked_at=now)
            await feedback.add_missed(connection, missed)
            return missed

    async def take_back_missed(self, camera: str, at: datetime) -> int:
        """Remove the missed moments around a moment; returns how many were removed."""
        async with self._database.begin() as connection:
            return await feedback.delete_missed(connection, camera, at, within=self._within)
