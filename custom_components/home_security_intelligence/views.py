"""HTTP view of an event's images."""

from datetime import timedelta
from http import HTTPStatus
import re
from typing import Any, Final

from aiohttp import web
from homeassistant.components.http.auth import async_sign_path
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.http import KEY_HASS, HomeAssistantView

from .const import DOMAIN
from .core.domain.models import SecurityEvent
from .image_files import ImageGoneError, async_read_image

_IMAGE_ID: Final = re.compile(r"[0-9]{1,18}")
_URL: Final = f"/api/{DOMAIN}/{{entry_id}}/images/{{image_id}}"
_SIGNED_FOR: Final = timedelta(days=7)  # a notification may be opened late
_HEADERS: Final = {
    "Cache-Control": "private, max-age=31536000, immutable",  # an id's content never changes
    "X-Content-Type-Options": "nosniff",
}


class HsiImageView(HomeAssistantView):
    """Serve an image file as uploaded: 404 if it is unknown, 410 if the file is gone."""

    url = _URL
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


@callback
def async_image_url(
    hass: HomeAssistant, entry: ConfigEntry[Any], event: SecurityEvent
) -> str | None:
    """Return the signed path of an event's best image; None while there is none."""
    if event.best_image_id is None:
        return None
    path = _URL.format(entry_id=entry.entry_id, image_id=event.best_image_id)
    return async_sign_path(hass, path, _SIGNED_FOR, use_content_user=True)
