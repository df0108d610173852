"""HTTP view of images: as uploaded, as a thumbnail, with boxes, or cut out."""

from http import HTTPStatus
import json
import re
from typing import Final

from aiohttp import hdrs, web
from homeassistant.config_entries import ConfigEntryState
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.http import KEY_HASS, HomeAssistantView

from .const import DOMAIN
from .coordinator import HsiConfigEntry
from .image_files import ImageGoneError, async_read_image
from .image_urls import IMAGE_PATH, masks_query
from .image_variant import Variant
from .rendered_images import RENDERED_IMAGES, ImageInvalidError

_IMAGE_ID: Final = re.compile(r"[0-9]{1,18}")
_VARIANT_KEYS: Final = ("size", "draw", "crop")
_HEADERS: Final = {
    "Cache-Control": "private, max-age=31536000, immutable",  # an id's content never changes
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


class HsiImageView(HomeAssistantView):
    """Serve an image: 404 if it is unknown, 410 if its file is gone; the body says why."""

    url = IMAGE_PATH
    name = f"api:{DOMAIN}:image"

    async def get(self, request: web.Request, entry_id: str, image_id: str) -> web.Response:
        """Return the image in the variant of the query."""
        hass = request.app[KEY_HASS]
        entry: HsiConfigEntry | None = hass.config_entries.async_get_entry(entry_id)
        if entry is None or entry.domain != DOMAIN:
            return _problem(HTTPStatus.NOT_FOUND, "There is no such installation.")
        if not _IMAGE_ID.fullmatch(image_id):
            return _problem(HTTPStatus.NOT_FOUND, "There is no such image.")
        variant = _variant_of(request)
        if variant is None:
            return _problem(HTTPStatus.BAD_REQUEST, "There is no such form of an image.")
        if entry.state is not ConfigEntryState.LOADED:
            return _problem(HTTPStatus.SERVICE_UNAVAILABLE, "The installation is not loaded.")
        etag = f'"{image_id}-{variant.name.lower()}-{masks_query(entry)}"'
        if etag in request.headers.get(hdrs.IF_NONE_MATCH, ""):
            return web.Response(
                status=HTTPStatus.NOT_MODIFIED, headers={**_HEADERS, hdrs.ETAG: etag}
            )
        try:
            if variant is Variant.FULL:
                file = await async_read_image(entry.runtime_data.pipeline, int(image_id))
                return _full(request, file.content, file.content_type, etag)
            content = await hass.data[RENDERED_IMAGES].async_get(entry, int(image_id), variant)
        except ImageGoneError as err:
            status = HTTPStatus.NOT_FOUND if err.is_unknown else HTTPStatus.GONE
            return _problem(status, str(err))
        except ImageInvalidError as err:
            return _problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, str(err))
        except HomeAssistantError as err:
            return _problem(HTTPStatus.SERVICE_UNAVAILABLE, str(err))
        return web.Response(
            body=content, content_type="image/jpeg", headers={**_HEADERS, hdrs.ETAG: etag}
        )


def _variant_of(request: web.Request) -> Variant | None:
    """Return the variant of a request's query; None if there is none of that name."""
    asked = [f"{key}={request.query[key]}" for key in _VARIANT_KEYS if key in request.query]
    query = asked[0] if len(asked) == 1 else "&".join(asked)
    return Variant(query) if query in set(Variant) else None


def _full(request: web.Request, content: bytes, content_type: str, etag: str) -> web.Response:
    """Return a file, or the one range of it that was requested."""
    headers = {**_HEADERS, hdrs.ETAG: etag, hdrs.ACCEPT_RANGES: "bytes"}
    size = len(content)
    try:
        asked = request.http_range
    except ValueError:
        asked = slice(size, None)  # not a range
    if asked.start is None and asked.stop is None:
        return web.Response(body=content, content_type=content_type, headers=headers)
    start, stop, _ = asked.indices(size)
    if start >= stop:
        headers[hdrs.CONTENT_RANGE] = f"bytes */{size}"
        return web.Response(status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers=headers)
    headers[hdrs.CONTENT_RANGE] = f"bytes {start}-{stop - 1}/{size}"
    return web.Response(
        status=HTTPStatus.PARTIAL_CONTENT,
        body=content[start:stop],
        content_type=content_type,
        headers=headers,
    )


def _problem(status: HTTPStatus, message: str) -> web.Response:
    return web.Response(
        status=status,
        body=json.dumps({"message": message}).encode(),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
