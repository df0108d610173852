"""Binary sensor platform: presence, and the state of folders, servers and database."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import override
from uuid import UUID

from homeassistant.components.binary_sensor import (
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.const import MATCH_ALL, STATE_UNAVAILABLE, EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .const import ATTR_EVENT_ID, SUBENTRY_CAMERA
from .coordinator import HsiConfigEntry
from .core.domain.models import Image, JobKind
from .core.domain.presence import LABELS, PresenceClass
from .core.domain.updates import Health
from .detectors import can_detect, detects
from .entity import HsiCameraEntity, HsiHubEntity, HsiTimedEntity
from .server_entity import HsiServerEntity, async_add_to, servers

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class HsiHubBinarySensorDescription(BinarySensorEntityDescription):
    """A condition of the installation; None while unknown."""

    is_on_fn: Callable[[Health], bool | None]


@dataclass(frozen=True, kw_only=True)
class HsiPresenceDescription(BinarySensorEntityDescription):
    """The presence of a class of objects at a camera."""

    present: PresenceClass


PRESENCE_SENSORS = tuple(
    HsiPresenceDescription(
        key=present.value,
        translation_key=present.value,
        device_class=BinarySensorDeviceClass.OCCUPANCY,
        present=present,
    )
    for present in PresenceClass
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
    HsiHubBinarySensorDescription(
        key="queue_full",
        translation_key="queue_full",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        is_on_fn=lambda health: health.queue_full,
    ),
    HsiHubBinarySensorDescription(
        key="detection_paused",
        translation_key="detection_paused",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        is_on_fn=lambda health: JobKind.DETECT in health.stages_paused,
    ),
    HsiHubBinarySensorDescription(
        key="assessment_paused",
        translation_key="assessment_paused",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        is_on_fn=lambda health: JobKind.ASSESS in health.stages_paused,
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
                *(
                    HsiPresenceSensor(coordinator, camera, description)
                    for description in PRESENCE_SENSORS
                ),
                HsiFolderProblemSensor(coordinator, camera, FOLDER_PROBLEM),
            ],
            config_subentry_id=camera.subentry_id,
        )


class HsiPresenceSensor(HsiTimedEntity, BinarySensorEntity):
    """On from an image with an object of the class until the hold time after the last one."""

    entity_description: HsiPresenceDescription
    _event_id: UUID | None = None
    _is_returning = False

    @property
    @override
    def available(self) -> bool:
        """Return whether the presence is known: seen, or images are processed."""
        return super().available and (
            self._attr_is_on is True or self._is_returning or detects(self.coordinator.data.health)
        )

    @property
    @override
    def extra_state_attributes(self) -> dict[str, str | None]:
        """Return the id of the event while the class is present."""
        shown = self._event_id if self._attr_is_on else None
        return {ATTR_EVENT_ID: None if shown is None else str(shown)}

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Turn on from off, also if an image is the first sign that an outage is over."""
        before, was_on = self.hass.states.get(self.entity_id), self._attr_is_on
        self._async_refresh()
        turns_on = self._attr_is_on and not was_on
        if turns_on and before is not None and before.state == STATE_UNAVAILABLE:
            self._attr_is_on, self._is_returning = False, True
            self.async_write_ha_state()
            self._is_returning = False
        super()._handle_coordinator_update()

    @callback
    @override
    def _async_set_state(self) -> datetime | None:
        state, present = self._camera, self.entity_description.present
        image, event = state.latest_image, state.last_event
        if image is not None and image.event_id is not None and _shows(image, present):
            self._event_id = image.event_id
        elif event is not None and not LABELS[present].isdisjoint(event.labels):
            self._event_id = event.id
        until = state.present_until.get(present)
        self._attr_is_on = until is not None and until > dt_util.utcnow()
        return until if self._attr_is_on else None


def _shows(image: Image, present: PresenceClass) -> bool:
    return any(detection.label in LABELS[present] for detection in image.detections)


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
    """On while an inference server is reachable and its detector is ready.

    Attributes show why it is off, and its circuit breakers.
    """

    _unrecorded_attributes = frozenset({MATCH_ALL})

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether the server can detect; None while unknown."""
        server = self._server
        return None if server is None else can_detect(server)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, str | datetime | None]:
        """Return the errors, and for each stage the circuit breaker's state, retry time and reason."""
        server = self._server
        if server is None:
            return {}
        detector = None if server.health is None else server.health.detector
        attributes: dict[str, str | datetime | None] = {
            "error": server.error,
            "detector": None if detector is None else detector.state.value,
            "detector_error": None if detector is None else detector.error,
        }
        for kind, breaker in server.breakers.items():
            attributes |= {
                f"{kind}_breaker": "closed" if breaker.open_until is None else "open",
                f"{kind}_retry_at": breaker.open_until,
                f"{kind}_reason": breaker.reason,
            }
        return attributes
