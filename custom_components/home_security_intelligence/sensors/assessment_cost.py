"""Cost sensors: what assessments took, whichever server made them."""

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
from homeassistant.const import EntityCategory, UnitOfTime
from homeassistant.core import callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from ..assessors import assessors, has_model
from ..coordinator import HsiConfigEntry
from ..core.domain.models import ModelUse, SecurityEvent
from ..core.domain.updates import EventPhase, EventUpdate
from ..entity import HsiHubEntity


@dataclass(frozen=True, kw_only=True)
class HsiUseSensorDescription(SensorEntityDescription):
    """A cost of an assessment; None if the server does not report it."""

    value_fn: Callable[[ModelUse], float | None]


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
def async_add_cost_sensors(
    entry: HsiConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors once a server has a language model configured."""
    coordinator = entry.runtime_data
    added = False

    @callback
    def add() -> None:
        nonlocal added
        if added or not any(map(has_model, assessors(coordinator.data.health))):
            return
        added = True
        async_add_entities(
            [
                *(HsiUseSensor(coordinator, description) for description in USE_SENSORS),
                *(HsiTotalSensor(coordinator, description) for description in TOTAL_SENSORS),
            ]
        )

    add()
    entry.async_on_unload(coordinator.async_add_listener(add))


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
        if (use := _new_use(update)) is not None and self._is_new(update.event):
            self._total += self.entity_description.value_fn(use) or 0
            self._attr_native_value = self._total
            self.async_write_ha_state()

    @callback
    def _is_new(self, event: SecurityEvent) -> bool:
        """Return whether this assessment was not counted yet; updates are repeated after a reload."""
        name = f"counted {self.entity_description.key}"
        at = "" if event.assessed_at is None else event.assessed_at.isoformat()
        return self.coordinator.fired_events.async_claim(str(event.id), name, at)


def _new_use(update: EventUpdate) -> ModelUse | None:
    """Return the cost of a new assessment; other updates of an event have none."""
    new = update.phase is EventPhase.EXPLAINED
    return update.event.assessed_by if new else None
