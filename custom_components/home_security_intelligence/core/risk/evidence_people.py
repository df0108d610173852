"""Evidence: how people behave, how many they are, and how long they stay."""

from ..domain.context import HomeEventKind
from ..domain.movement import Movement
from ..domain.placement import Placement
from ..domain.zones import ZoneKind
from .case import Case
from .evidence_kinds import Kinds, Reason, ramp
from .object_changes import Change
from .objects import NEAR
from .predicates import is_on_grounds

PEOPLE = Kinds()
_BACK = (ZoneKind.WINDOW, ZoneKind.OTHER_DOOR)
_SHORT = 20.0  # seconds at the front door
_UNSURE = 0.62  # confidence
_RUNS = 1.6  # body heights a second


@PEOPLE.kind(
    "stays at the door", 1, 0.3, "15 s at a front door, or without zones close to the camera"
)
def stays(case: Case) -> Reason:
    """Find people who stay at the front door."""
    if case.facts.zones_known:
        seconds = case.entries.get(ZoneKind.ENTRY_POINT, 0.0)
    else:
        seconds = max((each.near_seconds for each in case.people), default=0.0)
    strength = ramp(seconds, 15, 75)
    return (f"A person stayed close for {seconds:.0f} seconds.", strength) if strength else None


@PEOPLE.kind("stays at the door in the dark", 1, 0.5, "the same, 21:00-6:30")
def stays_in_the_dark(case: Case) -> Reason:
    """Find people who stay at the front door in the dark."""
    if not case.dark or case.excused or case.fixed or case.at_home_inside:
        return None
    return stays(case)


@PEOPLE.kind("stays at a back way", 1, 0.8, "5 s at a window or another door")
def stays_at_the_back(case: Case) -> Reason:
    """Find people who stay at windows and back doors."""
    seconds = max((case.entries.get(kind, 0.0) for kind in _BACK), default=0.0)
    strength = ramp(seconds, 5, 45)
    if not strength or case.excused:
        return None
    return f"A person stayed at a window or back door for {seconds:.0f} seconds.", strength


@PEOPLE.kind("stays at a gate", 0, 0, "10 s at a gate")
def stays_at_a_gate(case: Case) -> Reason:
    """Find people who stay at a gate."""
    seconds = case.entries.get(ZoneKind.GATE, 0.0)
    strength = ramp(seconds, 10, 60)
    return (f"A person stayed at a gate for {seconds:.0f} seconds.", strength) if strength else None


@PEOPLE.kind(
    "long on the grounds", 1, 0.6, "20 s in the yard, driveway or a restricted zone, in the dark"
)
def long_on_grounds(case: Case) -> Reason:
    """Find people who stay on the grounds in the dark."""
    if not case.dark or case.excused or case.fixed:
        return None
    seconds = _on_grounds_seconds(case)
    strength = ramp(seconds, 20, 90)
    return (f"A person was on the grounds for {seconds:.0f} s.", strength) if strength else None


@PEOPLE.kind("long on deserted grounds", 1, 0.5, "30 s on the grounds while the home is empty")
def long_deserted(case: Case) -> Reason:
    """Find people who stay while the home is empty."""
    if not case.away or case.excused or case.fixed:
        return None
    seconds = _on_grounds_seconds(case)
    strength = ramp(seconds, 30, 120)
    if not strength:
        return None
    return f"A person was there for {seconds:.0f} seconds while the home was empty.", strength


@PEOPLE.kind("several entry points", 1, 0.7, "a person is at two kinds of entry points or more")
def several_entries(case: Case) -> Reason:
    """Find people who try one way in after another."""
    if case.excused:
        return None
    for each in case.people:
        kinds = set(each.conduct.entries) if each.conduct is not None else set()
        if ZoneKind.RESTRICTED in each.zones:
            kinds.add(ZoneKind.RESTRICTED)
        if len(kinds) >= 2 and kinds != {ZoneKind.ENTRY_POINT, ZoneKind.GATE}:
            return f"A person was at {len(kinds)} different ways in."
    return None


@PEOPLE.kind("returns", 1, 0.4, "a person comes to an entry point again, not out of it")
def returns(case: Case) -> Reason:
    """Find people who come back to a door."""
    visits = max(
        (each.visits(ZoneKind.ENTRY_POINT) for each in case.people if not each.came_out), default=0
    )
    if visits < 2 or case.excused:
        return None
    return f"A person came to a door {visits} times.", 0.6 if visits == 2 else 1.0


@PEOPLE.kind("was here before", 1, 0.1, "a person was on private ground in the half hour before")
def came_back(case: Case) -> Reason:
    """Find people who keep coming back."""
    if not case.people:
        return None
    before = [
        each
        for each in case.facts.objects
        if each.earlier
        and each.label == "person"
        and each.confirmed
        and (case.private or is_on_grounds(case.facts, each))
    ]
    return "A person was here in the half hour before." if before else None


