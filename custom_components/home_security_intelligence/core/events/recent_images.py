"""Images that this process has stored or read lately, so that they are not read again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from uuid import UUID

from ..domain.models import Image, SecurityEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """An event all of whose evidence is kept: as it began, and the capture time of the oldest image."""

    event_id: UUID
    started_at: datetime  # an earlier start needs earlier images
    oldest: datetime


@dataclass(slots=True, kw_only=True)
class _Camera:
    images: dict[int, Image] = field(default_factory=dict)
    covered: dict[UUID, Coverage] = field(default_factory=dict)
    version: int = 0  # of the camera's images in the database, to which `covered` applies
    drop_above: int = 0  # number of images above which it is worth looking for some to drop


class RecentImages:
    """Keeps each camera's images of its current event and a limited number before it.

    Detected images never change, so an entry stays valid. Missing ones are read from the database.
    """

    def __init__(self, limit: int) -> None:
        """Keep about `limit` images of a camera beside those of its current event."""
        self._limit = limit
        self._cameras: dict[str, _Camera] = {}

    def of(self, camera: str) -> Mapping[int, Image]:
        """Return the camera's images by id."""
        return self._of(camera).images

    def clear(self) -> None:
        """Drop everything: the database is another one."""
        self._cameras.clear()

    def version_with(self, event: SecurityEvent) -> int | None:
        """Return the version of the camera's images at which all evidence on an event is kept."""
        camera = self._of(event.camera)
        covered = camera.covered.get(event.id)
        if covered is None or covered.started_at != event.started_at:
            return None
        return camera.version

    def keep(
        self,
        camera: str,
        images: Iterable[Image],
        current: UUID | None,
        *,
        version: int | None,
        covered: Iterable[Coverage] = (),
    ) -> None:
        """Add committed images, and drop those that are neither recent nor of the current event.

        `version` is the one that the images were complete at, for the `covered` events.
        """
        found = self._of(camera)
        found.images |= {image.id: image for image in images}
        found.covered = {} if version is None else {one.event_id: one for one in covered}
        found.version = version or 0
        if len(found.images) <= found.drop_above:
            return
        others = [
            image for image in found.images.values() if image.event_id != current or current is None
        ]
        others.sort(key=attrgetter("captured_at", "id"))
        dropped = others[: -self._limit]
        found.drop_above = len(found.images) - len(dropped) + self._limit // 4
        if not dropped:
            return
        for image in dropped:
            del found.images[image.id]
        latest = dropped[-1].captured_at
        found.covered = {
            number: one for number, one in found.covered.items() if one.oldest > latest
        }

    def _of(self, camera: str) -> _Camera:
        return self._cameras.setdefault(camera, _Camera())
