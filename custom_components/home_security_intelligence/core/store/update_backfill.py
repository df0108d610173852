"""Reads the updates of a time in which no notifications were received."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.models import AssessmentState, SecurityEvent
from ..domain.settings import Settings
from ..domain.updates import EventPhase, EventUpdate, ImageUpdate, Update
from . import cameras, events, images, presence

# A transaction becomes visible when it commits, which may be that much later.
_OVERLAP = timedelta(minutes=1)
_LIMIT = 500  # events


async def assessments(
    connection: AsyncConnection, since: datetime | None, settings: Settings
) -> tuple[Update, ...]:
    """Return assessments since a moment, within `missed_limit`; all within it if `since` is None."""
    now: datetime = (await connection.execute(select(func.now()))).scalar_one()
    oldest = now - timedelta(seconds=settings.missed_limit)
    since = oldest if since is None else max(oldest, since - _OVERLAP)
    settled = await events.settled_since(connection, since, limit=_LIMIT)
    return tuple(EventUpdate(event=each, phase=_phase(each), missed=True) for each in settled)


async def states(connection: AsyncConnection, settings: Settings) -> tuple[Update, ...]:
    """Return each camera's latest image, the images of what is present, and the latest event."""
    now: datetime = (await connection.execute(select(func.now()))).scalar_one()
    updates: list[Update] = []
    for camera in await cameras.list_all(connection):
        folder = camera.folder
        present = await presence.find(connection, camera, settings, now=now)
        latest = await images.latest(connection, folder)
        updates += [ImageUpdate(image=image) for image in (*present, latest) if image is not None]
        event = await events.latest(connection, folder)
        if event is not None:
            updates.append(EventUpdate(event=event, phase=EventPhase.UPDATED, missed=True))
    return tuple(updates)


def _phase(event: SecurityEvent) -> EventPhase:
    explained = event.assessment is AssessmentState.ASSESSED
    return EventPhase.EXPLAINED if explained else EventPhase.UPDATED
