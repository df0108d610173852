"""The images that show what is present at a camera."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.models import Camera, Image
from ..domain.presence import LABELS, PresenceClass, hold_of
from ..domain.settings import Settings
from . import images


async def find(
    connection: AsyncConnection, camera: Camera, settings: Settings, *, now: datetime
) -> tuple[Image, ...]:
    """Return the latest image of each class that is still present; without repetitions."""
    found: dict[int, Image] = {}
    for present in PresenceClass:
        image = await images.latest_with_any(
            connection,
            camera.folder,
            LABELS[present],
            since=now - hold_of(camera, present, settings),
        )
        if image is not None:
            found[image.id] = image
    return tuple(found.values())
