"""Selects and loads the images of an event that the language model is given."""

from collections.abc import Sequence
from typing import Final

from ..domain.models import Image
from ..domain.settings import Settings
from ..files.image_loader import ImageLoader

# Limits of the wire format.
MAX_IMAGES: Final = 3
MAX_IMAGE_BYTES: Final = 1024 * 1024
MAX_IMAGE_PIXELS: Final = 25_000_000


class PromptImages:
    """Loads the images that best show what an event is about."""

    def __init__(self, loader: ImageLoader, settings: Settings) -> None:
        self._loader = loader
        self._watched = settings.watched_labels

    async def load(self, images: Sequence[Image]) -> list[bytes]:
        """Return up to MAX_IMAGES image files, the oldest first; unavailable ones are left out."""
        chosen = select_best(images, self._watched)
        found = [await self._loader.try_load(image, max_bytes=MAX_IMAGE_BYTES) for image in chosen]
        return [content for content in found if content is not None]


def select_best(images: Sequence[Image], watched: frozenset[str]) -> list[Image]:
    """Return the best image of each third of those with a watched object, the oldest first."""
    weights = {image.id: _weight(image, watched) for image in images if _is_allowed(image)}
    candidates = sorted(
        (image for image in images if weights.get(image.id)),
        key=lambda image: (image.captured_at, image.id),
    )
    parts = min(MAX_IMAGES, len(candidates))
    return [
        max(
            candidates[len(candidates) * part // parts : len(candidates) * (part + 1) // parts],
            key=lambda image: weights[image.id],
        )
        for part in range(parts)
    ]


def _is_allowed(image: Image) -> bool:
    pixels = (image.width or 0) * (image.height or 0)
    return image.size <= MAX_IMAGE_BYTES and pixels <= MAX_IMAGE_PIXELS


def _weight(image: Image, watched: frozenset[str]) -> float:
    """Return the highest product of confidence and area, so that near and clear objects count most."""
    return max(
        (
            detection.confidence
            * (detection.box.x2 - detection.box.x1)
            * (detection.box.y2 - detection.box.y1)
            for detection in image.detections
            if detection.label in watched
        ),
        default=0.0,
    )
