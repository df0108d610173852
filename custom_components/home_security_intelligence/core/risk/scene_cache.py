"""Scenes of events that are judged with each image."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ..domain.models import Image
from ..domain.zones import Zone
from .scene import Scene

MAX_SCENES = 32


@dataclass(slots=True, kw_only=True)
class _Entry:
    zones: tuple[Zone, ...]
    history: tuple[Image, ...]
    images: tuple[Image, ...]
    scene: Scene


class SceneCache:
    """Keeps the latest scenes, so that only an event's new images are followed.

    A scene is used again if zones, history and all its images are those of the event; otherwise, as
    after a late image, it is built anew. The result never depends on the cache.
    """

    def __init__(self, size: int = MAX_SCENES) -> None:
        """Begin empty."""
        self._size = size
        self._entries: OrderedDict[tuple[str, datetime], _Entry] = OrderedDict()

    def scene_of(
        self,
        camera: str,
        zones: Sequence[Zone],
        event_images: Sequence[Image],
        history: Sequence[Image],
    ) -> Scene:
        """Return the scene of an event; the images are in order of capture time."""
        key = camera, event_images[0].captured_at
        images, before, areas = tuple(event_images), tuple(history), tuple(zones)
        entry = self._entries.pop(key, None)
        if entry is None or not (
            entry.images == images[: len(entry.images)]
            and entry.history == before
            and entry.zones == areas
        ):
            entry = _Entry(zones=areas, history=before, images=(), scene=Scene(areas, before))
        for image in images[len(entry.images) :]:
            entry.scene.add(image)
        entry.images = images
        self._entries[key] = entry
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)
        return entry.scene
