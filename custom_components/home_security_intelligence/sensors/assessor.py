"""Language model sensors: state per server, and the cost of assessments."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import override

from homeassistant.components.sensor import (
    RestoreSensor,
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE, EntityCategory, UnitOfTime
from homeassistant.core import callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from ..assessors import assessors
from ..coordinator import HsiConfigEntry
from ..core.domain.inference import AssessorHealth, ComponentState, DownloadState
from ..core.domain.models import ModelUse
from ..core.domain.updates import EventPhase, EventUpdate
from ..entity import HsiHubEntity
from ..server_entity import HsiServerEntity, Server, async_add_to, server_health, servers, url_of


@dataclass(frozen=True, kw_only=True)
class HsiLlmSensorDescription(SensorEntityDescription):
    """A figure of a server's language model; None while unknown."""

    value_fn: Callable[[AssessorHealth], float | None]


@dataclass(frozen=True, kw_only=True)
class HsiUseSensorDescription(SensorEntityDescription):
    """A cost of one assessment; None if the server does not report it."""

    value_fn: Callable[[ModelUse], float | None]


def _downloaded(health: AssessorHealth) -> float | None:
    if health.pull is None or health.pull.state is not DownloadState.RUNNING:
        return None
    return 100 * (health.pull.share or 0.0)


HEALTH_SENSORS = (
    HsiLlmSensorDescription(
        key="llm_on_gpu",
        translation_key="llm_on_gpu",
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=0,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda health: None if health.gpu_share is None else 100 * health.gpu_share,
    ),
    HsiLlmSensorDescription(
        key="llm_speed",
        translation_key="llm_speed",
        suggested_display_precision=1,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda health: health.tokens_per_second,
    ),
    HsiLlmSensorDescription(
        key="llm_download",
        translation_key="llm_download",
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=_downloaded,
    ),
)


def _time(
    key: str, value_fn: Callable[[ModelUse], float | None], *, shown: bool
) -> HsiUseSensorDescription:
    return HsiUseSensorDescription(
        key=key,
        translation_key=key,
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.MILLISECONDS,
        suggested_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_display_precision=1,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=shown,
        value_fn=value_fn,
    )


USE_SENSORS = (
    _time("llm_time", lambda use: use.total_ms, shown=True),
    _time("llm_load_time", lambda use: use.load_ms, shown=False),
    _time("llm_prefill_time", lambda use: use.prefill_ms, shown=False),
    _time("llm_generation_time", lambda use: use.generate_ms, shown=False),
)
TOTAL_SENSORS = (
    HsiUseSensorDescription(
        key="llm_prompt_tokens",
        translation_key="llm_prompt_tokens",
        state_class=SensorStateClass.TOTAL_INCREASING,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda use: use.prompt_tokens,
    ),
    HsiUseSensorDescription(
        key="llm_completion_tokens",
        translation_key="llm_completion_tokens",
        state_class=SensorStateClass.TOTAL_INCREASING,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda use: use.completion_tokens,
    ),
)


@callback
def async_add_llm_sensors(
    entry: HsiConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add each server's sensors once a language model is configured there.

    The cost of assessments is shown once for all servers.
    """
    coordinator = entry.runtime_data
    added = False

    @callback
    def add_cost_sensors() -> None:
        nonlocal added
        if added or not any(map(_has_model, assessors(coordinator.data.health))):
            return
        added = True
        async_add_entities(
            [
                *(HsiUseSensor(coordinator, description) for description in USE_SENSORS),
                *(HsiTotalSensor(coordinator, description) for description in TOTAL_SENSORS),
            ]
        )

    for server in servers(entry):
        _async_add_server_sensors(server, entry, async_add_entities)
    add_cost_sensors()
    entry.async_on_unload(coordinator.async_add_listener(add_cost_sensors))


@callback
def _async_add_server_sensors(
    server: Server, entry: HsiConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    coordinator = entry.runtime_data
    url = url_of(entry, server)
    added = False

    @callback
    def add() -> None:
        nonlocal added
        health = server_health(coordinator, url)
        if added or health is None or not _has_model(health.assessor):
            return
        added = True
        async_add_to(
            server,
            async_add_entities,
            [HsiLlmSensor(coordinator, server, description) for description in HEALTH_SENSORS],
        )

    add()
    entry.async_on_unload(coordinator.async_add_listener(add))


class HsiLlmSensor(HsiServerEntity, SensorEntity):
    """Show a figure of a server's language model; unavailable while it is not reported."""

    entity_description: HsiLlmSensorDescription

    @property
    @override
    def available(self) -> bool:
        """Return whether the server reports a language model now."""
        return super().available and self._assessor is not None

    @property
    @override
    def native_value(self) -> float | None:
        """Return the figure."""
        assessor = self._assessor
        return None if assessor is None else self.entity_description.value_fn(assessor)

    @property
    def _assessor(self) -> AssessorHealth | None:
        health = self._health
        return health.assessor if health is not None and _has_model(health.assessor) else None


class HsiUseSensor(HsiHubEntity, SensorEntity):
    """Show a cost of the last assessment; unknown before the first."""

    entity_description: HsiUseSensorDescription

    @override
    async def async_added_to_hass(self) -> None:
        """Start with the last known assessment."""
        await super().async_added_to_hass()
        events = [state.last_event for state in self.coordinator.data.cameras.values()]
        assessed = [event for event in events if event and event.assessed_by and event.assessed_at]
        latest = max(
            assessed, key=lambda event: event.assessed_at or event.started_at, default=None
        )
        if latest is not None and latest.assessed_by is not None:
            self._attr_native_value = self.entity_description.value_fn(latest.assessed_by)
        self.async_on_remove(self.coordinator.async_subscribe_events(self._async_handle_event))

    @callback
    def _async_handle_event(self, update: EventUpdate) -> None:
        if (use := _new_use(update)) is not None:
            self._attr_native_value = self.entity_description.value_fn(use)
            self.async_write_ha_state()


class HsiTotalSensor(HsiHubEntity, RestoreSensor):
    """Add up a cost of all assessments, over restarts."""

    entity_description: HsiUseSensorDescription
    _total: float = 0

    @override
    async def async_added_to_hass(self) -> None:
        """Restore the total."""
        await super().async_added_to_hass()
        last = await self.async_get_last_sensor_data()
        if last is not None and isinstance(last.native_value, int | float):
            self._total = last.native_value
        self._attr_native_value = self._total
        self.async_on_remove(self.coordinator.async_subscribe_events(self._async_handle_event))

    @callback
    def _async_handle_event(self, update: EventUpdate) -> None:
        if (use := _new_use(update)) is not None:
            self._total += self.entity_description.value_fn(use) or 0
            self._attr_native_value = self._total
            self.async_write_ha_state()


def _new_use(update: EventUpdate) -> ModelUse | None:
    """Return the cost of a new assessment; other updates of an event have none."""
    new = update.phase in {EventPhase.ASSESSED, EventPhase.LATE}
    return update.event.assessed_by if new else None


def _has_model(assessor: AssessorHealth) -> bool:
    return assessor.state is not ComponentState.ABSENT and assessor.backend is not None
