"""Sensor platform: risk of each camera, the queue, the models, and the families in `sensors`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, UnitOfTime
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .const import ATTR_EVENT_ID, ATTR_FACTORS, SUBENTRY_CAMERA
from .coordinator import HsiConfigEntry
from .core.domain.models import EventState, RiskLevel, SecurityEvent
from .core.events.placement import Span, due_at
from .data import HsiData
from .entity import HsiCameraEntity, HsiHubEntity, HsiTimedEntity
from .sensors.assessment_cost import async_add_cost_sensors
from .sensors.assessor import async_add_llm_sensors
from .sensors.gpu import async_add_gpu_sensors
from .serializers import factors_json

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class HsiCameraSensorDescription(SensorEntityDescription):
    """A value of the last event."""

    value_fn: Callable[[SecurityEvent], datetime]


@dataclass(frozen=True, kw_only=True)
class HsiRiskSensorDescription(SensorEntityDescription):
    """The risk of an event, and the value without one."""

    value_fn: Callable[[SecurityEvent], int | str | None]
    quiet_value: int | str


@dataclass(frozen=True, kw_only=True)
class HsiHubSensorDescription(SensorEntityDescription):
    """A value of the installation, available while its source is."""

    value_fn: Callable[[HsiData], int | str | None]
    available_fn: Callable[[HsiData], bool]


RISK_SENSORS = (
    HsiRiskSensorDescription(
        key="risk_score",
        translation_key="risk_score",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda event: event.risk_score,
        quiet_value=0,
    ),
    HsiRiskSensorDescription(
        key="risk_level",
        translation_key="risk_level",
        device_class=SensorDeviceClass.ENUM,
        options=[level.value for level in RiskLevel],
        value_fn=lambda event: event.risk_level,
        quiet_value=RiskLevel.LOW,
    ),
)

CAMERA_SENSORS = (
    HsiCameraSensorDescription(
        key="last_activity",
        translation_key="last_activity",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=lambda event: event.last_activity_at,
    ),
)

CLOCK_OFFSET = SensorEntityDescription(
    key="clock_offset",
    translation_key="clock_offset",
    device_class=SensorDeviceClass.DURATION,
    native_unit_of_measurement=UnitOfTime.SECONDS,
    suggested_display_precision=0,
    state_class=SensorStateClass.MEASUREMENT,
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
)

HUB_SENSORS = (
    HsiHubSensorDescription(
        key="queue_depth",
        translation_key="queue_depth",
        entity_category=EntityCategory.DIAGNOSTIC,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda data: data.queue.depth,
        available_fn=lambda data: data.health.database_reachable,
    ),
    HsiHubSensorDescription(
        key="dead_letters",
        translation_key="dead_letters",
        entity_category=EntityCategory.DIAGNOSTIC,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda data: data.queue.dead_total,
        available_fn=lambda data: data.health.database_reachable,
    ),
    HsiHubSensorDescription(
        key="detector_model",
        translation_key="detector_model",
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda data: data.health.server.detector.model if data.health.server else None,
        available_fn=lambda data: data.health.server_reachable is not False,
    ),
    HsiHubSensorDescription(
        key="llm_model",
        translation_key="llm_model",
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda data: data.health.server.assessor.model if data.health.server else None,
        available_fn=lambda data: data.health.server_reachable is not False,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: HsiConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors of the hub, the servers and the cameras."""
    coordinator = entry.runtime_data
    async_add_entities(HsiHubSensor(coordinator, description) for description in HUB_SENSORS)
    async_add_gpu_sensors(entry, async_add_entities)
    async_add_llm_sensors(entry, async_add_entities)
    async_add_cost_sensors(entry, async_add_entities)
    for camera in entry.get_subentries_of_type(SUBENTRY_CAMERA):
        async_add_entities(
            [
                *(HsiRiskSensor(coordinator, camera, each) for each in RISK_SENSORS),
                *(HsiCameraSensor(coordinator, camera, each) for each in CAMERA_SENSORS),
                HsiClockOffsetSensor(coordinator, camera, CLOCK_OFFSET),
            ],
            config_subentry_id=camera.subentry_id,
        )


class HsiCameraSensor(HsiCameraEntity, SensorEntity):
    """Show a value of a camera's last event; unknown before the first event."""

    entity_description: HsiCameraSensorDescription

    @property
    @override
    def native_value(self) -> datetime | None:
        """Return the value."""
        event = self._camera.last_event
        return None if event is None else self.entity_description.value_fn(event)


class HsiClockOffsetSensor(HsiCameraEntity, SensorEntity):
    """Show by how much a camera's clock is ahead; unknown until its images have shown it."""

    @property
    @override
    def native_value(self) -> float | None:
        """Return the offset in seconds; negative is behind."""
        return self.coordinator.data.health.clock_offsets.get(self.folder)


class HsiRiskSensor(HsiTimedEntity, SensorEntity):
    """Show the risk of a camera's event from its first image until a while after its close."""

    entity_description: HsiRiskSensorDescription
    _unrecorded_attributes = frozenset({ATTR_FACTORS})

    @callback
    @override
    def _async_set_state(self) -> datetime | None:
        event = self._camera.last_event
        ends = None if event is None else self._end_of(event)
        over = ends is not None and ends <= dt_util.utcnow()
        if event is None or over or event.risk_level is None:
            self._attr_native_value = self.entity_description.quiet_value
            self._attr_extra_state_attributes = {ATTR_EVENT_ID: None, ATTR_FACTORS: []}
        else:
            self._attr_native_value = self.entity_description.value_fn(event)
            self._attr_extra_state_attributes = {
                ATTR_EVENT_ID: str(event.id),
                ATTR_FACTORS: factors_json(event),
            }
        return None if over else ends

    def _end_of(self, event: SecurityEvent) -> datetime | None:
        """Return when the event's risk is over; None while the event is open."""
        if event.state is EventState.OPEN:
            return None
        settings = self.coordinator.settings
        span = Span(started_at=event.started_at, last_activity_at=event.last_activity_at)
        # Not when it was closed, so that an event of hours ago, as in a backlog, is no risk of now.
        return due_at(span, settings) + timedelta(seconds=settings.risk_reset)


class HsiHubSensor(HsiHubEntity, SensorEntity):
    """Show a value of the installation."""

    entity_description: HsiHubSensorDescription

    @property
    @override
    def available(self) -> bool:
        """Return whether the value's source is available."""
        return super().available and self.entity_description.available_fn(self.coordinator.data)

    @property
    @override
    def native_value(self) -> int | str | None:
        """Return the value."""
        return self.entity_description.value_fn(self.coordinator.data)
