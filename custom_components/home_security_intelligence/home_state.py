"""The state of the home: its alarm, its residents, and what it can report."""

from collections.abc import Iterable
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
from homeassistant.core import HomeAssistant, State

from .core.domain.context import WHOLE_HOME, AlarmMode, Home, HomeEventKind, Occupancy
from .home_entities import HomeEntities
from .home_reports import kinds_of

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
# What a mode or a sensor of sleep says while residents sleep.
_ASLEEP: Final = {
    STATE_ON,
    *("night", "sleep", "asleep", "sleeping", "bed", "bedtime", "in_bed"),
    *("nacht", "schlafen", "schlaf", "nachtruhe", "nuit", "sommeil", "dodo", "noche", "dormir"),
    *("durmiendo", "notte", "sonno", "noite", "dormindo", "slapen", "noc", "sen", "natt", "nat"),
}


def current_home(hass: HomeAssistant, entry: ConfigEntry[Any]) -> Home | None:
    """Return the home's state by the configured entities; None if none is configured."""
    entities = HomeEntities.of(entry)
    if not entities.all:
        return None
    state = None if entities.alarm is None else hass.states.get(entities.alarm)
    armed = None if state is None else _ARMED.get(state.state)
    return Home(
        armed=armed,
        alarm=None if state is None else _alarm_mode(state, armed),
        occupancy=_occupancy(
            [_is_home(hass.states.get(entity_id)) for entity_id in entities.residents],
            is_asleep=any(_is_asleep(hass.states.get(each)) for each in entities.asleep),
        ),
        reported=_reported(hass, entities),
    )


def _alarm_mode(state: State, armed: bool | None) -> AlarmMode | None:
    """Return the alarm's mode; a pending alarm has the mode in which it was armed, if it says so."""
    mode = state.state
    if mode == AlarmControlPanelState.PENDING:
        mode = str(state.attributes.get("previous_state"))
    elif armed is False:
        mode = AlarmMode.DISARMED
    return AlarmMode(mode) if mode in AlarmMode else None


def _is_home(state: State | None) -> bool | None:
    if state is None or state.state in {STATE_UNAVAILABLE, STATE_UNKNOWN}:
        return None
    return _PRESENT.get(state.state, False if state.domain in _TRACKED else None)


def _is_asleep(state: State | None) -> bool:
    return state is not None and state.state.strip().lower().replace(" ", "_") in _ASLEEP


def _occupancy(present: list[bool | None], *, is_asleep: bool) -> Occupancy | None:
    """Return HOME or ASLEEP if anyone is home, AWAY only if everyone is known to be away."""
    if any(present):
        return Occupancy.ASLEEP if is_asleep else Occupancy.HOME
    if present and None not in present:
        return Occupancy.AWAY
    return Occupancy.ASLEEP if is_asleep else None


def _reported(hass: HomeAssistant, entities: HomeEntities) -> dict[str, frozenset[HomeEventKind]]:
    """Return the kinds of events that available entities report, by camera."""
    found: dict[str, frozenset[HomeEventKind]] = {}
    for entity_id, cameras in entities.reporters().items():
        kinds = kinds_of(hass.states.get(entity_id))
        places: Iterable[str] = [WHOLE_HOME] if cameras is None else cameras
        for place in places:
            found[place] = found.get(place, frozenset()) | kinds
    if any(hass.states.get(entity_id) is not None for entity_id in entities.visitors):
        found[WHOLE_HOME] = found.get(WHOLE_HOME, frozenset()) | {HomeEventKind.EXPECTED}
    return {place: kinds for place, kinds in found.items() if kinds}
