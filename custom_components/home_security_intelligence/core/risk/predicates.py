"""Questions about a fact sheet that several rules share."""

from ..domain.context import GROUNDS
from ..domain.movement import Movement
from ..domain.part_of_day import PartOfDay
from ..domain.zones import ZoneKind
from .facts import ELSEWHERE, FactSheet
from .object_changes import RIDDEN, Change, ObjectChange
from .objects import NEAR, ObservedObject

_IN_VIEW = 0.22  # of the image's height
_BUSY_SECONDS = 45.0
_BUSY_VISITS = 3
_LONGER_THAN_THE_WAY = 15.0  # seconds in the yard


def confirmed_people(facts: FactSheet) -> tuple[ObservedObject, ...]:
    """Return the people seen in several images, or in one with high confidence."""
    return tuple(each for each in facts.people if each.confirmed)


def people_on_grounds(facts: FactSheet) -> tuple[ObservedObject, ...]:
    """Return the people on private ground; without zones, those close to the camera."""
    return tuple(each for each in confirmed_people(facts) if is_on_grounds(facts, each))


def is_on_grounds(facts: FactSheet, person: ObservedObject) -> bool:
    """Tell whether a person was on private ground."""
    if facts.zones_known:
        return bool(person.zones & GROUNDS)
    return person.tallest >= NEAR


def in_view(facts: FactSheet) -> bool:
    """Tell whether a person is at medium distance; used without zones."""
    return any(each.tallest >= _IN_VIEW for each in confirmed_people(facts))


def anyone_in(facts: FactSheet, kind: ZoneKind) -> bool:
    """Tell whether a confirmed person was in a zone of a kind."""
    return any(kind in each.zones for each in confirmed_people(facts))


def other_cameras(facts: FactSheet) -> frozenset[str]:
    """Return the other cameras that saw a person around the time of the event."""
    return frozenset(
        seen.camera
        for seen in facts.context.elsewhere
        if seen.label == "person"
        and seen.camera != facts.camera
        and facts.started_at - ELSEWHERE <= seen.at <= facts.ended_at + ELSEWHERE
    )


def in_the_dark(facts: FactSheet) -> bool:
    """Tell whether it was early morning, late evening or night."""
    return facts.part_of_day is not PartOfDay.DAY


def at_night(facts: FactSheet) -> bool:
    """Tell whether it was at night."""
    return facts.part_of_day is PartOfDay.NIGHT


def stolen_object(facts: FactSheet) -> ObjectChange | None:
    """Return the first object that was taken, most likely not by a resident."""
    for thing in facts.object_changes:
        if thing.change is Change.BROUGHT:
            continue
        # Residents take in their parcels and ride their bicycles.
        if not facts.residents_likely or (
            thing.change is Change.TAKEN_AWAY and thing.label not in RIDDEN
        ):
            return thing
    return None


def residents_explain(facts: FactSheet) -> bool:
    """Tell whether residents likely explain the scene, and nothing contradicts that."""
    return facts.residents_likely and stolen_object(facts) is None and not busy_at_night(facts)


def busy_at_night(facts: FactSheet) -> bool:
    """Tell whether a person who did not come from a door is long or often at one at night."""
    return at_night(facts) and any(
        not each.came_out
        and (
            close_seconds(each, zones_known=facts.zones_known) >= _BUSY_SECONDS
            or each.visits(ZoneKind.ENTRY_POINT) >= _BUSY_VISITS
        )
        for each in confirmed_people(facts)
    )


def is_unusual_time(facts: FactSheet) -> bool:
    """Tell whether a person is unexpected: outside daytime or while the home is empty."""
    return not residents_explain(facts) and (in_the_dark(facts) or facts.nobody_home)


def close_seconds(person: ObservedObject, *, zones_known: bool) -> float:
    """Return how long a person was at an entry point, in a restricted zone or close by."""
    if zones_known:
        return person.stay(ZoneKind.ENTRY_POINT, ZoneKind.RESTRICTED)
    return person.near_seconds


def is_off_the_way(facts: FactSheet) -> bool:
    """Tell whether a person is away from the path to a door."""
    if anyone_in(facts, ZoneKind.RESTRICTED):
        return True
    return any(
        ZoneKind.YARD in each.zones
        and (
            ZoneKind.ENTRY_POINT not in each.zones
            or each.stay(ZoneKind.YARD) >= _LONGER_THAN_THE_WAY
        )
        for each in confirmed_people(facts)
    )


def lingers_in_view(facts: FactSheet) -> bool:
    """Tell whether, without zones, a person at medium distance does not just pass."""
    return not facts.zones_known and any(
        each.tallest >= _IN_VIEW and each.movement is not Movement.PASSING
        for each in confirmed_people(facts)
    )
