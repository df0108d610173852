"""Evidence: the hour, and how usual a sighting is at it."""

from math import log2

from ..domain.part_of_day import PartOfDay
from ..domain.zones import ZoneKind
from .case import Case
from .evidence_kinds import Kinds, Reason, ramp

TIMES = Kinds()
_RARE = 0.15  # an hour
_COMMON = 0.25  # an hour
_BACK = frozenset({ZoneKind.WINDOW, ZoneKind.OTHER_DOOR})


def _clock(case: Case) -> str:
    return f"{case.facts.started_at:%H:%M}"


@TIMES.kind("night", 1, 0.5, "23:00-5:00, a person on private ground or at a parked vehicle")
def night(case: Case) -> Reason:
    """Find people at night."""
    if not case.concerned or not case.night or case.excused:
        return None
    return f"It was {_clock(case)}: night."


@TIMES.kind("small hours", 1, 0.3, "1:00-4:30, a person on private ground or at a parked vehicle")
def small_hours(case: Case) -> Reason:
    """Find people in the small hours."""
    hour = case.facts.started_at.hour + case.facts.started_at.minute / 60
    if not case.concerned or case.excused or not 1 <= hour < 4.5:
        return None
    return f"It was {_clock(case)}."


@TIMES.kind(
    "night, private ground", 1, 0.7, "23:00-5:00, behind the house, indoors, in a restricted zone"
)
def night_private(case: Case) -> Reason:
    """Find people at night where no visitor goes."""
    if not case.night or case.excused or not case.off_the_way:
        return None
    return "A person is on private ground at night."


@TIMES.kind(
    "night, at the front door", 1, 0.3, "23:00-5:00, at the front door or close to the camera"
)
def night_at_the_door(case: Case) -> Reason:
    """Find people at the front door at night."""
    front = ZoneKind.ENTRY_POINT in case.entries or (case.at_entry and not case.entries)
    if not case.night or case.excused or case.at_home_inside or not front:
        return None
    return "A person is at the front door at night."


@TIMES.kind(
    "private ground by day", 0, 0.3, "by day, behind the house, no resident known to be home"
)
def day_private(case: Case) -> Reason:
    """Find people by day where no visitor goes."""
    if case.dark or case.excused or case.awake or not case.private or not case.on_grounds:
        return None
    return "A person is where visitors do not go."


@TIMES.kind("early morning", 0, 0.1, "5:00-6:30, a person on private ground or at a parked vehicle")
def early(case: Case) -> Reason:
    """Find people early in the morning."""
    if not case.concerned or case.facts.part_of_day is not PartOfDay.EARLY:
        return None
    return f"It was {_clock(case)}: early morning."


@TIMES.kind(
    "late evening", 0, 0.1, "21:00-23:00, a person on private ground or at a parked vehicle"
)
def late(case: Case) -> Reason:
    """Find people late in the evening."""
    if not case.concerned or case.facts.part_of_day is not PartOfDay.LATE:
        return None
    return f"It was {_clock(case)}: late evening."


@TIMES.kind("passer-by at night", 0, 0, "23:00-5:00, a person off the grounds")
def passer(case: Case) -> Reason:
    """Find people off the grounds at night."""
    if not case.people or case.concerned or not case.night:
        return None
    return "It is night; the person is off the grounds."


@TIMES.kind("night, at a back way", 1, 0.6, "23:00-5:00, a person at a window or another door")
def night_at_the_back(case: Case) -> Reason:
    """Find people at windows and back doors at night."""
    if not case.night or case.excused or not case.entries.keys() & _BACK:
        return None
    return "A person is at a window or a back door at night."


@TIMES.kind("vehicle at night", 1, 0.4, "23:00-5:00, a vehicle drove in")
def vehicle_at_night(case: Case) -> Reason:
    """Find vehicles that come at night."""
    return "A vehicle came at night." if case.night and case.vehicles_arrived else None


@TIMES.kind("unusual at this hour", 1, 0.6, "less than one in seven hours like this sees one")
def unusual(case: Case) -> Reason:
    """Find what is rare at this hour."""
    rate = _rate(case)
    if rate is None or rate >= _RARE:
        return None
    return f"A {_label(case)} is rare here at this hour.", 1.0 if rate < 0.06 else 0.6


@TIMES.kind("usual at this hour", -1, -1, "at least one in four hours like this sees one")
def usual(case: Case) -> Reason:
    """Find what is usual at this hour."""
    rate = _rate(case)
    if rate is None or rate < _COMMON or (case.armed and case.away and case.inside):
        return None
    return f"A {_label(case)} is usual here at this hour.", ramp(log2(rate), -2, 1)


@TIMES.kind("usual at this early or late hour", -1, -0.8, "the same, outside daytime")
def usual_in_the_dark(case: Case) -> Reason:
    """Find routines of early and late hours."""
    rate = _rate(case)
    if rate is None or rate < _COMMON or not case.dark:
        return None
    return f"A {_label(case)} is usual at {_clock(case)}.", ramp(log2(rate), -2, 0)


def _label(case: Case) -> str:
    if case.people:
        return "person"
    return case.vehicles_arrived[0].label if case.vehicles_arrived else "person"


def _rate(case: Case) -> float | None:
    if not case.people and not case.vehicles_arrived:
        return None
    return case.facts.usual(_label(case))
