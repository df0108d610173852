"""The module with the dashboard and its cards: served, and registered with Home Assistant."""

from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from homeassistant.components.http.server import StaticPathConfig
from homeassistant.components.lovelace import LovelaceData
from homeassistant.components.lovelace.const import LOVELACE_DATA
from homeassistant.components.lovelace.resources import ResourceStorageCollection
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN

MODULE: Final = Path(__file__).parent / "dashboard/hsi.js"
BASE_PATH: Final = f"/{DOMAIN}"
# For YAML: always the present version, which the browser asks for again.
PLAIN_URL: Final = f"{BASE_PATH}/{MODULE.name}"
ISSUE: Final = "dashboard_resource"

_URL: HassKey[str] = HassKey(f"{DOMAIN}.module_url")


async def async_serve_module(hass: HomeAssistant) -> None:
    """Serve the module: under its content's hash for good, and under its plain name."""
    digest = await hass.async_add_executor_job(_digest)
    url = f"{BASE_PATH}/{digest}/{MODULE.name}"
    await hass.http.async_register_static_paths(
        [
            StaticPathConfig(url, str(MODULE), cache_headers=True),
            StaticPathConfig(PLAIN_URL, str(MODULE), cache_headers=False),
        ]
    )
    hass.data[_URL] = url


async def async_add_resource(hass: HomeAssistant) -> None:
    """Have dashboards load the module; a repair shows what to do if only YAML can."""
    lovelace: LovelaceData | None = hass.data.get(LOVELACE_DATA)
    if lovelace is None:  # an installation without dashboards
        return
    url, resources = hass.data[_URL], lovelace.resources
    if not isinstance(resources, ResourceStorageCollection):
        _async_update_issue(hass, is_listed=bool(_ours(resources.async_items())))
        return
    ir.async_delete_issue(hass, DOMAIN, ISSUE)
    await resources.async_get_info()  # loads it
    ours = _ours(resources.async_items())
    for surplus in ours[1:]:
        await resources.async_delete_item(surplus["id"])
    if not ours:
        await resources.async_create_item({"res_type": "module", "url": url})
    elif ours[0]["url"] != url:
        await resources.async_update_item(ours[0]["id"], {"res_type": "module", "url": url})


async def async_remove_resource(hass: HomeAssistant, removed: ConfigEntry[Any]) -> None:
    """Take the module out of the dashboards, if no other entry needs it."""
    others = hass.config_entries.async_entries(DOMAIN)
    if any(entry.entry_id != removed.entry_id for entry in others):
        return
    ir.async_delete_issue(hass, DOMAIN, ISSUE)
    lovelace: LovelaceData | None = hass.data.get(LOVELACE_DATA)
    if lovelace is None or not isinstance(lovelace.resources, ResourceStorageCollection):
        return
    await lovelace.resources.async_get_info()  # loads it
    for resource in _ours(lovelace.resources.async_items()):
        await lovelace.resources.async_delete_item(resource["id"])


@callback
def _async_update_issue(hass: HomeAssistant, *, is_listed: bool) -> None:
    if is_listed:
        ir.async_delete_issue(hass, DOMAIN, ISSUE)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        ISSUE,
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key=ISSUE,
        translation_placeholders={"url": PLAIN_URL},
    )


def _ours(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the resources that are the module, of whatever version."""
    return [each for each in resources if str(each["url"]).startswith(f"{BASE_PATH}/")]


def _digest() -> str:
    return sha256(MODULE.read_bytes()).hexdigest()[:12]
