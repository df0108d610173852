"""Home Security Intelligence: detect, group and assess what cameras upload."""

from pathlib import Path

from homeassistant.const import EVENT_HOMEASSISTANT_STOP, Platform
from homeassistant.core import Event, HomeAssistant
from homeassistant.exceptions import ConfigEntryError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import ConfigType

from .bridge import async_create_pipeline, setup_error
from .camera_folders import FolderError, async_call
from .const import CONF_CAMERA_ROOT, DOMAIN
from .coordinator import HsiConfigEntry, HsiCoordinator, server_version
from .core.domain.errors import LevelBoundsError, StorageAwayError, StoreError, WatchError
from .devices import async_register_hub
from .event_actions import async_setup_event_actions
from .fired_events import FiredEvents
from .frontend_resource import async_add_resource, async_remove_resource, async_serve_module
from .home_follower import async_follow_home
from .rendered_images import RENDERED_IMAGES, RenderedImages
from .services import async_setup_services
from .views import HsiImageView
from .websocket import async_setup_websocket

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)

PLATFORMS = [
    Platform.BINARY_SENSOR,
    Platform.CAMERA,
    Platform.EVENT,
    Platform.IMAGE,
    Platform.SENSOR,
]


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions, the WebSocket commands, the view of images and the dashboard's module."""
    async_setup_services(hass)
    async_setup_event_actions(hass)
    async_setup_websocket(hass)
    hass.data[RENDERED_IMAGES] = RenderedImages(hass)
    hass.http.register_view(HsiImageView())
    await async_serve_module(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: HsiConfigEntry) -> bool:
    """Start the pipeline; an unreachable inference server does not prevent it."""
    root = entry.data[CONF_CAMERA_ROOT]
    try:
        allowed = await async_call(hass, Path(root), hass.config.is_allowed_path, root)
    except FolderError as err:
        raise setup_error(StorageAwayError(f"{root} cannot be read")) from err
    if not allowed:
        raise ConfigEntryError(
            translation_domain=DOMAIN,
            translation_key="folder_not_allowed",
            translation_placeholders={"folder": root},
        )

    try:
        pipeline = async_create_pipeline(hass, entry)
    except LevelBoundsError as err:
        raise ConfigEntryError(
            translation_domain=DOMAIN,
            translation_key="risk_bands",
            translation_placeholders={"error": str(err)},
        ) from err
    coordinator = HsiCoordinator(hass, entry, pipeline)
    await coordinator.fired_events.async_load()
    entry.async_on_unload(pipeline.stop)
    try:
        await pipeline.start()
    except (StoreError, WatchError) as err:
        raise setup_error(err) from err
    await coordinator.async_config_entry_first_refresh()
    async_follow_home(hass, entry, pipeline)

    entry.runtime_data = coordinator
    async_register_hub(hass, entry, server_version(coordinator.data.health))
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    coordinator.async_start_updates()
    await async_add_resource(hass)

    async def stop(event: Event) -> None:
        await pipeline.stop()

    entry.async_on_unload(hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, stop))
    entry.async_on_unload(entry.add_update_listener(_async_reload))
    return True


async def async_unload_entry(hass: HomeAssistant, entry: HsiConfigEntry) -> bool:
    """Remove the entities; the pipeline stops afterwards."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: HsiConfigEntry) -> None:
    """Delete the entry's storage, and with the last entry the cards; the database stays."""
    await FiredEvents(hass, entry).async_remove()
    await async_remove_resource(hass, entry)


async def _async_reload(hass: HomeAssistant, entry: HsiConfigEntry) -> None:
    """Reload to apply a changed address, option or subentry."""
    await hass.config_entries.async_reload(entry.entry_id)
