"""HTTP view of an event's images."""

from http import HTTPStatus
import re
from typing import Final

from aiohttp import web
from homeassistant.config_entries import ConfigEntryState
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.http import KEY_HASS, HomeAssistantView

from .const import DOMAIN
from .image_files import ImageGoneError, async_read_image
from .image_urls import IMAGE_PATH

_IMAGE_ID: Final = re.compile(r"[0-9]{1,18}")
_HEADERS: Final = {
    "Cache-Control": "private, max-age=31536000, immutable",  # an id's content never changes
    "X-Content-Type-Options": "nosniff",
}


class HsiImageView(HomeAssistantView):
    """Serve an image file as uploaded: 404 if it is unknown, 410 if the file is gone."""

    url = IMAGE_PATH
    name = f"api:{DOMAIN}:image"

    async def get(self, request: web.Request, entry_id: str, image_id: str) -> web.Response:
        """Return the image."""
        hass = request.app[KEY_HASS]
        entry = hass.config_entries.async_get_entry(entry_id)
        if entry is None or entry.domain != DOMAIN or not _IMAGE_ID.fullmatch(image_id):
            return web.Response(status=HTTPStatus.NOT_FOUND)
        if entry.state is not ConfigEntryState.LOADED:
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)
        try:
            file = await async_read_image(entry.runtime_data.pipeline, int(image_id))
        except ImageGoneError as err:
            status = HTTPStatus.NOT_FOUND if err.is_unknown else HTTPStatus.GONE
            return web.Response(status=status)
        except HomeAssistantError:
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)
        return web.Response(body=file.content, content_type=file.content_type, headers=_HEADERS)
