"""Rendered images: a few at a time, and the latest are kept for a while."""

import asyncio
from collections import OrderedDict
from time import monotonic
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .coordinator import HsiConfigEntry
from .core.domain.errors import ImageUnreadableError
from .image_files import async_read_image
from .image_rendering import render_image
from .image_urls import masks_query
from .image_variant import Variant

_CONCURRENCY: Final = 2  # images that are decoded at the same time
_MAX_BYTES: Final = 8 * 1024 * 1024
_LIFETIME: Final = 600.0  # seconds until the file is read again: it may have been deleted

type _Key = tuple[str, str, int, Variant]


class ImageInvalidError(HomeAssistantError):
    """The file cannot be shown in another form."""


class RenderedImages:
    """Renders variants of images in the executor."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Begin without images."""
        self._hass = hass
        self._free = asyncio.Semaphore(_CONCURRENCY)
        self._kept: OrderedDict[_Key, tuple[float, bytes]] = OrderedDict()
        self._bytes = 0

    async def async_get(self, entry: HsiConfigEntry, image_id: int, variant: Variant) -> bytes:
        """Return a variant of an image as a JPEG.

        Raises ImageInvalidError if the file is no image, and as `async_read_image` does.
        """
        key = (entry.entry_id, masks_query(entry), image_id, variant)
        async with self._free:
            content = self._find(key)
            if content is not None:
                return content
            file = await async_read_image(
                entry.runtime_data.pipeline, image_id, with_detections=True
            )
            try:
                content = await self._hass.async_add_executor_job(render_image, file, variant)
            except ImageUnreadableError as err:
                raise ImageInvalidError(
                    translation_domain=DOMAIN,
                    translation_key="image_unreadable",
                    translation_placeholders={"error": str(err)},
                ) from err
        self._keep(key, content)
        return content

    def _find(self, key: _Key) -> bytes | None:
        kept = self._kept.get(key)
        if kept is None or monotonic() - kept[0] > _LIFETIME:
            return None
        self._kept.move_to_end(key)
        return kept[1]

    def _keep(self, key: _Key, content: bytes) -> None:
        self._bytes += len(content) - len(self._kept.pop(key, (0.0, b""))[1])
        self._kept[key] = (monotonic(), content)
        while self._bytes > _MAX_BYTES:
            _, (_, oldest) = self._kept.popitem(last=False)
            self._bytes -= len(oldest)


RENDERED_IMAGES: HassKey[RenderedImages] = HassKey(f"{DOMAIN}.rendered_images")
