"""Evidence: where people are. Each event has exactly one place."""

from ..domain.placement import Placement
from ..domain.zones import ZoneKind
from .case import Case
from .evidence_kinds import Kinds, Reason
from .objects import NEAR
from .predicates import in_view

PLACES = Kinds()
PLACEMENTS = Kinds()


def place_of(case: Case) -> tuple[str, str]:
    """Return the name of the place that counts, and the reason; the most private one counts."""
    facts = case.facts
    if not facts.people:
        if case.vehicles_arrived:
            return "vehicle on the grounds", "A vehicle drove onto the grounds."
        return "no person", "No person was seen."
    if not case.people:
        return "unsure sighting", "A person was seen once, with low confidence."
    if not facts.zones_known:
        if any(each.tallest >= NEAR for each in case.people):
            return "close to the camera", "A person came close to the camera."
        if in_view(facts):
            return "person in view", "A person is in view at some distance."
        return "far off", "A person is far off."
    for kind, name, reason in _ZONES:
        if kind in case.entries or any(kind in each.zones for each in case.people):
            if kind is ZoneKind.ENTRY_POINT and kind not in case.entries:
                continue  # another kind of entry point
            return name, reason
    if any(each.tallest >= NEAR for each in case.people):
        return "close to the camera", "A person came close to the camera."
    return "outside all zones", "A person is outside all zones."


_ZONES: tuple[tuple[ZoneKind, str, str], ...] = (
    (ZoneKind.RESTRICTED, "restricted zone", "A person is in a restricted zone."),
    (ZoneKind.WINDOW, "window", "A person is at a window."),
    (ZoneKind.OTHER_DOOR, "other door", "A person is at another door than the front door."),
    (ZoneKind.ENTRY_POINT, "entry point", "A person is at an entry point."),
    (ZoneKind.GATE, "gate", "A person is at a gate."),
    (ZoneKind.YARD, "yard", "A person is in the yard."),
    (ZoneKind.DRIVEWAY, "driveway", "A person is on the driveway."),
    (ZoneKind.SIDEWALK, "pavement", "A person is on the pavement."),
)
_WHEN = (
    ("restricted zone", 2.0, "a person is in a zone marked as restricted"),
    ("window", 0.6, "a person is at a window"),
    ("other door", 0.4, "a person is at a back, side, cellar or garage door"),
    ("entry point", 0.1, "a person is at the front door"),
    ("gate", 0, "a person is at a gate"),
    ("yard", 0.2, "a person is in the yard, at no entry point"),
    ("driveway", 0.1, "a person is on the driveway only"),
    ("pavement", -1, "a person keeps to the pavement"),
    ("outside all zones", -0.4, "a person is in none of the zones"),
    ("close to the camera", 0.3, "a person comes close, in no zone"),
    ("person in view", 0, "no zones are drawn, and a person is at some distance"),
    ("far off", -0.6, "no zones are drawn, and a person is far off"),
    ("unsure sighting", -1, "the only person was seen once, with low confidence"),
    ("vehicle on the grounds", -0.8, "a vehicle drove in; no person is there"),
    ("no person", -2, "there are only animals, vehicles or objects"),
)


def _declare(name: str, prior: float, when: str) -> None:
    @PLACES.kind(name, 0, prior, when)
    def find(case: Case) -> Reason:
        found, reason = place_of(case)
        return reason if found == name else None


for _each in _WHEN:
    _declare(*_each)


@PLACEMENTS.kind("indoors", 0, 0.2, "the camera hangs indoors, a person is there")
def indoors(case: Case) -> Reason:
    """Find people indoors."""
    return _at(case, Placement.INDOORS, "A person is indoors.")


@PLACEMENTS.kind(
    "balcony or roof", 0, 0.3, "the camera watches a balcony or a roof, a person is there"
)
def balcony(case: Case) -> Reason:
    """Find people on a balcony."""
    return _at(case, Placement.BALCONY, "A person is on a balcony or roof.")


@PLACEMENTS.kind("garage or cellar", 0, 0.2, "the camera hangs in a garage, shed or cellar")
def garage(case: Case) -> Reason:
    """Find people in a garage."""
    return _at(case, Placement.GARAGE, "A person is in a garage or cellar.")


@PLACEMENTS.kind("at the water", 0, 0.2, "the camera watches a pool, a person is there")
def water(case: Case) -> Reason:
    """Find people at a pool."""
    return _at(case, Placement.POOL, "A person is at the water.")


@PLACEMENTS.kind("private side", 0, 0.2, "the camera watches a garden, a back door, a side path")
def private_side(case: Case) -> Reason:
    """Find people behind the house."""
    return _at(case, Placement.OUTDOORS_PRIVATE, "A person is on the private side of the home.")


def _at(case: Case, placement: Placement, reason: str) -> Reason:
    return reason if case.people and case.placement is placement else None
