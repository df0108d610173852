"""The images that show what is present at a camera."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.models import Camera, Image
from ..domain.presence import LABELS, RECENT_IMAGES, PresenceClass, hold_of, upload_interval
from ..domain.settings import Settings
from . import images


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """The latest image of each class that is still present, and the camera's recent capture times."""

    images: tuple[Image, ...]  # without repetitions
    recent: tuple[datetime, ...]


async def find(
    connection: AsyncConnection, camera: Camera, settings: Settings, *, now: datetime
) -> Presence:
    """Return what shows who or what is present at a camera."""
    recent = await images.latest_times(connection, camera.folder, limit=RECENT_IMAGES)
    interval = upload_interval(recent)
    found: dict[int, Image] = {}
    for present in PresenceClass:
        image = await images.latest_with_any(
            connection,
            camera.folder,
            LABELS[present],
            since=now - hold_of(camera, present, settings, interval),
        )
        if image is not None:
            found[image.id] = image
    return Presence(images=tuple(found.values()), recent=recent)
