"""Camera platform: the latest image of each camera."""

from typing import override

from homeassistant.components.camera import Camera, CameraEntityDescription
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import SUBENTRY_CAMERA
from .coordinator import HsiConfigEntry, HsiCoordinator
from .entity import HsiCameraEntity
from .image_files import async_read_image

PARALLEL_UPDATES = 0

LATEST_IMAGE = CameraEntityDescription(key="latest_image", name=None)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: HsiConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add one camera entity per camera."""
    for camera in entry.get_subentries_of_type(SUBENTRY_CAMERA):
        async_add_entities(
            [HsiCamera(entry.runtime_data, camera)], config_subentry_id=camera.subentry_id
        )


class HsiCamera(HsiCameraEntity, Camera):
    """Show the processed image with the latest capture time."""

    def __init__(self, coordinator: HsiCoordinator, camera: ConfigSubentry) -> None:
        """Call both base constructors, which take different arguments."""
        HsiCameraEntity.__init__(self, coordinator, camera, LATEST_IMAGE)
        Camera.__init__(self)

    @override
    async def async_camera_image(
        self, width: int | None = None, height: int | None = None
    ) -> bytes | None:
        """Return the image file as uploaded; None before the first image."""
        image = self._camera.latest_image
        if image is None:
            return None
        file = await async_read_image(self.coordinator.pipeline, image.id)
        self.content_type = file.content_type
        return file.content
