"""Base classes of the entities: their device and their availability."""

from typing import override

from homeassistant.config_entries import ConfigSubentry
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import EntityDescription
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
        super().__init__(coordinator)
        entry = coordinator.config_entry
        self.folder: str = camera.data[CONF_FOLDER]
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
