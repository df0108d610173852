"""Evidence: things that were brought or taken."""

from .case import Case
from .evidence_kinds import Kinds, Reason
from .object_changes import RIDDEN, Change, ObjectChange

THINGS = Kinds()


def _taken(case: Case) -> ObjectChange | None:
    return next(
        (each for each in case.facts.object_changes if each.change is not Change.BROUGHT), None
    )


def _resident_took(case: Case) -> bool:
    return any(each.came_out for each in case.people)


@THINGS.kind("taken away", 1, 2.0, "a thing is missing after a person was at it and walked off")
def taken(case: Case) -> Reason:
    """Find things that were carried off."""
    thing = case.facts.changed(Change.TAKEN_AWAY)
    if thing is None or _resident_took(case):
        return None
    return f"A {thing.label} is missing after a person was at it."


@THINGS.kind("bicycle or motorcycle taken", 1, 0.3, "the same of a bicycle or motorcycle")
def ridden(case: Case) -> Reason:
    """Find bicycles that were taken."""
    thing = case.facts.changed(Change.TAKEN_AWAY)
    if thing is None or thing.label not in RIDDEN or _resident_took(case):
        return None
    return f"A {thing.label} was taken."


@THINGS.kind("gone", 0, 0.2, "a thing is missing; the person was last seen at it")
def gone(case: Case) -> Reason:
    """Find things that were taken in."""
    thing = _taken(case)
    if thing is None or thing.change is not Change.TAKEN_IN or _resident_took(case):
        return None
    return f"A {thing.label} is gone."


@THINGS.kind(
    "taken in by a resident", -1, -0.8, "a thing is missing; the person came from the door"
)
def taken_in(case: Case) -> Reason:
    """Find parcels that residents take in."""
    thing = _taken(case)
    if thing is None or not _resident_took(case):
        return None
    return f"A person from the house took a {thing.label}."


@THINGS.kind("brought something", -1, -0.6, "a person left a thing")
def brought(case: Case) -> Reason:
    """Find things that were put down."""
    thing = next(
        (
            each
            for each in case.facts.object_changes
            if each.change is Change.BROUGHT and each.label not in _WORN
        ),
        None,
    )
    if thing is None or _taken(case) is not None:
        return None
    return f"A {thing.label} was left by a person."


@THINGS.kind("carries something", 0, -0.1, "a parcel or bag is seen with a person")
def carries(case: Case) -> Reason:
    """Find people with parcels and bags."""
    found = [each for each in case.facts.present if each.label in _CARRIED and each.images > 1]
    return f"A {found[0].label} is there with a person." if found and case.people else None


_WORN = frozenset({"backpack", "handbag"})
_CARRIED = frozenset({"package", "parcel", "box"})
