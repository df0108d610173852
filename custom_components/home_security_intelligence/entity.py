"""Base classes of the entities: their device and their availability."""

from abc import abstractmethod
from datetime import datetime
from typing import override

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import CONF_FOLDER
from .coordinator import HsiCoordinator
from .core.domain.updates import CameraState
from .devices import camera_device, camera_identifier, hub_identifier


class HsiHubEntity(CoordinatorEntity[HsiCoordinator]):
    """An entity of the installation as a whole."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: HsiCoordinator, description: EntityDescription) -> None:
        """Attach the entity to the hub's device."""
        super().__init__(coordinator)
        entry = coordinator.config_entry
        self.entity_description = description
        self._attr_unique_id = f"{entry.entry_id}_{description.key}"
        self._attr_device_info = DeviceInfo(identifiers={hub_identifier(entry)})


class HsiCameraEntity(CoordinatorEntity[HsiCoordinator]):
    """An entity of one camera; unavailable while the camera's folder cannot be read."""

    _attr_has_entity_name = True

    def __init__(
        self, coordinator: HsiCoordinator, camera: ConfigSubentry, description: EntityDescription
    ) -> None:
        """Attach the entity to the camera's device."""
        self.folder: str = camera.data[CONF_FOLDER]
        super().__init__(coordinator, context=self.folder)
        entry = coordinator.config_entry
        self.entity_description = description
        self._attr_unique_id = f"{camera_identifier(entry, camera)[1]}_{description.key}"
        self._attr_device_info = camera_device(coordinator.hass, entry, camera)

    @property
    @override
    def available(self) -> bool:
        """Return whether the camera's folder can be read."""
        return super().available and not self._folder_unavailable

    @property
    def _folder_unavailable(self) -> bool:
        return self.folder in self.coordinator.data.health.camera_errors

    @property
    def _camera(self) -> CameraState:
        return self.coordinator.data.cameras[self.folder]


class HsiTimedEntity(HsiCameraEntity):
    """An entity of a camera whose state also changes at a time that is known in advance."""

    _cancel_timer: CALLBACK_TYPE | None = None

    @override
    async def async_added_to_hass(self) -> None:
        """Set the state, also after a restart."""
        await super().async_added_to_hass()
        self._async_refresh()

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Cancel the timer."""
        self._async_cancel_timer()
        await super().async_will_remove_from_hass()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        self._async_refresh()
        super()._handle_coordinator_update()

    @abstractmethod
    def _async_set_state(self) -> datetime | None:
        """Set the state of now; return when it is to be set again without an update."""

    @callback
    def _async_refresh(self) -> None:
        self._async_cancel_timer()
        if (at := self._async_set_state()) is not None:
            self._cancel_timer = async_track_point_in_utc_time(
                self.hass, self._async_time_passed, at
            )

    @callback
    def _async_cancel_timer(self) -> None:
        if self._cancel_timer is not None:
            self._cancel_timer()
            self._cancel_timer = None

    @callback
    def _async_time_passed(self, now: datetime) -> None:
        self._cancel_timer = None
        self._async_refresh()
        self.async_write_ha_state()
