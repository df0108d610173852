"""What all entities share: the device they belong to and when they can be relied on."""

from typing import override

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import CONF_FOLDER, DOMAIN, MANUFACTURER
from .coordinator import HsiConfigEntry, HsiCoordinator
from .core.client import ServerHealth
from .core.updates import CameraState


class HsiHubEntity(CoordinatorEntity[HsiCoordinator]):
    """An entity of the installation as a whole."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: HsiCoordinator, description: EntityDescription) -> None:
        """Attach the entity to the hub's device."""
        super().__init__(coordinator)
        entry_id = coordinator.config_entry.entry_id
        self.entity_description = description
        self._attr_unique_id = f"{entry_id}_{description.key}"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, entry_id)})


class HsiCameraEntity(CoordinatorEntity[HsiCoordinator]):
    """An entity of one camera; unavailable while the camera's folder is in trouble."""

    _attr_has_entity_name = True

    def __init__(
        self, coordinator: HsiCoordinator, camera: ConfigSubentry, description: EntityDescription
    ) -> None:
        """Attach the entity to the camera's device."""
        super().__init__(coordinator)
        entry_id = coordinator.config_entry.entry_id
        identifier = camera_identifier(coordinator.config_entry, camera)
        self.folder: str = camera.data[CONF_FOLDER]
        self.entity_description = description
        self._attr_unique_id = f"{identifier[1]}_{description.key}"
        self._attr_device_info = DeviceInfo(
            identifiers={identifier},
            manufacturer=MANUFACTURER,
            model="Camera folder",
            name=camera.title,
            via_device_id=dr.async_get_device_id_by_identifier(
                coordinator.hass, (DOMAIN, entry_id), config_entry_id=entry_id
            ),
        )

    @property
    @override
    def available(self) -> bool:
        """Tell whether the camera's folder can be read."""
        return super().available and not self._folder_in_trouble

    @property
    def _folder_in_trouble(self) -> bool:
        return self.folder in self.coordinator.data.health.camera_errors

    @property
    def _camera(self) -> CameraState:
        return self.coordinator.data.cameras[self.folder]


def camera_identifier(entry: HsiConfigEntry, camera: ConfigSubentry) -> tuple[str, str]:
    """Return what identifies a camera's device; its folder may change, this does not."""
    return DOMAIN, f"{entry.entry_id}_{camera.subentry_id}"


def async_register_hub(
    hass: HomeAssistant, entry: HsiConfigEntry, server: ServerHealth | None
) -> None:
    """Register the hub's device, which the cameras' devices refer to."""
    dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        entry_type=DeviceEntryType.SERVICE,
        identifiers={(DOMAIN, entry.entry_id)},
        manufacturer=MANUFACTURER,
        model="Inference server",
        name=entry.title,
        sw_version=server.version if server else None,
    )
