"""What has happened while nobody listened, read from where it was kept."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.models import AssessmentState, SecurityEvent
from ..domain.presence import PERSON
from ..domain.settings import Settings
from ..domain.updates import EventPhase, EventUpdate, ImageUpdate, Update
from . import cameras, events, images

# A transaction shows what it did only when it commits, and that may be so much later.
_OVERLAP = timedelta(minutes=1)
_AT_MOST = 500  # events; more at once are no news


async def assessments(
    connection: AsyncConnection, since: datetime | None, settings: Settings
) -> tuple[Update, ...]:
    """Return the assessments since then that are still news; all that are for None."""
    now: datetime = (await connection.execute(select(func.now()))).scalar_one()
    oldest = now - timedelta(seconds=settings.missed_limit)
    since = oldest if since is None else max(oldest, since - _OVERLAP)
    settled = await events.settled_since(connection, since, at_most=_AT_MOST)
    return tuple(EventUpdate(event=each, phase=_phase(each), missed=True) for each in settled)


async def states(connection: AsyncConnection, settings: Settings) -> tuple[Update, ...]:
    """Return where each camera stands: its last image, person and event."""
    now: datetime = (await connection.execute(select(func.now()))).scalar_one()
    held = now - timedelta(seconds=settings.presence_hold)
    updates: list[Update] = []
    for camera in await cameras.all_known(connection):
        folder = camera.folder
        person = await images.latest_with(connection, folder, PERSON, since=held)
        latest = await images.latest(connection, folder)
        updates += [ImageUpdate(image=image) for image in (person, latest) if image is not None]
        event = await events.latest(connection, folder)
        if event is not None:
            updates.append(EventUpdate(event=event, phase=EventPhase.UPDATED, missed=True))
    return tuple(updates)


def _phase(event: SecurityEvent) -> EventPhase:
    if event.assessment is AssessmentState.UNASSESSED:
        return EventPhase.UNASSESSED
    return EventPhase.LATE if event.late else EventPhase.ASSESSED
