"""The picture that shows best what happened last in front of each camera."""

from typing import override

from homeassistant.components.image import ImageEntity, ImageEntityDescription
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import SUBENTRY_CAMERA
from .coordinator import HsiConfigEntry, HsiCoordinator
from .entity import HsiCameraEntity
from .pictures import async_read_picture

PARALLEL_UPDATES = 0

LAST_EVENT = ImageEntityDescription(key="last_event", translation_key="last_event")


async def async_setup_entry(
    hass: HomeAssistant,
    entry: HsiConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add one image a camera."""
    for camera in entry.get_subentries_of_type(SUBENTRY_CAMERA):
        async_add_entities(
            [HsiEventImage(hass, entry.runtime_data, camera)],
            config_subentry_id=camera.subentry_id,
        )


class HsiEventImage(HsiCameraEntity, ImageEntity):
    """Changes when an event opens, and when a better picture of it comes."""

    def __init__(
        self, hass: HomeAssistant, coordinator: HsiCoordinator, camera: ConfigSubentry
    ) -> None:
        """Call both constructors: they take different arguments."""
        HsiCameraEntity.__init__(self, coordinator, camera, LAST_EVENT)
        ImageEntity.__init__(self, hass)
        self._shown: int | None = None
        self._show_best()

    @override
    async def async_image(self) -> bytes | None:
        """Return the picture's file as it was uploaded; None before the first event."""
        if self._shown is None:
            return None
        file = await async_read_picture(self.coordinator.pipeline, self._shown)
        self._attr_content_type = file.content_type
        return file.content

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        self._show_best()
        super()._handle_coordinator_update()

    def _show_best(self) -> None:
        event = self._camera.last_event
        if event is None or event.best_image_id in {None, self._shown}:
            return
        self._shown = event.best_image_id
        # The event's own time, not now: a reload must not look like news to automations.
        self._attr_image_last_updated = event.last_activity_at
