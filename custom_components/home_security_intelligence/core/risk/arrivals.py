"""Vehicles that arrived on the grounds."""

from ..domain.zones import ZoneKind
from .facts import FactSheet
from .objects import ObservedObject

_RARE = 0.1  # an hour
_CLOSE_VEHICLE = 0.25  # of the image's height, used without zones


def arrived_vehicles(facts: FactSheet) -> list[ObservedObject]:
    """Return the vehicles that arrived on the grounds, or are rare at this hour."""
    private = {ZoneKind.DRIVEWAY, ZoneKind.YARD, ZoneKind.RESTRICTED}
    return [
        each
        for each in facts.vehicles
        if (each.zones & private if facts.zones_known else each.tallest >= _CLOSE_VEHICLE)
        and (
            each.settled_seconds > 0
            or (facts.zones_known and each.came_from not in private)
            or _is_rare(facts, each.label)
        )
    ]


def _is_rare(facts: FactSheet, label: str) -> bool:
    rate = facts.usual(label)
    return rate is not None and rate < _RARE
