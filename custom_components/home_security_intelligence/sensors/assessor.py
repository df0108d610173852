"""Language model sensors of each inference server that has one configured."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import override

from homeassistant.components.sensor import (
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE, EntityCategory
from homeassistant.core import callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from ..assessors import has_model
from ..coordinator import HsiConfigEntry
from ..core.domain.inference import AssessorHealth, DownloadState
from ..server_entity import HsiServerEntity, Server, async_add_to, server_health, servers, url_of


@dataclass(frozen=True, kw_only=True)
class HsiLlmSensorDescription(SensorEntityDescription):
    """A figure of a server's language model; None while unknown."""

    value_fn: Callable[[AssessorHealth], float | None]


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


@callback
def async_add_llm_sensors(
    entry: HsiConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add each server's sensors once a language model is configured there."""
    for server in servers(entry):
        _async_add_server_sensors(server, entry, async_add_entities)


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
        if added or health is None or not has_model(health.assessor):
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
        return health.assessor if health is not None and has_model(health.assessor) else None
