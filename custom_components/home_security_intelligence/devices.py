"""The hub's device and the devices of cameras and added inference servers."""

from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo

from .const import DOMAIN, MANUFACTURER

_SERVER_MODEL = "Inference server"


def hub_identifier(entry: ConfigEntry[Any]) -> tuple[str, str]:
    """Return the hub device's identifier."""
    return DOMAIN, entry.entry_id


def camera_identifier(entry: ConfigEntry[Any], camera: ConfigSubentry) -> tuple[str, str]:
    """Return a camera device's identifier, which does not depend on its folder."""
    return DOMAIN, f"{entry.entry_id}_{camera.subentry_id}"


def camera_device(
    hass: HomeAssistant, entry: ConfigEntry[Any], camera: ConfigSubentry
) -> DeviceInfo:
    """Return a camera's device; the hub must be registered first."""
    return DeviceInfo(
        identifiers={camera_identifier(entry, camera)},
        manufacturer=MANUFACTURER,
        model="FTP camera",
        name=camera.title,
        via_device_id=_hub_device_id(hass, entry),
    )


def server_device(
    hass: HomeAssistant, entry: ConfigEntry[Any], server: ConfigSubentry
) -> DeviceInfo:
    """Return an added inference server's device; the hub must be registered first."""
    return DeviceInfo(
        entry_type=DeviceEntryType.SERVICE,
        identifiers={(DOMAIN, f"{entry.entry_id}_{server.subentry_id}")},
        manufacturer=MANUFACTURER,
        model=_SERVER_MODEL,
        name=server.title,
        via_device_id=_hub_device_id(hass, entry),
    )


def async_register_hub(hass: HomeAssistant, entry: ConfigEntry[Any], version: str | None) -> None:
    """Register the hub's device, or update the inference server's version."""
    dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        entry_type=DeviceEntryType.SERVICE,
        identifiers={hub_identifier(entry)},
        manufacturer=MANUFACTURER,
        model=_SERVER_MODEL,
        name=entry.title,
        sw_version=version,
    )


def _hub_device_id(hass: HomeAssistant, entry: ConfigEntry[Any]) -> str:
    return dr.async_get_device_id_by_identifier(
        hass, hub_identifier(entry), config_entry_id=entry.entry_id
    )
