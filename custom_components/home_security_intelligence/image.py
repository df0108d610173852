"""What happened last in front of each camera, and the zones marked in its picture."""

from typing import override

from homeassistant.components.image import ImageEntity, ImageEntityDescription
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .bridge import zones_of
from .const import SUBENTRY_CAMERA
from .coordinator import HsiConfigEntry, HsiCoordinator
from .core.domain.queries import ImageFile
from .entity import HsiCameraEntity
from .image_files import PictureGoneError, async_read_picture
from .zone_overlay import CONTENT_TYPE, drawn

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
    """Add the images of each camera."""
    for camera in entry.get_subentries_of_type(SUBENTRY_CAMERA):
        async_add_entities(
            [
                HsiEventImage(hass, entry.runtime_data, camera, LAST_EVENT),
                HsiZonesImage(hass, entry.runtime_data, camera, ZONES),
            ],
            config_subentry_id=camera.subentry_id,
        )


class HsiEventImage(HsiCameraEntity, ImageEntity):
    """Changes when an event opens, and when a better picture of it comes.

    It is unavailable while that picture is known to be gone, so that nobody asks for it again.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        coordinator: HsiCoordinator,
        camera: ConfigSubentry,
        description: ImageEntityDescription,
    ) -> None:
        """Call both constructors: they take different arguments."""
        HsiCameraEntity.__init__(self, coordinator, camera, description)
        ImageEntity.__init__(self, hass)
        self._shown: int | None = None
        self._gone: int | None = None  # what was to be shown and is not there any more
        self._show_best()

    @override
    async def async_image(self) -> bytes | None:
        """Return the picture's file as it was uploaded; None before the first event."""
        file = await self._async_shown()
        if file is None:
            return None
        self._attr_content_type = file.content_type
        return file.content

    @property
    @override
    def available(self) -> bool:
        """Tell whether there is something to show, as far as is known."""
        return super().available and (self._shown is None or self._shown != self._gone)

    async def _async_shown(self) -> ImageFile | None:
        shown = self._shown
        if shown is None:
            return None
        try:
            file = await async_read_picture(self.coordinator.pipeline, shown)
        except PictureGoneError:
            self._note_gone(shown)
            raise
        self._note_gone(None)
        return file

    @callback
    def _note_gone(self, image_id: int | None) -> None:
        if image_id != self._gone:
            self._gone = image_id
            self.async_write_ha_state()

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


class HsiZonesImage(HsiEventImage):
    """Shows the zones over the same picture, or over the latest one before the first event."""

    def __init__(
        self,
        hass: HomeAssistant,
        coordinator: HsiCoordinator,
        camera: ConfigSubentry,
        description: ImageEntityDescription,
    ) -> None:
        """Draw the zones as they are now: a change of them reloads the installation."""
        super().__init__(hass, coordinator, camera, description)
        self._zones = zones_of(camera)
        self._attr_content_type = CONTENT_TYPE

    @override
    async def async_image(self) -> bytes | None:
        """Return the picture with its zones; None before the first picture."""
        file = await self._async_shown()
        if file is None:
            return None
        return await self.hass.async_add_executor_job(drawn, file, self._zones)

    @override
    def _show_best(self) -> None:
        latest = self._camera.latest_image
        super()._show_best()
        if self._shown is None and latest is not None:
            self._shown = latest.id
            self._attr_image_last_updated = latest.captured_at
