"""Binary sensor platform: presence, and the state of folders, servers and database."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import override

from homeassistant.components.binary_sensor import (
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.const import EntityCategory
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util

from .const import SUBENTRY_CAMERA
from .coordinator import HsiConfigEntry
from .core.domain.presence import PresenceClass
from .core.domain.updates import Health
from .entity import HsiCameraEntity, HsiHubEntity
from .server_entity import HsiServerEntity, async_add_to, servers

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class HsiHubBinarySensorDescription(BinarySensorEntityDescription):
    """A condition of the installation; None while unknown."""

    is_on_fn: Callable[[Health], bool | None]


PERSON = BinarySensorEntityDescription(
    key="person",
    translation_key="person",
    device_class=BinarySensorDeviceClass.OCCUPANCY,
)
FOLDER_PROBLEM = BinarySensorEntityDescription(
    key="folder_problem",
    translation_key="folder_problem",
    device_class=BinarySensorDeviceClass.PROBLEM,
    entity_category=EntityCategory.DIAGNOSTIC,
)
SERVER = BinarySensorEntityDescription(
    key="server",
    translation_key="server",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)
HUB_BINARY_SENSORS = (
    HsiHubBinarySensorDescription(
        key="database",
        translation_key="database",
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
        is_on_fn=lambda health: health.database_reachable,
    ),
    HsiHubBinarySensorDescription(
        key="test_model",
        translation_key="test_model",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        is_on_fn=lambda health: health.server.detector.test_model if health.server else None,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: HsiConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the binary sensors of the hub, the servers and the cameras."""
    coordinator = entry.runtime_data
    async_add_entities(
        HsiHubBinarySensor(coordinator, description) for description in HUB_BINARY_SENSORS
    )
    for server in servers(entry):
        async_add_to(server, async_add_entities, [HsiServerSensor(coordinator, server, SERVER)])
    for camera in entry.get_subentries_of_type(SUBENTRY_CAMERA):
        async_add_entities(
            [
                HsiPersonSensor(coordinator, camera, PERSON),
                HsiFolderProblemSensor(coordinator, camera, FOLDER_PROBLEM),
            ],
            config_subentry_id=camera.subentry_id,
        )


class HsiPersonSensor(HsiCameraEntity, BinarySensorEntity):
    """On from an image with a person until the hold time after the last such image."""

    _cancel_timer: CALLBACK_TYPE | None = None

    @override
    async def async_added_to_hass(self) -> None:
        """Restore the presence and its timer after a restart."""
        await super().async_added_to_hass()
        self._async_update_presence()

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Cancel the timer."""
        self._async_cancel_timer()
        await super().async_will_remove_from_hass()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        self._async_update_presence()
        super()._handle_coordinator_update()

    @callback
    def _async_update_presence(self) -> None:
        """Turn on until the known end of the presence, or off if it has passed."""
        self._async_cancel_timer()
        until = self._camera.present_until.get(PresenceClass.PERSON)
        self._attr_is_on = until is not None and until > dt_util.utcnow()
        if until is not None and self._attr_is_on:
            self._cancel_timer = async_track_point_in_utc_time(
                self.hass, self._async_presence_ended, until
            )

    @callback
    def _async_cancel_timer(self) -> None:
        if self._cancel_timer is not None:
            self._cancel_timer()
            self._cancel_timer = None

    @callback
    def _async_presence_ended(self, now: datetime) -> None:
        self._cancel_timer = None
        self._attr_is_on = False
        self.async_write_ha_state()


class HsiFolderProblemSensor(HsiCameraEntity, BinarySensorEntity):
    """On while the camera's folder is missing or cannot be read."""

    @property
    @override
    def available(self) -> bool:
        """Stay available when the camera's other entities are not."""
        return self.coordinator.last_update_success

    @property
    @override
    def is_on(self) -> bool:
        """Return whether the folder cannot be read."""
        return self._folder_unavailable


class HsiHubBinarySensor(HsiHubEntity, BinarySensorEntity):
    """Show a condition of the installation."""

    entity_description: HsiHubBinarySensorDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether the condition is true; None while unknown."""
        return self.entity_description.is_on_fn(self.coordinator.data.health)


class HsiServerSensor(HsiServerEntity, BinarySensorEntity):
    """On while an inference server is reachable; attributes show its circuit breakers."""

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether the server is reachable; None while unknown."""
        server = self._server
        return None if server is None else server.reachable

    @property
    @override
    def extra_state_attributes(self) -> dict[str, str | datetime | None]:
        """Return the error, and for each stage the circuit breaker's state, retry time and reason."""
        server = self._server
        if server is None:
            return {}
        attributes: dict[str, str | datetime | None] = {"error": server.error}
        for kind, breaker in server.breakers.items():
            attributes |= {
                f"{kind}_breaker": "closed" if breaker.open_until is None else "open",
                f"{kind}_retry_at": breaker.open_until,
                f"{kind}_reason": breaker.reason,
            }
        return attributes
