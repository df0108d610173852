"""Rules about how long people stay, how often they come, and how many they are."""

from collections.abc import Callable

from ..domain.models import RiskFactor
from ..domain.movement import Movement
from ..domain.zones import ZoneKind
from . import points
from .facts import FactSheet
from .geometry import ground_point, grown, holds
from .object_changes import Change
from .objects import ObservedObject
from .predicates import (
    at_night,
    close_seconds,
    confirmed_people,
    in_the_dark,
    is_on_grounds,
    is_unusual_time,
    other_cameras,
    people_on_grounds,
    residents_explain,
)

_STAYS = ((60.0, points.STAYS_VERY_LONG), (35.0, points.STAYS_LONG), (20.0, points.STAYS))
_STAYS_BY_DAY = ((75.0, points.STAYS_VERY_LONG), (50.0, points.STAYS_LONG))
_LOITERS = ((120.0, points.LOITERS_LONG), (45.0, points.LOITERS))
_DESERTED_GROUNDS = 45.0  # seconds
_YARD_AT_NIGHT = 25.0  # seconds
_BESIDE = 15.0  # seconds
_BESIDE_REACH = 0.15  # of the vehicle's width and height


def stays(facts: FactSheet) -> RiskFactor | None:
    """Score a person who stays at a door, in a restricted zone or close to the camera."""
    by_day = not in_the_dark(facts)
    at_home = facts.somebody_home and not facts.context.armed
    if residents_explain(facts) or (by_day and at_home):
        return None
    longest = max(
        (close_seconds(each, zones_known=facts.zones_known) for each in confirmed_people(facts)),
        default=0.0,
    )
    for seconds, weight in _STAYS_BY_DAY if by_day else _STAYS:
        if longest >= seconds:
            return weight.because(f"A person stayed close for {longest:.0f} seconds.")
    return None


def long_on_deserted_grounds(facts: FactSheet) -> RiskFactor | None:
    """Score a person who stays long on the grounds while the home is empty."""
    if not facts.nobody_home or residents_explain(facts) or facts.changed(Change.BROUGHT):
        return None
    longest = max((each.grounds_seconds for each in people_on_grounds(facts)), default=0.0)
    if longest < _DESERTED_GROUNDS:
        return None
    return points.LONG_ON_DESERTED_GROUNDS.because(
        f"A person was on the grounds for {longest:.0f} seconds while the home was empty."
    )


def in_the_yard_at_night(facts: FactSheet) -> RiskFactor | None:
    """Score a person who stays in the yard or on the driveway at night."""
    if not at_night(facts):
        return None
    longest = max(
        (
            each.stay(ZoneKind.YARD, ZoneKind.DRIVEWAY)
            for each in confirmed_people(facts)
            if not each.came_out
        ),
        default=0.0,
    )
    if longest < _YARD_AT_NIGHT:
        return None
    return points.IN_THE_YARD_AT_NIGHT.because(
        f"A person stayed on the grounds for {longest:.0f} seconds at night."
    )


def loiters(facts: FactSheet) -> RiskFactor | None:
    """Score a person who lingers in front of the house at night."""
    if not at_night(facts) or people_on_grounds(facts):
        return None
    longest = max((each.stay(ZoneKind.SIDEWALK) for each in confirmed_people(facts)), default=0.0)
    for seconds, weight in _LOITERS:
        if longest >= seconds:
            return weight.because(f"A person lingered on the pavement for {longest:.0f} seconds.")
    return None


def returns(facts: FactSheet) -> RiskFactor | None:
    """Score a person who comes to a door again, as a person who tries handles does."""
    if not is_unusual_time(facts) or not people_on_grounds(facts):
        return None
    people = [
        each for each in facts.objects if each.label == "person" and is_on_grounds(facts, each)
    ]
    # People who are there at the same time did not return.
    now = max((each.visits(ZoneKind.ENTRY_POINT) for each in people_on_grounds(facts)), default=0)
    before = sum(each.visits(ZoneKind.ENTRY_POINT) for each in people if each.earlier)
    visits = now + before
    if now == 0 or visits < 2:
        return None
    weight = points.RETURNS if visits == 2 else points.RETURNS_OFTEN
    return weight.because(f"A person came to a door {visits} times within half an hour.")


def several(facts: FactSheet) -> RiskFactor | None:
    """Score several people on the grounds."""
    count = facts.max_people_on_grounds
    if count < 2 or not is_unusual_time(facts):
        return None
    weight = points.TWO_PEOPLE if count == 2 else points.SEVERAL_PEOPLE
    return weight.because(f"There were {count} people at once.")


def around_the_house(facts: FactSheet) -> RiskFactor | None:
    """Score a person that other cameras saw, too: people who circle a house look for a way in."""
    if not people_on_grounds(facts) or not is_unusual_time(facts):
        return None
    cameras = other_cameras(facts)
    if not cameras:
        return None
    weight = points.AROUND_THE_HOUSE if len(cameras) == 1 else points.ALL_AROUND_THE_HOUSE
    return weight.because(f"{len(cameras)} other camera(s) saw a person around that time.")


def beside_a_parked_vehicle(facts: FactSheet) -> RiskFactor | None:
    """Score a person who stays beside a parked vehicle at night."""
    if not at_night(facts) or residents_explain(facts):
        return None
    parked = [each for each in facts.vehicles if _is_parked(each)]
    for person in people_on_grounds(facts):
        if person.stay(ZoneKind.DRIVEWAY, ZoneKind.YARD) < _BESIDE:
            continue
        if any(holds(grown(car.box, _BESIDE_REACH), ground_point(person.box)) for car in parked):
            return points.BESIDE_A_PARKED_CAR.because("A person is beside a parked vehicle.")
    return None


def _is_parked(vehicle: ObservedObject) -> bool:
    return vehicle.movement is Movement.STILL and vehicle.dwell >= _BESIDE


PEOPLE_RULES: tuple[Callable[[FactSheet], RiskFactor | None], ...] = (
    stays,
    long_on_deserted_grounds,
    in_the_yard_at_night,
    loiters,
    returns,
    several,
    around_the_house,
    beside_a_parked_vehicle,
)
