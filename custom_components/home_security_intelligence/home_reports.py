"""What a change of a home entity's state reports, by the entity's domain and device class."""

from collections.abc import Callable
from datetime import timedelta
import re
from typing import Final

from homeassistant.components.alarm_control_panel.const import AlarmControlPanelState
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.components.cover.const import CoverDeviceClass, CoverState
from homeassistant.components.event.const import EventDeviceClass
from homeassistant.components.lock.const import LockState
from homeassistant.const import (
    ATTR_DEVICE_CLASS,
    STATE_HOME,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import State
from homeassistant.util import dt as dt_util

from .core.domain.context import HomeEventKind

LINKABLE_DOMAINS: Final = [
    "binary_sensor",
    "button",
    "cover",
    "event",
    "input_button",
    "light",
    "lock",
]
_MAX_NAME: Final = 100  # characters
_NEWS: Final = timedelta(seconds=60)  # age up to which a press that is a timestamp counts
_NO_STATE: Final = {STATE_UNAVAILABLE, STATE_UNKNOWN}
_OPENINGS: Final = {
    BinarySensorDeviceClass.DOOR,
    BinarySensorDeviceClass.GARAGE_DOOR,
    BinarySensorDeviceClass.OPENING,
    BinarySensorDeviceClass.WINDOW,
}
_FORCE: Final = {BinarySensorDeviceClass.TAMPER, BinarySensorDeviceClass.VIBRATION}
# Home Assistant has no class for these; a sensor's name tells.
_GLASS: Final = re.compile(r"glas|vitre|cristal|vetro|vidro|szk[lł]", re.IGNORECASE)
_BELL: Final = re.compile(
    r"bell\b|_bell|\bding\b|_ding|klingel|sonnette|timbre|campanell|campainha|deurbel|dzwonek",
    re.IGNORECASE,
)
_DOORS: Final = {CoverDeviceClass.DOOR, CoverDeviceClass.GARAGE, CoverDeviceClass.GATE}
_SHUT: Final = {CoverState.CLOSED, CoverState.CLOSING}
_REFUSED: Final = re.compile(r"denied|invalid|wrong|incorrect|refus|reject|fail", re.IGNORECASE)
_GRANTED: Final = re.compile(r"granted|unlock", re.IGNORECASE)
_UNARMED: Final = {
    AlarmControlPanelState.DISARMED,
    AlarmControlPanelState.ARMING,
    AlarmControlPanelState.DISARMING,
}

type Kind = HomeEventKind | None


def kinds_of(state: State | None) -> frozenset[HomeEventKind]:
    """Return the kinds of events that an entity can report now; none while it is unavailable."""
    if state is None or state.state == STATE_UNAVAILABLE:
        return frozenset()
    # A press that was never made is unknown; another unknown state shows no change.
    if state.state == STATE_UNKNOWN and state.domain not in _PRESSES:
        return frozenset()
    match state.domain:
        case "alarm_control_panel":
            return frozenset({HomeEventKind.ARMED, HomeEventKind.DISARMED, HomeEventKind.BROKEN})
        case "lock":
            return frozenset({HomeEventKind.UNLOCKED})
        case "light":
            return frozenset({HomeEventKind.LIGHT_ON})
        case "cover" if _device_class(state) in _DOORS:
            return frozenset({HomeEventKind.OPENED_BY_REMOTE})
        case "person" | "device_tracker" | "group":
            return frozenset({HomeEventKind.ARRIVED, HomeEventKind.LEFT})
        case "event":
            types = state.attributes.get("event_types", ())
            found = {_event_kind(state, str(each)) for each in types}
        case "binary_sensor":
            found = {_sensor_kind(state)}
        case "button" | "input_button":
            found = {HomeEventKind.DOORBELL}
        case _:
            found = set()
    return frozenset(kind for kind in found if kind is not None)


def kind_of(old: State | None, new: State | None, *, by_person: bool) -> Kind:
    """Return what a change of state reports, None if nothing.

    What follows on an unavailable or unknown state is no change: the entity was restored, or its
    device answers again. `by_person`: no automation caused it.
    """
    if old is None or new is None or new.state in _NO_STATE or old.state == new.state:
        return None
    reader = _PRESSES.get(new.domain)
    if reader is not None:
        return reader(new) if old.state != STATE_UNAVAILABLE and _is_news(new) else None
    if old.state in _NO_STATE:
        return None
    change = _CHANGES.get(new.domain)
    return None if change is None else change(old, new, by_person)


def name_of(state: State) -> str:
    """Return how a report names the entity, and who changed it if it says so."""
    name = state.name
    if changed_by := state.attributes.get("changed_by"):
        name = f"{name} ({changed_by})"
    return plain_name(name)


def plain_name(text: str) -> str:
    """Return a name as it can be stored: of limited length, without control characters."""
    return "".join(char if char.isprintable() else " " for char in text)[:_MAX_NAME].strip()


def _lock(old: State, new: State, by_person: bool) -> Kind:
    opened = {LockState.UNLOCKED, LockState.OPEN}
    was_open = old.state in {*opened, LockState.OPENING}
    return HomeEventKind.UNLOCKED if new.state in opened and not was_open else None


def _cover(old: State, new: State, by_person: bool) -> Kind:
    if _device_class(new) not in _DOORS or old.state not in _SHUT:
        return None
    if new.state == CoverState.OPENING:
        return HomeEventKind.OPENED_BY_REMOTE  # its motor runs: it was told to open
    if new.state != CoverState.OPEN:
        return None
    # Without the way in between only a command through Home Assistant is known.
    commanded = new.context.user_id is not None or not by_person
    return HomeEventKind.OPENED_BY_REMOTE if commanded else HomeEventKind.OPENED


def _light(old: State, new: State, by_person: bool) -> Kind:
    return HomeEventKind.LIGHT_ON if new.state == STATE_ON and by_person else None


def _sensor(old: State, new: State, by_person: bool) -> Kind:
    return _sensor_kind(new) if (old.state, new.state) == (STATE_OFF, STATE_ON) else None


def _resident(old: State, new: State, by_person: bool) -> Kind:
    if {old.state, new.state} & {STATE_ON, STATE_OFF}:
        return None  # a group of switches
    if new.state == STATE_HOME:
        return HomeEventKind.ARRIVED
    return HomeEventKind.LEFT if old.state == STATE_HOME else None


def _alarm(old: State, new: State, by_person: bool) -> Kind:
    if new.state == AlarmControlPanelState.TRIGGERED:
        return HomeEventKind.BROKEN
    if new.state == AlarmControlPanelState.DISARMED:
        was_armed = old.state not in {
            AlarmControlPanelState.DISARMED,
            AlarmControlPanelState.ARMING,
        }
        return HomeEventKind.DISARMED if was_armed else None
    is_armed = new.state.startswith("armed_") and old.state in _UNARMED
    return HomeEventKind.ARMED if is_armed else None


def _event(new: State) -> Kind:
    return _event_kind(new, str(new.attributes.get("event_type", "")))


def _press(new: State) -> Kind:
    return HomeEventKind.DOORBELL


def _event_kind(state: State, event_type: str) -> Kind:
    if _device_class(state) == EventDeviceClass.DOORBELL or _matches(_BELL, state):
        return HomeEventKind.DOORBELL
    if _REFUSED.search(event_type):
        return HomeEventKind.WRONG_CODE
    return HomeEventKind.UNLOCKED if _GRANTED.search(event_type) else None


def _sensor_kind(state: State) -> Kind:
    device_class = _device_class(state)
    if device_class in _OPENINGS:
        return HomeEventKind.OPENED
    if device_class == BinarySensorDeviceClass.LOCK:
        return HomeEventKind.UNLOCKED
    if device_class in _FORCE or _matches(_GLASS, state):
        return HomeEventKind.BROKEN
    return HomeEventKind.DOORBELL if _matches(_BELL, state) else None


def _matches(words: re.Pattern[str], state: State) -> bool:
    return bool(words.search(state.entity_id) or words.search(state.name))


def _device_class(state: State) -> str | None:
    return state.attributes.get(ATTR_DEVICE_CLASS)


def _is_news(state: State) -> bool:
    """Return whether a press is of now: after a restart its entity has the time of the last one."""
    pressed = dt_util.parse_datetime(state.state)
    return pressed is not None and abs(dt_util.utcnow() - dt_util.as_utc(pressed)) <= _NEWS


_PRESSES: Final[dict[str, Callable[[State], Kind]]] = {
    "button": _press,
    "event": _event,
    "input_button": _press,
}
_CHANGES: Final[dict[str, Callable[[State, State, bool], Kind]]] = {
    "alarm_control_panel": _alarm,
    "binary_sensor": _sensor,
    "cover": _cover,
    "device_tracker": _resident,
    "group": _resident,
    "light": _light,
    "lock": _lock,
    "person": _resident,
}
