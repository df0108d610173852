"""Camera platform: the latest image of each camera."""

import asyncio
from time import monotonic
from typing import Final, override

from aiohttp import web
from homeassistant.components.camera import (
    Camera,
    CameraEntityDescription,
    async_get_still_stream,
)
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import SUBENTRY_CAMERA
from .coordinator import HsiConfigEntry, HsiCoordinator
from .core.domain.queries import ImageFile
from .entity import HsiCameraEntity
from .image_files import async_read_image

PARALLEL_UPDATES = 0

ATTR_DAMAGED: Final = "damaged"

_FRAME_LIFETIME: Final = 10.0  # seconds until a frame is read again: its file may have been deleted

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
        self._frame: ImageFile | None = None
        self._frame_read_at = 0.0
        self._reading = asyncio.Lock()

    @property
    @override
    def extra_state_attributes(self) -> dict[str, str | None]:
        """Return what is wrong with the latest image's file, if anything."""
        image = self._camera.latest_image
        return {ATTR_DAMAGED: None if image is None else image.damaged}

    @override
    async def async_camera_image(
        self, width: int | None = None, height: int | None = None
    ) -> bytes | None:
        """Return the image file as uploaded; None before the first image."""
        async with self._reading:  # all viewers share one read
            file = await self._async_frame()
        if file is None:
            return None
        self.content_type = file.content_type
        return file.content

    @override
    async def handle_async_still_stream(
        self, request: web.Request, interval: float
    ) -> web.StreamResponse:
        """Stream the latest image; the stream ends when its file is gone."""

        async def frame() -> bytes | None:
            try:
                return await self.async_camera_image()
            except HomeAssistantError:
                return None

        return await async_get_still_stream(request, frame, self.content_type, interval)

    async def _async_frame(self) -> ImageFile | None:
        """Return the latest image's file, from the cache if it was read a moment ago."""
        image = self._camera.latest_image
        if image is None:
            return None
        frame = self._frame
        if frame is None or frame.image.id != image.id or self._is_outdated():
            self._frame = None
            frame = self._frame = await async_read_image(self.coordinator.pipeline, image.id)
            self._frame_read_at = monotonic()
        return frame

    def _is_outdated(self) -> bool:
        return monotonic() - self._frame_read_at > _FRAME_LIFETIME
