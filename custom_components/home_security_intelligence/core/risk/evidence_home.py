"""Evidence: the state of the home, and what it reported."""

from ..domain.context import HomeEventKind
from ..domain.zones import ZoneKind
from .case import Case
from .evidence_kinds import Kinds, Reason
from .object_changes import Change

HOME = Kinds()
REPORTS = Kinds()


@HOME.kind("all asleep", 1, 0.3, "residents are asleep, a person is outside or in a garage")
def asleep(case: Case) -> Reason:
    """Find people while everybody sleeps."""
    if not case.asleep or not case.concerned or case.excused:
        return None
    return "The residents are asleep."


@HOME.kind("all asleep, at a door", 1, 0.3, "the same, at an entry point or close to the camera")
def asleep_at_a_door(case: Case) -> Reason:
    """Find people at a door while everybody sleeps."""
    if not case.asleep or not case.at_entry or case.excused or case.at_home_inside:
        return None
    return "A person is at a door while the residents are asleep."


@HOME.kind("home empty", 0, 0.1, "the home is empty, a person on private ground")
def away(case: Case) -> Reason:
    """Find people while the home is empty."""
    if not case.away or not case.concerned or case.excused:
        return None
    return "The home was empty."


@HOME.kind(
    "home empty, private side", 1, 0.5, "the same, behind the house, indoors or on a balcony"
)
def away_private(case: Case) -> Reason:
    """Find people behind or inside an empty home."""
    if not case.away or not case.private or not case.on_grounds or case.excused:
        return None
    return "The home was empty, and visitors do not come here."


@HOME.kind("alarm set", 1, 0.2, "the alarm is set, a person on private ground or at a vehicle")
def armed(case: Case) -> Reason:
    """Find people while the alarm is set."""
    if not case.armed or not case.concerned or case.excused:
        return None
    return "The alarm was set."


@HOME.kind("alarm set, private ground", 1, 0.7, "the same, where no visitor goes")
def armed_private(case: Case) -> Reason:
    """Find people off the way of visitors while the alarm is set."""
    if not case.armed or case.excused or case.inside or not case.off_the_way:
        return None
    return "The alarm was set, and visitors do not come here."


@HOME.kind("alarm set, indoors", 1, 0.8, "the alarm is set, a person indoors or on a balcony")
def armed_inside(case: Case) -> Reason:
    """Find people inside an armed home."""
    if not case.armed or not case.inside or not case.on_grounds or case.excused:
        return None
    return "The alarm was set, and a person is inside."


@HOME.kind("alarm off", -1, -0.6, "the alarm is off, and no resident is known to be asleep")
def disarmed(case: Case) -> Reason:
    """Find an alarm that is off."""
    if case.armed is not False or case.asleep or not case.concerned or _open_case(case):
        return None
    return "The alarm was off."


@HOME.kind("residents home", -1, -0.3, "a resident is home and awake, not at night")
def awake(case: Case) -> Reason:
    """Find residents who are up."""
    if not case.awake or case.night or not case.concerned or _open_case(case):
        return None
    return "Residents were home."


@HOME.kind("residents home, private side", -1, -0.6, "the same, behind the house, indoors, balcony")
def awake_private(case: Case) -> Reason:
    """Find people in the private parts of a home whose residents are up."""
    if (
        not case.awake
        or not case.private
        or case.armed
        or case.night
        or not case.people
        or case.in_need
    ):
        return None
    return "Residents were home, and this part is theirs."


@HOME.kind(
    "residents home at night", 0, -0.2, "a resident is home, not known to be asleep, at night"
)
def awake_at_night(case: Case) -> Reason:
    """Find residents who are up at night."""
    if not case.awake or not case.night or not case.concerned:
        return None
    return "Residents were home."


def _open_case(case: Case) -> bool:
    """Tell whether residents at home do not explain what a person does."""
    if case.excused:
        return False
    restricted = case.dark and any(ZoneKind.RESTRICTED in each.zones for each in case.people)
    taken = case.facts.changed(Change.TAKEN_AWAY) is not None
    return case.in_need or restricted or taken or bool(case.at_vehicle)


# What the home reported.


