"""What the home says of itself: whether the alarm is set, and whether anybody is home."""

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

# Whoever enters in time ends an alarm that is pending; until then it is as good as set.
_ARMED: Final[dict[str, bool]] = {
    AlarmControlPanelState.ARMED_AWAY: True,
    AlarmControlPanelState.ARMED_CUSTOM_BYPASS: True,
    AlarmControlPanelState.ARMED_HOME: True,
    AlarmControlPanelState.ARMED_NIGHT: True,
    AlarmControlPanelState.ARMED_VACATION: True,
    AlarmControlPanelState.PENDING: True,
    AlarmControlPanelState.TRIGGERED: True,
    AlarmControlPanelState.ARMING: False,  # somebody is still leaving
    AlarmControlPanelState.DISARMED: False,
    AlarmControlPanelState.DISARMING: False,
}
_PRESENT: Final = {STATE_HOME: True, STATE_ON: True, STATE_NOT_HOME: False, STATE_OFF: False}
_TRACKED: Final = {"device_tracker", "person"}  # whose state may be any place's name


def home_of(hass: HomeAssistant, entry: ConfigEntry[Any]) -> Home | None:
    """Return what the entities chosen say now; None where none is chosen."""
    alarm, residents = _chosen(entry)
    if alarm is None and not residents:
        return None
    state = None if alarm is None else hass.states.get(alarm)
    armed = None if state is None else _ARMED.get(state.state)
    present = [_is_home(hass.states.get(entity_id)) for entity_id in residents]
    return Home(armed=armed, occupancy=_occupancy(present))


@callback
def async_follow_home(hass: HomeAssistant, entry: ConfigEntry[Any], pipeline: Pipeline) -> None:
    """Tell the pipeline what the home says, now and with every change, until the unload."""
    alarm, residents = _chosen(entry)
    followed = [*([] if alarm is None else [alarm]), *residents]
    if not followed:
        return

    @callback
    def tell(_event: Event[EventStateChangedData] | None = None) -> None:
        # Home Assistant stops it before it unloads what is left of the entry.
        with suppress(PipelineStoppedError):
            if (home := home_of(hass, entry)) is not None:
                pipeline.note_home(home)

    entry.async_on_unload(async_track_state_change_event(hass, followed, tell))
    tell()


def _chosen(entry: ConfigEntry[Any]) -> tuple[str | None, list[str]]:
    chosen = entry.options.get(SECTION_HOME, {})
    return chosen.get(CONF_ALARM), chosen.get(CONF_RESIDENTS, [])


def _is_home(state: State | None) -> bool | None:
    if state is None or state.state in {STATE_UNAVAILABLE, STATE_UNKNOWN}:
        return None
    return _PRESENT.get(state.state, False if state.domain in _TRACKED else None)


def _occupancy(present: list[bool | None]) -> Occupancy | None:
    """One who is home is enough; that nobody is has to be known of everybody."""
    if any(present):
        return Occupancy.HOME
    return Occupancy.AWAY if present and None not in present else None
