"""What happened in front of each camera, for automations to fire on."""

from typing import Final, override

from homeassistant.components.event import ATTR_EVENT_TYPE, EventEntity, EventEntityDescription
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import ATTR_FACTORS, SUBENTRY_CAMERA
from .coordinator import HsiConfigEntry, HsiCoordinator
from .core.models import AssessmentState, RiskLevel
from .core.updates import EventUpdate
from .entity import HsiCameraEntity
from .responses import factors_json

PARALLEL_UPDATES = 0

ATTR_EVENT_ID: Final = "event_id"
ATTR_LABELS: Final = "labels"
ATTR_LATE: Final = "late"
ATTR_RISK_SCORE: Final = "risk_score"
ATTR_SUMMARY: Final = "summary"

_MEMORY: Final = 50  # events; older ones are assessed again only where a person asks for it

UNASSESSED: Final = AssessmentState.UNASSESSED.value

ACTIVITY = EventEntityDescription(
    key="activity",
    translation_key="activity",
    event_types=[*(level.value for level in RiskLevel), UNASSESSED],
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: HsiConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add one event entity a camera."""
    for camera in entry.get_subentries_of_type(SUBENTRY_CAMERA):
        async_add_entities(
            [HsiActivity(entry.runtime_data, camera, ACTIVITY)],
            config_subentry_id=camera.subentry_id,
        )


class HsiActivity(HsiCameraEntity, EventEntity):
    """Fires once an event's risk is known, or known not to be; again only if its level changes."""

    _unrecorded_attributes = frozenset({ATTR_FACTORS})

    def __init__(
        self, coordinator: HsiCoordinator, camera: ConfigSubentry, description: EntityDescription
    ) -> None:
        """Start with nothing told."""
        super().__init__(coordinator, camera, description)
        self._told: dict[str, str] = {}  # event ID -> what was told of it, the latest last

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to the events of all cameras."""
        await super().async_added_to_hass()
        # What was told last survives a restart, because Home Assistant restores it.
        last = self.state_attributes
        if ATTR_EVENT_ID in last:
            self._remember(last[ATTR_EVENT_ID], last[ATTR_EVENT_TYPE])
        self.async_on_remove(self.coordinator.async_subscribe_events(self._async_handle_event))

    def _remember(self, event_id: str, outcome: str) -> None:
        self._told.pop(event_id, None)
        self._told[event_id] = outcome
        if len(self._told) > _MEMORY:
            del self._told[next(iter(self._told))]

    @callback
    def _async_handle_event(self, update: EventUpdate) -> None:
        event = update.event
        if event.camera != self.folder or event.assessment is AssessmentState.PENDING:
            return
        outcome = event.risk_level or UNASSESSED
        if self._told.get(str(event.id)) == outcome:
            return
        self._remember(str(event.id), outcome)
        self._trigger_event(
            outcome,
            {
                ATTR_EVENT_ID: str(event.id),
                ATTR_RISK_SCORE: event.risk_score,
                ATTR_FACTORS: factors_json(event),
                ATTR_LABELS: list(event.labels),
                ATTR_SUMMARY: event.summary,
                ATTR_LATE: event.late,
            },
        )
        self.async_write_ha_state()
