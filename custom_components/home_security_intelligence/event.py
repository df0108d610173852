"""Event platform: alerts by level, and what happens to each camera's events, for automations."""

from abc import abstractmethod
from dataclasses import replace
from typing import Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .alert_cooldown import AlertCooldown
from .const import ATTR_EVENT_ID, ATTR_FACTORS, SUBENTRY_CAMERA
from .coordinator import HsiConfigEntry
from .core.domain.models import RiskLevel, SecurityEvent
from .core.domain.updates import EventPhase, EventUpdate
from .entity import HsiCameraEntity
from .fired_events import ALERT, FiredEvents
from .image_urls import async_image_url
from .serializers import factors_json

PARALLEL_UPDATES = 0

ATTR_ASSESSED_BY: Final = "assessed_by"
ATTR_IMAGE_URL: Final = "image_url"
ATTR_INCIDENT_ID: Final = "incident_id"
ATTR_INCIDENT_LEVEL: Final = "incident_level"
ATTR_LABELS: Final = "labels"
ATTR_LAST_SEEN_AT: Final = "last_seen_at"
ATTR_LATE: Final = "late"
ATTR_LEVEL: Final = "level"
ATTR_PHASE: Final = "phase"
ATTR_SCORE: Final = "score"
ATTR_STARTED_AT: Final = "started_at"
ATTR_SUMMARY: Final = "summary"

LEVELS: Final = tuple(RiskLevel)  # in ascending order

# UPDATED fires nothing of its own: an event is updated with each image.
PHASES: Final = (
    EventPhase.DETECTED,
    EventPhase.ESCALATED,
    EventPhase.EXPLAINED,
    EventPhase.CLOSED,
    EventPhase.CORRECTED,
)

ACTIVITY = EventEntityDescription(
    key="activity",
    translation_key="activity",
    event_types=[phase.value for phase in PHASES],
)
ALERTS = EventEntityDescription(
    key="alert",
    translation_key="alert",
    event_types=[level.value for level in LEVELS],
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: HsiConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the event entities of each camera."""
    coordinator = entry.runtime_data
    for camera in entry.get_subentries_of_type(SUBENTRY_CAMERA):
        async_add_entities(
            [
                HsiActivity(coordinator, camera, ACTIVITY),
                HsiAlert(coordinator, camera, ALERTS),
            ],
            config_subentry_id=camera.subentry_id,
        )


class HsiEventEntity(HsiCameraEntity, EventEntity):
    """Fire for the updates of a camera's events that `_async_type_of` chooses.

    Updates that arrive while the entity is unavailable fire afterwards.
    """

    _unrecorded_attributes = frozenset({ATTR_FACTORS, ATTR_IMAGE_URL})

    @override
    async def async_added_to_hass(self) -> None:
        """Subscribe to the events of all cameras."""
        await super().async_added_to_hass()
        self._held: list[EventUpdate] = []
        self.async_on_remove(self.coordinator.async_subscribe_events(self._async_handle_event))

    @property
    def _fired(self) -> FiredEvents:
        return self.coordinator.fired_events

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
        if event.camera != self.folder or event.risk_level is None:
            return
        if not self.available:
            # Home Assistant drops events of an unavailable entity, so automations would miss them.
            self._held.append(replace(update, backfilled=True))
            return
        event_type = self._async_type_of(update, event.risk_level)
        if event_type is None:
            return
        self._trigger_event(
            event_type,
            {
                ATTR_EVENT_ID: str(event.id),
                ATTR_PHASE: update.phase.value,
                ATTR_LEVEL: event.risk_level.value,
                ATTR_SCORE: event.risk_score,
                ATTR_FACTORS: factors_json(event),
                ATTR_LABELS: list(event.labels),
                ATTR_STARTED_AT: event.started_at.isoformat(),
                ATTR_LAST_SEEN_AT: event.last_activity_at.isoformat(),
                ATTR_IMAGE_URL: async_image_url(
                    self.hass, self.coordinator.config_entry, event.best_image_id
                ),
                ATTR_LATE: update.late,
                ATTR_ASSESSED_BY: event.assessor,
                ATTR_SUMMARY: event.summary or event.narrative,
                ATTR_INCIDENT_ID: None if event.incident_id is None else str(event.incident_id),
                ATTR_INCIDENT_LEVEL: event.incident_level,
            },
        )
        self.async_write_ha_state()

    @abstractmethod
    def _async_type_of(self, update: EventUpdate, level: RiskLevel) -> str | None:
        """Return the type to fire, and remember it; None if there is none or it was fired."""


class HsiActivity(HsiEventEntity):
    """Fire once for each thing that happens to an event."""

    @callback
    @override
    def _async_type_of(self, update: EventUpdate, level: RiskLevel) -> str | None:
        phase, event = update.phase, update.event
        if phase not in PHASES:
            return None
        fired = self._fired.async_claim(str(event.id), phase, _distinction(phase, event, level))
        return phase.value if fired else None


class HsiAlert(HsiEventEntity):
    """Fire once when an event first reaches a level, unless the camera's cooldown lasts."""

    @override
    async def async_added_to_hass(self) -> None:
        """Prepare the cooldown."""
        self._cooldown = AlertCooldown(self.coordinator, self.folder)
        await super().async_added_to_hass()

    @callback
    @override
    def _async_type_of(self, update: EventUpdate, level: RiskLevel) -> str | None:
        event = update.event
        highest = event.highest_level or level
        before = self._fired.value(str(event.id), ALERT)
        if before is not None and LEVELS.index(highest) <= LEVELS.index(RiskLevel(before)):
            return None
        self._fired.async_claim(str(event.id), ALERT, highest)
        return highest.value if self._cooldown.async_allows(event, highest) else None


def _distinction(phase: EventPhase, event: SecurityEvent, level: RiskLevel) -> str:
    """Return what makes a phase of an event another one than that fired before."""
    match phase:
        case EventPhase.ESCALATED:
            return level
        case EventPhase.EXPLAINED:
            return "" if event.assessed_at is None else event.assessed_at.isoformat()
        case EventPhase.CORRECTED:
            return f"{level} {event.risk_score} {event.judged_images}"
        case _:
            return ""
