"""Images that this process has stored or read lately, so that they are not read again."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from ..domain.models import Image


class RecentImages:
    """Keeps each camera's images of its current event and a limited number before it.

    Detected images never change, so an entry stays valid. Missing ones are read from the database.
    """

    def __init__(self, limit: int) -> None:
        """Keep up to `limit` images of a camera beside those of its current event."""
        self._limit = limit
        self._images: dict[str, dict[int, Image]] = {}

    def of(self, camera: str) -> Mapping[int, Image]:
        """Return the camera's images by id."""
        return self._images.get(camera, {})

    def keep(self, camera: str, images: Iterable[Image], current: UUID | None) -> None:
        """Add committed images, and drop those that are neither recent nor of the current event."""
        kept = {**self.of(camera), **{image.id: image for image in images}}
        others = [image for image in kept.values() if image.event_id != current or current is None]
        if len(others) > self._limit:
            others.sort(key=lambda image: (image.captured_at, image.id))
            for image in others[: -self._limit]:
                del kept[image.id]
        self._images[camera] = kept
