"""Event platform: the assessed events of each camera, for automations."""

from dataclasses import replace
from typing import Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import ATTR_FACTORS, SUBENTRY_CAMERA
from .coordinator import HsiConfigEntry
from .core.domain.models import AssessmentState, RiskLevel
from .core.domain.updates import EventPhase, EventUpdate
from .entity import HsiCameraEntity
from .serializers import factors_json

PARALLEL_UPDATES = 0

ATTR_EVENT_ID: Final = "event_id"
ATTR_LABELS: Final = "labels"
ATTR_LATE: Final = "late"
ATTR_RISK_SCORE: Final = "risk_score"
ATTR_SUMMARY: Final = "summary"

UNASSESSED: Final = AssessmentState.UNASSESSED.value

# Phases that fire; all others only update the state of sensors.
_FIRING_PHASES: Final = frozenset({EventPhase.EXPLAINED, EventPhase.UPDATED})

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
    """Add one event entity per camera."""
    for camera in entry.get_subentries_of_type(SUBENTRY_CAMERA):
        async_add_entities(
            [HsiActivity(entry.runtime_data, camera, ACTIVITY)],
            config_subentry_id=camera.subentry_id,
        )


class HsiActivity(HsiCameraEntity, EventEntity):
    """Fire when an event is assessed or given up as unassessed; again only if its level changes.

    An outcome that came while Home Assistant was down or the entity was unavailable fires as
    late.
    """

    _unrecorded_attributes = frozenset({ATTR_FACTORS})

    @override
    async def async_added_to_hass(self) -> None:
        """Subscribe to the events of all cameras."""
        await super().async_added_to_hass()
        self._held: list[EventUpdate] = []
        self.async_on_remove(self.coordinator.async_subscribe_events(self._async_handle_event))

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        super()._handle_coordinator_update()
        if self.available:
            held, self._held = self._held, []
            for update in held:
                self._async_handle_event(update)

    @callback
    def _async_handle_event(self, update: EventUpdate) -> None:
        event = update.event
        if event.camera != self.folder or update.phase not in _FIRING_PHASES:
            return
        if (
            update.phase is EventPhase.UPDATED
            and event.assessment is not AssessmentState.UNASSESSED
        ):
            return
        if not self.available:
            # Home Assistant drops events of an unavailable entity, so automations would miss them.
            self._held.append(replace(update, missed=True))
            return
        outcome = event.risk_level or UNASSESSED
        fired = self.coordinator.fired_events
        if fired.contains(self.folder, str(event.id), outcome):
            return
        fired.add(self.folder, str(event.id), outcome)
        self._trigger_event(
            outcome,
            {
                ATTR_EVENT_ID: str(event.id),
                ATTR_RISK_SCORE: event.risk_score,
                ATTR_FACTORS: factors_json(event),
                ATTR_LABELS: list(event.labels),
                ATTR_SUMMARY: event.summary,
                ATTR_LATE: event.late or update.missed,
            },
        )
        self.async_write_ha_state()
