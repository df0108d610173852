"""The state of the home: whether the alarm is armed, and whether anyone is home."""

from contextlib import suppress
from typing import Any, Final

from homeassistant.components.alarm_control_panel.const import AlarmControlPanelState
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import (
    STATE_HOME,
    STATE_NOT_HOME,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.helpers.event import async_track_state_change_event

from .const import CONF_ALARM, CONF_RESIDENTS, SECTION_HOME
from .core.domain.context import Home, Occupancy
from .core.domain.errors import PipelineStoppedError
from .core.pipeline.pipeline import Pipeline

# A pending alarm counts as armed until it is disarmed.
_ARMED: Final[dict[str, bool]] = {
    AlarmControlPanelState.ARMED_AWAY: True,
    AlarmControlPanelState.ARMED_CUSTOM_BYPASS: True,
    AlarmControlPanelState.ARMED_HOME: True,
    AlarmControlPanelState.ARMED_NIGHT: True,
    AlarmControlPanelState.ARMED_VACATION: True,
    AlarmControlPanelState.PENDING: True,
    AlarmControlPanelState.TRIGGERED: True,
    AlarmControlPanelState.ARMING: False,  # the exit delay is running
    AlarmControlPanelState.DISARMED: False,
    AlarmControlPanelState.DISARMING: False,
}
_PRESENT: Final = {STATE_HOME: True, STATE_ON: True, STATE_NOT_HOME: False, STATE_OFF: False}
_TRACKED: Final = {"device_tracker", "person"}  # their state may be the name of any zone


def current_home(hass: HomeAssistant, entry: ConfigEntry[Any]) -> Home | None:
    """Return the home's state by the configured entities; None if none is configured."""
    alarm, residents = _configured_entities(entry)
    if alarm is None and not residents:
        return None
    state = None if alarm is None else hass.states.get(alarm)
    armed = None if state is None else _ARMED.get(state.state)
    present = [_is_home(hass.states.get(entity_id)) for entity_id in residents]
    return Home(armed=armed, occupancy=_occupancy(present))


@callback
def async_follow_home(hass: HomeAssistant, entry: ConfigEntry[Any], pipeline: Pipeline) -> None:
    """Report the home's state to the pipeline, now and at every change, until the unload."""
    alarm, residents = _configured_entities(entry)
    followed = [*([] if alarm is None else [alarm]), *residents]
    if not followed:
        return

    @callback
    def report(_event: Event[EventStateChangedData] | None = None) -> None:
        # The pipeline stops before these listeners are removed.
        with suppress(PipelineStoppedError):
            if (home := current_home(hass, entry)) is not None:
                pipeline.note_home(home)

    entry.async_on_unload(async_track_state_change_event(hass, followed, report))
    report()


def _configured_entities(entry: ConfigEntry[Any]) -> tuple[str | None, list[str]]:
    section = entry.options.get(SECTION_HOME, {})
    return section.get(CONF_ALARM), section.get(CONF_RESIDENTS, [])


def _is_home(state: State | None) -> bool | None:
    if state is None or state.state in {STATE_UNAVAILABLE, STATE_UNKNOWN}:
        return None
    return _PRESENT.get(state.state, False if state.domain in _TRACKED else None)


def _occupancy(present: list[bool | None]) -> Occupancy | None:
    """Return HOME if anyone is home, AWAY only if everyone is known to be away."""
    if any(present):
        return Occupancy.HOME
    return Occupancy.AWAY if present and None not in present else None
