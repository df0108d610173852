"""What is known around an event that no image shows; everything may be unknown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

from .placement import Placement
from .zones import Zone, ZoneKind

HOME_EVENTS_AFTER = timedelta(minutes=5)  # after an event's last image; before it: HISTORY
MAX_HOME_EVENTS = 50  # of one event, the latest
WHOLE_HOME = ""  # instead of a camera's folder
# Private ground.
GROUNDS = frozenset({ZoneKind.ENTRY_POINT, ZoneKind.DRIVEWAY, ZoneKind.YARD, ZoneKind.RESTRICTED})


class Occupancy(StrEnum):
    """Whether anybody is home."""

    HOME = "home"
    AWAY = "away"
    ASLEEP = "asleep"  # residents are home and asleep


class AlarmMode(StrEnum):
    """The state of the alarm, in Home Assistant's words."""

    DISARMED = "disarmed"
    ARMED_HOME = "armed_home"
    ARMED_AWAY = "armed_away"
    ARMED_NIGHT = "armed_night"
    ARMED_VACATION = "armed_vacation"
    ARMED_CUSTOM_BYPASS = "armed_custom_bypass"
    TRIGGERED = "triggered"


class HomeEventKind(StrEnum):
    """What the home itself reports, beside its cameras."""

    ARRIVED = "arrived"  # a resident came home: a phone, a person
    LEFT = "left"  # a resident left
    UNLOCKED = "unlocked"  # a door, by code, key, finger or app
    WRONG_CODE = "wrong_code"  # a code, key or finger that was refused
    OPENED = "opened"  # a contact of a door or window
    OPENED_BY_REMOTE = "opened_by_remote"  # a garage door or gate
    DOORBELL = "doorbell"
    LIGHT_ON = "light_on"  # by hand
    ARMED = "armed"
    DISARMED = "disarmed"
    BROKEN = "broken"  # broken glass, tampering, a triggered alarm
    EXPECTED = "expected"  # a visitor by the calendar: cleaner, courier, plumber


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeEvent:
    """Something that the home reported."""

    at: datetime
    kind: HomeEventKind
    name: str = ""  # of the door, the person, the visitor
    near: bool = True  # it belongs to what the camera sees, or to the home as a whole


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeReport:
    """What an entity of the home reports now."""

    kind: HomeEventKind
    name: str = ""
    cameras: frozenset[str] | None = None  # that it belongs to; None: the home as a whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """The home's state; None is unknown.

    `reported` has the kinds of events that its entities can report: those of a camera by its folder,
    those of the home as a whole by "".
    """

    armed: bool | None = None
    alarm: AlarmMode | None = None
    occupancy: Occupancy | None = None
    reported: Mapping[str, frozenset[HomeEventKind]] = field(default_factory=dict)

    def reported_at(self, camera: str) -> frozenset[HomeEventKind]:
        """Return the kinds of events that can be reported of what a camera sees."""
        none: frozenset[HomeEventKind] = frozenset()
        return self.reported.get(WHOLE_HOME, none) | self.reported.get(camera, none)


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """A detection of another camera around the same time."""

    camera: str
    at: datetime
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The context of an event; None and a label missing from `usual` mean unknown."""

    time_zone: tzinfo
    placement: Placement | None = None
    zones: tuple[Zone, ...] = ()
    armed: bool | None = None
    alarm: AlarmMode | None = None  # more exact than `armed`
    occupancy: Occupancy | None = None
    home_events: tuple[HomeEvent, ...] = ()  # by time
    reported: frozenset[HomeEventKind] = frozenset()  # kinds that this home can report
    usual: Mapping[str, float] = field(default_factory=dict)  # expected events an hour, by label
    elsewhere: tuple[Elsewhere, ...] = ()
