"""Rules about vehicles that arrive and stay."""

from collections.abc import Callable

from ..domain.models import RiskFactor
from ..domain.movement import Movement
from ..domain.part_of_day import PartOfDay
from ..domain.zones import ZoneKind
from . import points
from .facts import FactSheet
from .objects import ObservedObject
from .predicates import in_the_dark, people_on_grounds, residents_explain

_RARE = 0.1  # an hour
_STAYS_IN_THE_DARK = 60.0  # seconds a vehicle may stand before it counts as staying
_STAYS_BY_DAY = 120.0  # seconds
_CLOSE_VEHICLE = 0.25  # of the image's height, used without zones


def vehicle(facts: FactSheet) -> RiskFactor | None:
    """Score an arrived vehicle if no person is on the grounds."""
    if people_on_grounds(facts) or not arrived_vehicle(facts):
        return None
    return points.VEHICLE_ARRIVED.because("A vehicle drove onto the grounds.")


def vehicle_at_night(facts: FactSheet) -> RiskFactor | None:
    """Score a vehicle that arrived at night."""
    if vehicle(facts) is None or facts.part_of_day is not PartOfDay.NIGHT:
        return None
    return points.VEHICLE_AT_NIGHT.because("It came at night.")


def vehicle_while_armed(facts: FactSheet) -> RiskFactor | None:
    """Score a vehicle that arrived while the alarm was set."""
    if vehicle(facts) is None or not facts.context.armed:
        return None
    if not in_the_dark(facts) and not _vehicle_stays(facts):
        return None
    return points.VEHICLE_WHILE_ARMED.because("The alarm was set when it came.")


def vehicle_stays(facts: FactSheet) -> RiskFactor | None:
    """Score a vehicle that arrived has stayed."""
    if vehicle(facts) is None or residents_explain(facts):
        return None
    seconds = _vehicle_stays(facts)
    if not seconds:
        return None
    return points.VEHICLE_STAYS.because(f"It has stood there for {seconds:.0f} seconds.")


def arrived_vehicle(facts: FactSheet) -> str | None:
    """Return the label of a vehicle that arrived on the grounds."""
    found = arrived_vehicles(facts)
    return found[0].label if found else None


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


def _vehicle_stays(facts: FactSheet) -> float:
    """Return how long an arrived vehicle has stood, 0 if that is too short to count."""
    enough = _STAYS_IN_THE_DARK if in_the_dark(facts) else _STAYS_BY_DAY
    longest = max(
        (
            each.dwell if each.movement is Movement.STILL else each.settled_seconds
            for each in arrived_vehicles(facts)
        ),
        default=0.0,
    )
    counts = in_the_dark(facts) or facts.nobody_home
    return longest if counts and longest >= enough else 0.0


def _is_rare(facts: FactSheet, label: str) -> bool:
    rate = facts.usual(label)
    return rate is not None and rate < _RARE


VEHICLE_RULES: tuple[Callable[[FactSheet], RiskFactor | None], ...] = (
    vehicle,
    vehicle_at_night,
    vehicle_while_armed,
    vehicle_stays,
)
