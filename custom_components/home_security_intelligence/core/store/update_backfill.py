"""Reads the updates of a time in which no notifications were received."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.settings import Settings
from ..domain.updates import EventPhase, EventUpdate, ImageUpdate, Update
from . import cameras, events, images, presence

# A transaction becomes visible when it commits, which may be that much later.
_OVERLAP = timedelta(minutes=1)
_LIMIT = 500  # events


async def phases(
    connection: AsyncConnection, since: datetime | None, settings: Settings
) -> tuple[Update, ...]:
    """Return the phases of events since a moment, within `backfill_limit`.

    If `since` is None, return all within it.
    """
    now: datetime = (await connection.execute(select(func.now()))).scalar_one()
    oldest = now - timedelta(seconds=settings.backfill_limit)
    since = oldest if since is None else max(oldest, since - _OVERLAP)
    updates: list[EventUpdate] = []
    for event, phases in await events.changed_since(connection, since, limit=_LIMIT):
        # An event without such a phase has been given up as unassessed.
        in_order = sorted(phases, key=lambda phase: phases[phase]) or [EventPhase.UPDATED]
        updates += [EventUpdate(event=event, phase=phase, backfilled=True) for phase in in_order]
    return tuple(updates)


async def states(connection: AsyncConnection, settings: Settings) -> tuple[Update, ...]:
    """Return each camera's latest image, the images of what is present, and the latest event."""
    now: datetime = (await connection.execute(select(func.now()))).scalar_one()
    updates: list[Update] = []
    for camera in await cameras.list_all(connection):
        folder = camera.folder
        present = await presence.find(connection, camera, settings, now=now)
        latest = await images.latest(connection, folder)
        updates += [
            ImageUpdate(image=image) for image in (*present.images, latest) if image is not None
        ]
        event = await events.latest(connection, folder)
        if event is not None:
            updates.append(EventUpdate(event=event, phase=EventPhase.UPDATED, backfilled=True))
    return tuple(updates)