@PEOPLE.kind("passed before, night", 1, 0.3, "a person passed in the half hour before, in the dark")
def passed_before(case: Case) -> Reason:
    """Find people who keep passing at night."""
    if not case.people or not case.dark:
        return None
    before = [
        each
        for each in case.facts.objects
        if each.earlier
        and each.label == "person"
        and each.confirmed
        and not is_on_grounds(case.facts, each)
    ]
    return "A person passed in the half hour before." if before else None


@PEOPLE.kind("low at a door", 1, 0.5, "a person bends, kneels or crouches at an entry point")
def low_at_entry(case: Case) -> Reason:
    """Find people who crouch at a door or window."""
    seconds = max((each.low_at_entry for each in case.conducts), default=0.0)
    strength = ramp(seconds, 2, 30)
    return (
        (f"A person was low at a door for {seconds:.0f} seconds.", strength) if strength else None
    )


@PEOPLE.kind("stays low", 0, 0.2, "a person bends, kneels or crouches")
def low(case: Case) -> Reason:
    """Find people who crouch."""
    seconds = max((each.low - each.lying for each in case.conducts), default=0.0)
    strength = ramp(seconds, 4, 40)
    return (f"A person stayed low for {seconds:.0f} seconds.", strength) if strength else None


@PEOPLE.kind("stays low in the dark", 1, 0.5, "the same on private ground, 21:00-6:30")
def low_in_the_dark(case: Case) -> Reason:
    """Find people who crouch in the dark."""
    return low(case) if case.dark and case.concerned and not case.excused else None


@PEOPLE.kind("lies on the ground", 1, 2.0, "a person lies for 15 s, and no other person is there")
def lies(case: Case) -> Reason:
    """Find people who have fallen."""
    seconds = case.lying
    strength = ramp(seconds, 15, 60)
    return (f"A person has lain for {seconds:.0f} seconds.", strength) if strength else None


@PEOPLE.kind("runs", 1, 0.3, "a person on private ground runs")
def runs(case: Case) -> Reason:
    """Find people who run."""
    people = [each for each in case.on_grounds if each.conduct is not None]
    fastest = max((each.conduct.fastest for each in people if each.conduct), default=0.0)
    return "A person runs." if fastest >= _RUNS and case.concerned else None


@PEOPLE.kind("lingers on the pavement", 1, 0.6, "45 s on the pavement at night")
def loiters(case: Case) -> Reason:
    """Find people who linger in front of the house at night."""
    if not case.night or case.concerned:
        return None
    seconds = max((each.stay(ZoneKind.SIDEWALK) for each in case.people), default=0.0)
    strength = ramp(seconds, 45, 150)
    if not strength:
        return None
    return f"A person lingered on the pavement for {seconds:.0f} seconds.", strength


@PEOPLE.kind("two people", 0, 0.1, "two people at once on private ground")
def two(case: Case) -> Reason:
    """Find two people at once."""
    return "There were 2 people at once." if case.count == 2 else None


@PEOPLE.kind("several people", 0, 0, "three people or more at once on private ground")
def several(case: Case) -> Reason:
    """Find groups."""
    return f"There were {case.count} people at once." if case.count > 2 else None


@PEOPLE.kind("group at night", 1, 0.5, "two people or more on private ground, 23:00-5:00 or asleep")
def group_at_night(case: Case) -> Reason:
    """Find groups at night."""
    if case.count < 2 or not (case.night or case.asleep) or case.excused:
        return None
    return f"There were {case.count} people at once at night."


@PEOPLE.kind("around the house", 0, 0, "another camera saw a person within five minutes")
def around(case: Case) -> Reason:
    """Find people whom other cameras saw."""
    if not case.concerned or not case.cameras:
        return None
    return f"{case.cameras} other camera(s) saw a person around that time."


@PEOPLE.kind(
    "around the house in the dark", 1, 0.4, "the same in the dark or while the home is empty"
)
def around_in_the_dark(case: Case) -> Reason:
    """Find people who circle the house."""
    if not case.concerned or not case.cameras or not (case.dark or case.away):
        return None
    reason = f"{case.cameras} other camera(s) saw a person, in the dark or an empty home."
    return reason, min(1.0, 0.5 * case.cameras)


@PEOPLE.kind(
    "short visit", -1, -0.5, "by day, at the front door or gate once and for less than 20 s"
)
def short_visit(case: Case) -> Reason:
    """Find visitors and couriers."""
    if case.dark or not case.facts.zones_known or not case.on_grounds or case.in_need:
        return None
    kinds = case.entries.keys()
    if case.facts.changed(Change.TAKEN_AWAY) is not None:
        return None
    if not kinds or kinds & set(_BACK) or any(ZoneKind.RESTRICTED in p.zones for p in case.people):
        return None
    if max(case.entries.values()) >= _SHORT or any(
        each.visits(ZoneKind.ENTRY_POINT) > 1 for each in case.people
    ):
        return None
    return "A short visit at the front."


