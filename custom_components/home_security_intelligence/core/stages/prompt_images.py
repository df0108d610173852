"""Which of an event's pictures a language model is shown."""

from collections.abc import Sequence
from typing import Final

from ..domain.models import Image
from ..domain.settings import Settings
from ..files.image_loader import ImageLoader

# Of the wire format.
MAX_IMAGES: Final = 3
MAX_IMAGE_BYTES: Final = 1024 * 1024
MAX_IMAGE_PIXELS: Final = 25_000_000


class PromptImages:
    """Reads the pictures that show best what an event is about."""

    def __init__(self, loader: ImageLoader, settings: Settings) -> None:
        self._loader = loader
        self._watched = settings.watched_labels

    async def read(self, images: Sequence[Image]) -> list[bytes]:
        """Return up to three pictures, oldest first; one that cannot be had is left out."""
        chosen = best(images, self._watched)
        found = [await self._loader.try_load(image, max_bytes=MAX_IMAGE_BYTES) for image in chosen]
        return [content for content in found if content is not None]


def best(images: Sequence[Image], watched: frozenset[str]) -> list[Image]:
    """Return the best image of each third of those that show something watched, oldest first."""
    weights = {image.id: _weight(image, watched) for image in images if _fits(image)}
    showing = sorted(
        (image for image in images if weights.get(image.id)),
        key=lambda image: (image.captured_at, image.id),
    )
    parts = min(MAX_IMAGES, len(showing))
    return [
        max(
            showing[len(showing) * part // parts : len(showing) * (part + 1) // parts],
            key=lambda image: weights[image.id],
        )
        for part in range(parts)
    ]


def _fits(image: Image) -> bool:
    pixels = (image.width or 0) * (image.height or 0)
    return image.size <= MAX_IMAGE_BYTES and pixels <= MAX_IMAGE_PIXELS


def _weight(image: Image, watched: frozenset[str]) -> float:
    """Return the highest confidence times area, so that the nearest and clearest counts most."""
    return max(
        (
            seen.confidence * (seen.box.x2 - seen.box.x1) * (seen.box.y2 - seen.box.y1)
            for seen in image.detections
            if seen.label in watched
        ),
        default=0.0,
    )
