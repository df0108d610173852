"""Who is there, and whether everything the pipeline needs can be reached."""

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
from .core.domain.updates import Health
from .entity import HsiCameraEntity, HsiHubEntity
from .server_entity import HsiServerEntity, async_add_to, servers

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class HsiHubBinarySensorDescription(BinarySensorEntityDescription):
    """Something that is true or not of what the pipeline needs; None while nobody knows."""

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
    """Add the hub's binary sensors and those of each camera."""
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
    """On from a picture with a person in it until a while after the last such picture."""

    _cancel_timer: CALLBACK_TYPE | None = None

    @override
    async def async_added_to_hass(self) -> None:
        """Turn off in time also where a restart fell into somebody's presence."""
        await super().async_added_to_hass()
        self._async_take_in()

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Leave no timer behind."""
        self._async_cancel_timer()
        await super().async_will_remove_from_hass()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        self._async_take_in()
        super()._handle_coordinator_update()

    @callback
    def _async_take_in(self) -> None:
        """Turn on until the moment known now, or stay off where it has passed."""
        self._async_cancel_timer()
        until = self._camera.person_until
        self._attr_is_on = until is not None and until > dt_util.utcnow()
        if until is not None and self._attr_is_on:
            self._cancel_timer = async_track_point_in_utc_time(
                self.hass, self._async_time_is_up, until
            )

    @callback
    def _async_cancel_timer(self) -> None:
        if self._cancel_timer is not None:
            self._cancel_timer()
            self._cancel_timer = None

    @callback
    def _async_time_is_up(self, now: datetime) -> None:
        self._cancel_timer = None
        self._attr_is_on = False
        self.async_write_ha_state()


class HsiFolderProblemSensor(HsiCameraEntity, BinarySensorEntity):
    """On while the camera's folder is missing or may not be read."""

    @property
    @override
    def available(self) -> bool:
        """Stay, where the camera's other entities go."""
        return self.coordinator.last_update_success

    @property
    @override
    def is_on(self) -> bool:
        """Tell whether the folder is in trouble."""
        return self._folder_in_trouble


class HsiHubBinarySensor(HsiHubEntity, BinarySensorEntity):
    """Shows whether something is true of what the pipeline needs."""

    entity_description: HsiHubBinarySensorDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """Tell whether it is true; None while nobody knows."""
        return self.entity_description.is_on_fn(self.coordinator.data.health)


class HsiServerSensor(HsiServerEntity, BinarySensorEntity):
    """On while an inference server can be reached; says which stages leave it alone."""

    @property
    @override
    def is_on(self) -> bool | None:
        """Tell whether it can be reached; None while nobody knows."""
        server = self._server
        return None if server is None else server.reachable

    @property
    @override
    def extra_state_attributes(self) -> dict[str, str | datetime | None]:
        """Tell why it cannot be used, and which stages leave it alone, until when and why."""
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
