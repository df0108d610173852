"""Questions about a fact sheet that evidence and sentences share."""

from ..domain.context import GROUNDS
from .facts import ELSEWHERE, FactSheet
from .objects import NEAR, ObservedObject

_IN_VIEW = 0.22  # of the image's height


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


def other_cameras(facts: FactSheet) -> frozenset[str]:
    """Return the other cameras that saw a person around the time of the event."""
    return frozenset(
        seen.camera
        for seen in facts.context.elsewhere
        if seen.label == "person"
        and seen.camera != facts.camera
        and facts.started_at - ELSEWHERE <= seen.at <= facts.ended_at + ELSEWHERE
    )