@REPORTS.kind("resident arrived", -1, -1, "a resident's phone came home up to 12 minutes before")
def arrived(case: Case) -> Reason:
    """Find residents who came home."""
    event = case.excuse(HomeEventKind.ARRIVED)
    if event is None or not case.people:
        return None
    minutes = case.minutes_before(event)
    if minutes < 1:
        return "A resident arrived at that time."
    return f"A resident arrived {minutes} minute(s) before."


@REPORTS.kind("unlocked", -1, -1.5, "a lock was opened by code, key or app, up to 6 minutes before")
def unlocked(case: Case) -> Reason:
    """Find unlocked doors."""
    event = case.excuse(HomeEventKind.UNLOCKED)
    if event is None or not case.people:
        return None
    return "A door was unlocked." if event.near else ("Another door was unlocked.", 0.7)


@REPORTS.kind("opened by remote", -1, -0.7, "a garage door or gate was opened by its remote")
def by_remote(case: Case) -> Reason:
    """Find garage doors opened by remote."""
    event = case.excuse(HomeEventKind.OPENED_BY_REMOTE)
    if event is None or not (case.people or case.vehicles_arrived):
        return None
    return "A garage door or gate was opened by remote."


@REPORTS.kind("doorbell", -1, -0.4, "the doorbell rang")
def doorbell(case: Case) -> Reason:
    """Find people who ring."""
    event = case.heard(HomeEventKind.DOORBELL)
    return "The doorbell rang." if event is not None and case.people else None


@REPORTS.kind("light switched on", -1, -0.5, "a light was switched on by hand")
def light(case: Case) -> Reason:
    """Find lights that a resident switched on."""
    event = case.heard(HomeEventKind.LIGHT_ON)
    return "A light was switched on." if event is not None and case.people else None


@REPORTS.kind("just disarmed", -1, -1, "the alarm was disarmed up to 6 minutes before")
def just_disarmed(case: Case) -> Reason:
    """Find an alarm that was just disarmed."""
    event = case.excuse(HomeEventKind.DISARMED)
    return "The alarm was just disarmed." if event is not None and case.people else None


@REPORTS.kind("just armed", -1, -0.8, "the alarm was set up to 4 minutes before")
def just_armed(case: Case) -> Reason:
    """Find residents who leave."""
    event = case.heard(HomeEventKind.ARMED)
    return "The alarm was just set." if event is not None and case.people else None


@REPORTS.kind("visitor expected", -1, -1, "a visitor is expected within the hour")
def expected(case: Case) -> Reason:
    """Find visitors who were announced."""
    event = case.excuse(HomeEventKind.EXPECTED)
    return "A visitor was expected." if event is not None and case.people else None


@REPORTS.kind("opened from inside", -1, -0.8, "a door was opened while residents are home")
def opened_from_inside(case: Case) -> Reason:
    """Find residents who open a door."""
    if not case.people or not case.opened_from_inside or case.in_need:
        return None
    return "A door was opened while residents are home."


@REPORTS.kind(
    "opened without an unlock", 1, 1, "a door or window was opened, and nothing explains it"
)
def opened(case: Case) -> Reason:
    """Find doors and windows that were opened without an unlock."""
    if case.opened is None or case.excused or not case.people:
        return None
    return "A door or window was opened without an unlock."


@REPORTS.kind("signs of force", 1, 1.5, "broken glass, tampering or a triggered alarm")
def broken(case: Case) -> Reason:
    """Find signs of force."""
    event = case.heard(HomeEventKind.BROKEN)
    return "The home reported signs of force." if event is not None else None


@REPORTS.kind("wrong code", 1, 1.2, "a lock refused a code")
def wrong_code(case: Case) -> Reason:
    """Find refused codes."""
    if case.excused:
        return None
    event = case.heard(HomeEventKind.WRONG_CODE)
    return "A lock refused a code." if event is not None and case.people else None


@REPORTS.kind(
    "nothing explains it", 1, 0.4, "the home reports arrivals and unlocks, and there was none"
)
def unexplained(case: Case) -> Reason:
    """Find people of whom the home should have reported something."""
    reported = case.facts.context.reported
    if not case.concerned or not reported & {HomeEventKind.UNLOCKED, HomeEventKind.ARRIVED}:
        return None
    if case.excused or case.heard(HomeEventKind.DOORBELL) is not None:
        return None
    if not (case.dark or case.away or case.asleep or case.at_vehicle):
        return None
    return "No unlock, arrival or doorbell was reported."
