"""Signed paths of images, for browsers and phones that send no token."""

from collections import OrderedDict
from datetime import timedelta
from time import monotonic
from typing import Any, Final
from zlib import crc32

from homeassistant.components.http.auth import async_sign_path
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from .const import CONF_PRIVACY_MASKS, DOMAIN, SUBENTRY_CAMERA
from .image_variant import Variant

IMAGE_PATH: Final = f"/api/{DOMAIN}/{{entry_id}}/images/{{image_id}}"

_SIGNED_FOR: Final = timedelta(days=7)  # a notification may be opened late
_REUSED_FOR: Final = 86_400.0  # seconds; the same path lets a browser use its cache
_MAX_PATHS: Final = 8192  # about 4 MB


type _Signed = OrderedDict[str, tuple[float, str]]
_PATHS: HassKey[_Signed] = HassKey(f"{DOMAIN}.signed_paths")


@callback
def async_image_url(
    hass: HomeAssistant,
    entry: ConfigEntry[Any],
    image_id: int | None,
    variant: Variant = Variant.FULL,
) -> str | None:
    """Return an image's signed path, valid for six days at least; None without an image."""
    if image_id is None:
        return None
    query = "&".join(part for part in (variant, masks_query(entry)) if part)
    path = IMAGE_PATH.format(entry_id=entry.entry_id, image_id=image_id)
    path = f"{path}?{query}" if query else path
    paths = hass.data.setdefault(_PATHS, OrderedDict())
    signed_at, signed = paths.get(path, (float("-inf"), ""))
    if monotonic() - signed_at > _REUSED_FOR:
        signed = async_sign_path(hass, path, _SIGNED_FOR, use_content_user=True)
        paths[path] = (monotonic(), signed)
    paths.move_to_end(path)
    if len(paths) > _MAX_PATHS:
        paths.popitem(last=False)
    return signed


def masks_query(entry: ConfigEntry[Any]) -> str:
    """Return the part of a query that changes with the privacy masks; empty without any.

    A browser would show an image from its cache that was served without them.
    """
    masks = [
        (camera.subentry_id, camera.data[CONF_PRIVACY_MASKS])
        for camera in entry.get_subentries_of_type(SUBENTRY_CAMERA)
        if camera.data.get(CONF_PRIVACY_MASKS)
    ]
    return f"masks={crc32(repr(masks).encode()):08x}" if masks else ""
