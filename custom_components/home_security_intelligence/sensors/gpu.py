"""GPU sensors of each inference server that has a GPU."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    PERCENTAGE,
    EntityCategory,
    UnitOfInformation,
    UnitOfPower,
    UnitOfTemperature,
)
from homeassistant.core import callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from ..coordinator import HsiConfigEntry
from ..core.domain.inference import GpuHealth
from ..server_entity import HsiServerEntity, Server, async_add_to, server_health, servers, url_of


@dataclass(frozen=True, kw_only=True)
class HsiGpuSensorDescription(SensorEntityDescription):
    """A figure of the GPU; None if its driver does not report it."""

    value_fn: Callable[[GpuHealth], float | None]


# Sensors that change at every poll are disabled by default.
GPU_SENSORS = (
    HsiGpuSensorDescription(
        key="gpu_memory",
        translation_key="gpu_memory",
        device_class=SensorDeviceClass.DATA_SIZE,
        native_unit_of_measurement=UnitOfInformation.BYTES,
        suggested_unit_of_measurement=UnitOfInformation.GIBIBYTES,
        suggested_display_precision=1,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda gpu: gpu.memory_used_bytes,
    ),
    HsiGpuSensorDescription(
        key="gpu_temperature",
        translation_key="gpu_temperature",
        device_class=SensorDeviceClass.TEMPERATURE,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda gpu: gpu.temperature_c,
    ),
    HsiGpuSensorDescription(
        key="gpu_utilization",
        translation_key="gpu_utilization",
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda gpu: gpu.utilization_percent,
    ),
    HsiGpuSensorDescription(
        key="gpu_power",
        translation_key="gpu_power",
        device_class=SensorDeviceClass.POWER,
        native_unit_of_measurement=UnitOfPower.WATT,
        suggested_display_precision=0,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda gpu: gpu.power_w,
    ),
)


@callback
def async_add_gpu_sensors(
    entry: HsiConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add a sensor for each figure of a server's GPU once the server reports it."""
    for server in servers(entry):
        _async_add_server_sensors(server, entry, async_add_entities)


@callback
def _async_add_server_sensors(
    server: Server, entry: HsiConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    coordinator = entry.runtime_data
    url = url_of(entry, server)
    added: set[str] = set()

    @callback
    def add() -> None:
        health = server_health(coordinator, url)
        if health is None or (gpu := health.gpu) is None:
            return
        new = [
            description
            for description in GPU_SENSORS
            if description.key not in added and description.value_fn(gpu) is not None
        ]
        added.update(description.key for description in new)
        async_add_to(
            server,
            async_add_entities,
            [HsiGpuSensor(coordinator, server, description) for description in new],
        )

    add()
    entry.async_on_unload(coordinator.async_add_listener(add))


class HsiGpuSensor(HsiServerEntity, SensorEntity):
    """Show a figure of the GPU; unavailable while it is not reported."""

    entity_description: HsiGpuSensorDescription

    @property
    @override
    def available(self) -> bool:
        """Return whether the server reports a GPU now."""
        return super().available and self._gpu is not None

    @property
    @override
    def native_value(self) -> float | None:
        """Return the figure."""
        gpu = self._gpu
        return None if gpu is None else self.entity_description.value_fn(gpu)

    @property
    def _gpu(self) -> GpuHealth | None:
        health = self._health
        return None if health is None else health.gpu