@PEOPLE.kind("came from the door", -1, -0.7, "everybody on private ground came out of a door")
def from_inside(case: Case) -> Reason:
    """Find people who came out of the house."""
    return "The person came from a door." if case.came_out else None


@PEOPLE.kind("one came from the door", -1, -0.4, "one of several people came out of a door")
def one_from_inside(case: Case) -> Reason:
    """Find residents who meet others."""
    if case.came_out or len(case.on_grounds) < 2 or case.away or case.inside:
        return None
    if not any(each.came_out for each in case.on_grounds):
        return None
    return "One of the people came from a door."


@PEOPLE.kind("passes by", -1, -0.4, "everybody crosses the image and keeps off private ground")
def passes(case: Case) -> Reason:
    """Find passers-by."""
    if not case.people or case.concerned:
        return None
    if any(each.movement is not Movement.PASSING for each in case.people):
        return None
    return "The person passes by."


@PEOPLE.kind("with an animal", -1, -0.4, "a dog is there with the person")
def with_animal(case: Case) -> Reason:
    """Find people who walk a dog."""
    if not case.people or not any(each.label == "dog" for each in case.facts.present):
        return None
    return "A dog was there with a person."


@PEOPLE.kind("alone at the water", 1, 0.6, "a single person at a pool by day or evening")
def alone_at_water(case: Case) -> Reason:
    """Find people alone at a pool."""
    if case.placement is not Placement.POOL or case.facts.max_people != 1:
        return None
    longest = max(each.dwell for each in case.people) if case.people else 0.0
    strength = ramp(longest, 6, 15)
    return ("A person is alone at the water.", strength) if strength else None


@PEOPLE.kind("small figure alone", 1, 1.2, "the only person is small for its place, as a child is")
def small_alone(case: Case) -> Reason:
    """Find children who are alone."""
    if not case.small_alone:
        return None
    longest = max(each.dwell for each in case.people) if case.people else 0.0
    strength = ramp(longest, 5, 15)
    return ("The only person is small for its place.", strength) if strength else None


@PEOPLE.kind("stands in view", 0, 0.2, "a person stands about for 10 s, by day")
def stands(case: Case) -> Reason:
    """Find people who stand about by day."""
    if case.dark or case.excused or case.fixed:
        return None
    seconds = max((each.slow for each in case.conducts), default=0.0)
    strength = ramp(seconds, 10, 60)
    return (f"A person stood there for {seconds:.0f} seconds.", strength) if strength else None


@PEOPLE.kind("stands in view in the dark", 1, 0.4, "a person stands about for 10 s, 21:00-6:30")
def stands_in_the_dark(case: Case) -> Reason:
    """Find people who stand about in the dark."""
    if not case.dark or case.excused or case.fixed or case.at_home_inside:
        return None
    seconds = max((each.slow for each in case.conducts), default=0.0)
    strength = ramp(seconds, 10, 60)
    return (f"A person stood there for {seconds:.0f} seconds.", strength) if strength else None


@PEOPLE.kind(
    "rang, then went round", 1, 0.8, "after the doorbell, at another way in, or away from the door"
)
def went_round(case: Case) -> Reason:
    """Find callers who ring and then look for another way in."""
    if case.excused or case.heard(HomeEventKind.DOORBELL) is None:
        return None
    others = {ZoneKind.WINDOW, ZoneKind.OTHER_DOOR} & case.entries.keys()
    restricted = any(ZoneKind.RESTRICTED in each.zones for each in case.people)
    if not others and not restricted and not (case.away and case.private):
        return None
    return "The doorbell rang, and a person went round the house."


@PEOPLE.kind(
    "does not move", -1, -1.3, "an unsure person has not moved since the first sight, for 8 s"
)
def does_not_move(case: Case) -> Reason:
    """Find objects taken for people."""
    if not case.fixed or case.in_need:
        return None
    seconds = min(each.dwell for each in case.people)
    strength = ramp(seconds, 8, 45)
    return (f"No person has moved for {seconds:.0f} seconds.", strength) if strength else None


@PEOPLE.kind("low confidence", -1, -0.3, "no person was seen with a confidence of 0.62 or more")
def unsure(case: Case) -> Reason:
    """Find people of whom the detector is not sure."""
    if not case.people or max(each.confidence for each in case.people) >= _UNSURE:
        return None
    return "The detector was not sure of a person."


def _on_grounds_seconds(case: Case) -> float:
    if case.facts.zones_known:
        seconds = (
            max(each.grounds_seconds, each.dwell if case.private else 0.0)
            for each in case.on_grounds
        )
    else:
        seconds = (
            each.dwell if case.private or each.tallest >= NEAR else 0.0 for each in case.on_grounds
        )
    return max(seconds, default=0.0)
