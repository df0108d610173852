"""Image platform: the last event of each camera, and the camera's zones."""

from datetime import datetime
from typing import override

from homeassistant.components.image import ImageEntity, ImageEntityDescription
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .bridge import zones_of
from .const import SUBENTRY_CAMERA
from .coordinator import HsiConfigEntry, HsiCoordinator
from .core.domain.models import SecurityEvent
from .core.domain.queries import ImageFile
from .entity import HsiCameraEntity
from .image_files import ImageGoneError, async_read_image
from .zone_overlay import CONTENT_TYPE, render

PARALLEL_UPDATES = 0

LAST_EVENT = ImageEntityDescription(key="last_event", translation_key="last_event")
ZONES = ImageEntityDescription(
    key="zones", translation_key="zones", entity_category=EntityCategory.DIAGNOSTIC
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: HsiConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the image entities of each camera."""
    for camera in entry.get_subentries_of_type(SUBENTRY_CAMERA):
        async_add_entities(
            [
                HsiEventImage(hass, entry.runtime_data, camera, LAST_EVENT),
                HsiZonesImage(hass, entry.runtime_data, camera, ZONES),
            ],
            config_subentry_id=camera.subentry_id,
        )


class HsiEventImage(HsiCameraEntity, ImageEntity):
    """Show the best image of the last event.

    The entity is unavailable while that file is known to be gone, so that it is not requested
    again.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        coordinator: HsiCoordinator,
        camera: ConfigSubentry,
        description: ImageEntityDescription,
    ) -> None:
        """Call both base constructors, which take different arguments."""
        HsiCameraEntity.__init__(self, coordinator, camera, description)
        ImageEntity.__init__(self, hass)
        self._shown: int | None = None
        self._gone: int | None = None  # the image whose file no longer exists
        self._choose_image()

    @override
    async def async_image(self) -> bytes | None:
        """Return the image file as uploaded; None before the first event."""
        file = await self._async_read_shown()
        if file is None:
            return None
        self._attr_content_type = file.content_type
        return file.content

    @property
    @override
    def available(self) -> bool:
        """Return whether the image is not known to be gone."""
        return super().available and (self._shown is None or self._shown != self._gone)

    async def _async_read_shown(self) -> ImageFile | None:
        shown = self._shown
        if shown is None:
            return None
        try:
            file = await async_read_image(self.coordinator.pipeline, shown)
        except ImageGoneError:
            self._set_gone(shown)
            raise
        self._set_gone(None)
        return file

    @callback
    def _set_gone(self, image_id: int | None) -> None:
        if image_id != self._gone:
            self._gone = image_id
            self.async_write_ha_state()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        self._choose_image()
        super()._handle_coordinator_update()

    def _choose_image(self) -> None:
        event = self._camera.last_event
        if event is None or event.best_image_id in {None, self._shown}:
            return
        self._shown = event.best_image_id
        self._attr_image_last_updated = _shown_since(event)


def _shown_since(event: SecurityEvent) -> datetime:
    """Return the event's start with the best image's id in place of its microseconds.

    It changes with the image, so that frontends fetch it again even if a better image arrives out of
    order. A reload gives the same time, so that it triggers no automation.
    """
    return event.started_at.replace(microsecond=(event.best_image_id or 0) % 1_000_000)


class HsiZonesImage(HsiEventImage):
    """Show the zones over the same image, or before the first event over the latest image."""

    def __init__(
        self,
        hass: HomeAssistant,
        coordinator: HsiCoordinator,
        camera: ConfigSubentry,
        description: ImageEntityDescription,
    ) -> None:
        """Keep the present zones; changing them reloads the entry."""
        super().__init__(hass, coordinator, camera, description)
        self._zones = zones_of(camera)
        self._attr_content_type = CONTENT_TYPE

    @override
    async def async_image(self) -> bytes | None:
        """Return the image with its zones; None before the first image."""
        file = await self._async_read_shown()
        if file is None:
            return None
        return await self.hass.async_add_executor_job(render, file, self._zones)

    @override
    def _choose_image(self) -> None:
        latest = self._camera.latest_image
        super()._choose_image()
        if self._shown is None and latest is not None:
            self._shown = latest.id
            self._attr_image_last_updated = latest.captured_at
