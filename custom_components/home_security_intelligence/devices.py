"""The hub's device and the cameras' devices below it."""

from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo

from .const import DOMAIN, MANUFACTURER


def hub_identifier(entry: ConfigEntry[Any]) -> tuple[str, str]:
    """Return what identifies the hub's device."""
    return DOMAIN, entry.entry_id


def camera_identifier(entry: ConfigEntry[Any], camera: ConfigSubentry) -> tuple[str, str]:
    """Return what identifies a camera's device; its folder may change, this does not."""
    return DOMAIN, f"{entry.entry_id}_{camera.subentry_id}"


def camera_device(
    hass: HomeAssistant, entry: ConfigEntry[Any], camera: ConfigSubentry
) -> DeviceInfo:
    """Describe a camera's device; the hub's has to be registered before."""
    return DeviceInfo(
        identifiers={camera_identifier(entry, camera)},
        manufacturer=MANUFACTURER,
        model="Camera folder",
        name=camera.title,
        via_device_id=dr.async_get_device_id_by_identifier(
            hass, hub_identifier(entry), config_entry_id=entry.entry_id
        ),
    )


def server_device(
    hass: HomeAssistant, entry: ConfigEntry[Any], server: ConfigSubentry
) -> DeviceInfo:
    """Describe the device of an added inference server; the hub's has to be registered before."""
    return DeviceInfo(
        entry_type=DeviceEntryType.SERVICE,
        identifiers={(DOMAIN, f"{entry.entry_id}_{server.subentry_id}")},
        manufacturer=MANUFACTURER,
        model="Inference server",
        name=server.title,
        via_device_id=dr.async_get_device_id_by_identifier(
            hass, hub_identifier(entry), config_entry_id=entry.entry_id
        ),
    )


def async_register_hub(hass: HomeAssistant, entry: ConfigEntry[Any], version: str | None) -> None:
    """Register the hub's device, or note another version of the inference server."""
    dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        entry_type=DeviceEntryType.SERVICE,
        identifiers={hub_identifier(entry)},
        manufacturer=MANUFACTURER,
        model="Inference server",
        name=entry.title,
        sw_version=version,
    )
