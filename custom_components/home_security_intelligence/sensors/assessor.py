"""Language model sensors of each inference server that has one configured."""

from typing import Final, override

from homeassistant.components.sensor import (
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE, EntityCategory
from homeassistant.core import callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from ..assessors import has_model
from ..coordinator import HsiConfigEntry
from ..core.domain.inference import AssessorHealth, DownloadState, ServerHealth
from .server_part import (
    HsiServerPartSensor,
    HsiServerPartSensorDescription,
    async_add_part_sensors,
)


def _downloaded(health: AssessorHealth) -> float | None:
    if health.pull is None or health.pull.state is not DownloadState.RUNNING:
        return None
    return 100 * (health.pull.share or 0.0)


HEALTH_SENSORS: Final[tuple[HsiServerPartSensorDescription[AssessorHealth], ...]] = (
    HsiServerPartSensorDescription(
        key="llm_on_gpu",
        translation_key="llm_on_gpu",
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=0,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda health: None if health.gpu_share is None else 100 * health.gpu_share,
    ),
    HsiServerPartSensorDescription(
        key="llm_speed",
        translation_key="llm_speed",
        suggested_display_precision=1,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda health: health.tokens_per_second,
    ),
    HsiServerPartSensorDescription(
        key="llm_download",
        translation_key="llm_download",
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=_downloaded,
    ),
)


class HsiLlmSensor(HsiServerPartSensor[AssessorHealth]):
    """Show a figure of a server's language model."""

    @staticmethod
    @override
    def part_of(health: ServerHealth) -> AssessorHealth | None:
        """Return the language model's state; None if none is configured."""
        return health.assessor if has_model(health.assessor) else None


@callback
def async_add_llm_sensors(
    entry: HsiConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add each server's sensors once a language model is configured there."""
    async_add_part_sensors(entry, async_add_entities, HsiLlmSensor, lambda _: HEALTH_SENSORS)
