"""Commands that read and store a camera's zones, and show where people were."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from homeassistant.components.websocket_api.connection import ActiveConnection
from homeassistant.components.websocket_api.decorators import (
    async_response,
    require_admin,
    websocket_command,
)
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonArrayType
import voluptuous as vol

from ..bridge import masks_of, zones_of
from ..const import (
    CONF_CORNERS,
    CONF_FOLDER,
    CONF_KIND,
    CONF_PRIVACY_MASKS,
    CONF_ZONES,
    DOMAIN,
    SUBENTRY_CAMERA,
)
from ..coordinator import HsiConfigEntry
from ..core.domain.zones import (
    MAX_CORNERS,
    MAX_MASKS,
    MAX_ZONES,
    Corner,
    ZoneError,
    read_masks,
    read_zones,
)
from ..image_urls import async_image_url
from ..requests import async_get_entry, async_request
from ..serializers import zones_json
from .events import ENTRY

_MAX_DAYS: Final = 14

_CAMERA: Final = {**ENTRY, vol.Required("subentry_id"): cv.string}
_CORNER: Final = vol.All([vol.All(vol.Coerce(float), vol.Range(min=0, max=1))], vol.Length(2, 2))
_POLYGON: Final = vol.All([_CORNER], vol.Length(3, MAX_CORNERS))
_ZONE: Final = vol.Schema(
    {
        vol.Required("name"): cv.string,
        vol.Required("kind"): cv.string,
        vol.Required("polygon"): _POLYGON,
    }
)


@websocket_command({vol.Required("type"): f"{DOMAIN}/zones/get", **_CAMERA})
@callback
def get_zones(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Return a camera's zones and its latest image."""
    entry = async_get_entry(hass, msg.get("entry_id"))
    camera = _camera(entry, msg["subentry_id"])
    image = entry.runtime_data.data.cameras[camera.data[CONF_FOLDER]].latest_image
    connection.send_result(
        msg["id"],
        {
            "zones": zones_json(zones_of(camera)),
            "image_url": async_image_url(hass, entry, None if image is None else image.id),
            "image_at": None if image is None else image.captured_at.isoformat(),
            "privacy_masks": _masks_json(masks_of(camera)),
        },
    )


@websocket_command(
    {
        vol.Required("type"): f"{DOMAIN}/zones/set",
        **_CAMERA,
        vol.Required("zones"): vol.All([_ZONE], vol.Length(max=MAX_ZONES)),
        vol.Optional("privacy_masks"): vol.All([_POLYGON], vol.Length(max=MAX_MASKS)),
    }
)
@require_admin
@async_response
async def set_zones(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Store a camera's zones as its form does."""
    entry = async_get_entry(hass, msg.get("entry_id"))
    camera = _camera(entry, msg["subentry_id"])
    typed = [
        {"name": zone["name"], CONF_KIND: zone["kind"], CONF_CORNERS: corners(zone["polygon"])}
        for zone in msg["zones"]
    ]
    try:
        zones = read_zones(typed)
        masks = [corners(mask) for mask in msg.get("privacy_masks", masks_of(camera))]
        drawn = read_masks(masks)
    except ZoneError as err:
        raise await _zone_error(hass, err) from err
    data = {**camera.data, CONF_ZONES: typed, CONF_PRIVACY_MASKS: masks}
    if not masks:
        del data[CONF_PRIVACY_MASKS]
    hass.config_entries.async_update_subentry(entry, camera, data=data)
    connection.send_result(
        msg["id"], {"zones": zones_json(zones), "privacy_masks": _masks_json(drawn)}
    )


@websocket_command(
    {
        vol.Required("type"): f"{DOMAIN}/zones/heat",
        **_CAMERA,
        vol.Optional("days", default=7): vol.All(int, vol.Range(min=1, max=_MAX_DAYS)),
    }
)
@async_response
async def get_heat(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Return where people stood in the last days, as counts in a grid."""
    entry = async_get_entry(hass, msg.get("entry_id"))
    folder = _camera(entry, msg["subentry_id"]).data[CONF_FOLDER]
    since = dt_util.utcnow() - timedelta(days=msg["days"])
    cells = await async_request(
        entry, lambda pipeline: pipeline.queries.count_people(folder, since=since)
    )
    connection.send_result(msg["id"], {"cells": cells})


def corners(polygon: Sequence[Sequence[float]]) -> str:
    """Return a polygon as it is typed in the form, to a ten-thousandth of the image."""
    return ", ".join(f"{round(x, 4):g} {round(y, 4):g}" for x, y in polygon)


def _masks_json(masks: Sequence[Sequence[Corner]]) -> JsonArrayType:
    return [[[x, y] for x, y in mask] for mask in masks]


def _camera(entry: HsiConfigEntry, subentry_id: str) -> ConfigSubentry:
    """Return a camera's subentry; raises ServiceValidationError if there is none."""
    camera = entry.subentries.get(subentry_id)
    if camera is None or camera.subentry_type != SUBENTRY_CAMERA:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="camera_removed",
            translation_placeholders={"subentry_id": subentry_id},
        )
    return camera


async def _zone_error(hass: HomeAssistant, err: ZoneError) -> ServiceValidationError:
    """Return the error with the reason that the form would show."""
    texts = await async_get_translations(hass, hass.config.language, "config_subentries", [DOMAIN])
    reason = texts.get(f"component.{DOMAIN}.config_subentries.camera.error.{err.reason}")
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="zone_invalid",
        translation_placeholders={
            "reason": (reason or err.reason).replace("{zone}", err.zone),
        },
    )
