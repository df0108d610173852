"""Report the home's state and its changes to the pipeline."""

from collections import deque
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import STATE_ON
from homeassistant.core import (
    Context,
    Event,
    EventStateChangedData,
    HomeAssistant,
    State,
    callback,
)
from homeassistant.helpers.event import async_track_state_change_event, async_track_time_interval

from .core.domain.context import HomeEventKind, HomeReport
from .core.domain.errors import PipelineStoppedError
from .core.pipeline.pipeline import Pipeline
from .home_entities import HomeEntities
from .home_reports import kind_of, name_of, plain_name
from .home_state import current_home

_AUTOMATION_TRIGGERED: Final = "automation_triggered"  # of the automation component
# An appointment may be long; an event counts the reports of the half hour before it.
_EXPECTED_EVERY: Final = timedelta(minutes=20)
_MAX_AUTOMATIONS: Final = 200  # latest runs that are remembered


@callback
def async_follow_home(hass: HomeAssistant, entry: ConfigEntry[Any], pipeline: Pipeline) -> None:
    """Report the home's state, now and at every change, and what it reports, until the unload."""
    entities = HomeEntities.of(entry)
    if entities.all:
        _HomeFollower(hass, entry, pipeline, entities).async_start()


class _HomeFollower:
    """Turns changes of states into reports. The pipeline may stop before the listeners are removed."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry[Any],
        pipeline: Pipeline,
        entities: HomeEntities,
    ) -> None:
        self._hass = hass
        self._entry = entry
        self._pipeline = pipeline
        self._entities = entities
        self._reporters = entities.reporters()
        self._automations: deque[str] = deque(maxlen=_MAX_AUTOMATIONS)

    @callback
    def async_start(self) -> None:
        for unsubscribe in (
            async_track_state_change_event(
                self._hass, self._entities.all, self._async_state_changed
            ),
            self._hass.bus.async_listen(_AUTOMATION_TRIGGERED, self._async_automation_ran),
            async_track_time_interval(self._hass, self._async_report_visitors, _EXPECTED_EVERY),
        ):
            self._entry.async_on_unload(unsubscribe)
        self._async_note_home()
        self._async_report_visitors()

    @callback
    def _async_automation_ran(self, event: Event[Any]) -> None:
        self._automations.append(event.context.id)

    @callback
    def _async_state_changed(self, event: Event[EventStateChangedData]) -> None:
        entity_id, new = event.data["entity_id"], event.data["new_state"]
        old = event.data["old_state"]
        self._async_note_home()
        if entity_id in self._entities.visitors and (old is None or old.state != STATE_ON):
            self._async_report_visitor(new)
        if entity_id not in self._reporters:
            return
        kind = kind_of(old, new, by_person=self._is_by_person(event.context))
        if kind is not None and new is not None:
            self._async_report(kind, name_of(new), self._reporters[entity_id])

    def _is_by_person(self, context: Context) -> bool:
        """Return whether a user or a device caused a change, not an automation."""
        if context.user_id is not None:
            return True
        return context.parent_id is None and context.id not in self._automations

    @callback
    def _async_note_home(self) -> None:
        home = current_home(self._hass, self._entry)
        if home is not None:
            with suppress(PipelineStoppedError):
                self._pipeline.note_home(home)

    @callback
    def _async_report_visitors(self, now: datetime | None = None) -> None:
        """Report the visitors who are expected now."""
        for entity_id in self._entities.visitors:
            self._async_report_visitor(self._hass.states.get(entity_id))

    @callback
    def _async_report_visitor(self, state: State | None) -> None:
        if state is not None and state.state == STATE_ON:
            name = plain_name(str(state.attributes.get("message") or state.name))
            self._async_report(HomeEventKind.EXPECTED, name, None)

    @callback
    def _async_report(self, kind: HomeEventKind, name: str, cameras: frozenset[str] | None) -> None:
        with suppress(PipelineStoppedError):
            self._pipeline.note_report(HomeReport(kind=kind, name=name, cameras=cameras))
