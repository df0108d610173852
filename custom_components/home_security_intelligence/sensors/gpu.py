"""GPU sensors of each inference server that has a GPU."""

from typing import Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
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
from ..core.domain.inference import GpuHealth, ServerHealth
from .server_part import (
    HsiServerPartSensor,
    HsiServerPartSensorDescription,
    async_add_part_sensors,
)

# Sensors that change at every poll are disabled by default.
GPU_SENSORS: Final[tuple[HsiServerPartSensorDescription[GpuHealth], ...]] = (
    HsiServerPartSensorDescription(
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
    HsiServerPartSensorDescription(
        key="gpu_temperature",
        translation_key="gpu_temperature",
        device_class=SensorDeviceClass.TEMPERATURE,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda gpu: gpu.temperature_c,
    ),
    HsiServerPartSensorDescription(
        key="gpu_utilization",
        translation_key="gpu_utilization",
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda gpu: gpu.utilization_percent,
    ),
    HsiServerPartSensorDescription(
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


class HsiGpuSensor(HsiServerPartSensor[GpuHealth]):
    """Show a figure of the GPU."""

    @staticmethod
    @override
    def part_of(health: ServerHealth) -> GpuHealth | None:
        """Return the GPU; None if the server has none."""
        return health.gpu


@callback
def async_add_gpu_sensors(
    entry: HsiConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add a sensor for each figure that the driver of a server's GPU reports."""
    async_add_part_sensors(
        entry,
        async_add_entities,
        HsiGpuSensor,
        lambda gpu: [each for each in GPU_SENSORS if each.value_fn(gpu) is not None],
    )
