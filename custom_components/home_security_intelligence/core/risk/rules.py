"""The rules: from a fact sheet to named factors and their sum."""

from collections.abc import Callable
from dataclasses import dataclass

from ..domain.levels import HIGHEST_SCORE, LevelBounds
from ..domain.models import RiskFactor, RiskLevel
from ..domain.part_of_day import PartOfDay
from ..domain.zones import ZoneKind
from . import points
from .exclusions import without_contradictions
from .facts import FactSheet
from .llm_adjustment import llm_range
from .object_changes import Change
from .people_rules import PEOPLE_RULES
from .points import Weight
from .predicates import (
    anyone_in,
    busy_at_night,
    confirmed_people,
    in_the_dark,
    in_view,
    is_off_the_way,
    lingers_in_view,
    people_on_grounds,
    residents_explain,
    stolen_object,
)
from .vehicle_rules import VEHICLE_RULES, arrived_vehicle

type Rule = Callable[[FactSheet], RiskFactor | None]

_RARE = 0.1  # an hour
_COMMON = 1.0  # an hour
_SHORT_VISIT = 20.0  # seconds at an entry point
_USUAL_IN_RESTRICTED_ZONE = 0.5  # people an hour


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The rules' result: provisional score, level, range for a language model, factors."""

    score: int  # 0-100
    level: RiskLevel  # final: a language model cannot change it
    llm_range: tuple[int, int]  # lowest and highest score that a language model may set
    factors: tuple[RiskFactor, ...]


def apply_rules(facts: FactSheet, bounds: LevelBounds) -> Verdict:
    """Return the provisional score of an event and its factors."""
    factors = without_contradictions(
        [factor for rule in RULES if (factor := rule(facts)) is not None]
    )
    total = sum(factor.points for factor in factors)
    score = min(max(total, 0), HIGHEST_SCORE)
    return Verdict(
        score=score,
        level=bounds.level_of(score),
        llm_range=llm_range(score, bounds),
        factors=factors,
    )


def place(facts: FactSheet) -> RiskFactor | None:
    """Score where the people are; of several places the most private one counts."""
    if not facts.people:
        return None
    if not confirmed_people(facts):
        return points.UNSURE.because("A person was seen once, with low confidence.")
    if not facts.zones_known:
        if people_on_grounds(facts):
            return points.CLOSE_BY.because("A person came close to the camera.")
        if in_view(facts):
            return points.IN_VIEW.because("A person is in view at some distance.")
        return points.OUTSIDE_ZONES.because("A person is far off.")
    for kind, weight, reason in _PLACES:
        if anyone_in(facts, kind):
            return weight.because(reason)
    return points.OUTSIDE_ZONES.because("A person is outside all zones.")


def no_person(facts: FactSheet) -> RiskFactor | None:
    """Score a scene without a person and without an arrived vehicle."""
    if facts.people or arrived_vehicle(facts):
        return None
    return points.NO_PERSON.because("No person was seen.")


def hour(facts: FactSheet) -> RiskFactor | None:
    """Score the part of the day, if it matters."""
    people = confirmed_people(facts)
    if not people:
        return None
    if not people_on_grounds(facts) and not lingers_in_view(facts):
        if facts.part_of_day is PartOfDay.NIGHT:
            return points.PASSER_AT_NIGHT.because("It is night; the person is off the grounds.")
        return None
    clock = f"{facts.started_at:%H:%M}"
    weight = _HOURS.get(facts.part_of_day)
    return None if weight is None else weight.because(f"It was {clock}: {weight.name}.")


def armed(facts: FactSheet) -> RiskFactor | None:
    """Score the alarm's state, for people on the grounds."""
    if not people_on_grounds(facts):
        return None
    if facts.context.armed is False:
        if stolen_object(facts) or busy_at_night(facts) or anyone_in(facts, ZoneKind.RESTRICTED):
            return None
        return points.DISARMED.because("The alarm was off.")
    if not facts.context.armed:
        return None
    if in_the_dark(facts):
        return points.ARMED_IN_THE_DARK.because("The alarm was set, outside daytime.")
    if is_off_the_way(facts):
        return points.ARMED_BY_DAY.because(
            "The alarm was set, and the person is off the path to a door."
        )
    return None


def home(facts: FactSheet) -> RiskFactor | None:
    """Score whether anybody was home, for people on the grounds."""
    if not people_on_grounds(facts):
        return None
    if facts.nobody_home:
        return points.HOME_EMPTY.because("The home was empty.")
    if (
        facts.context.occupancy is None
        or facts.context.armed
        or stolen_object(facts)
        or busy_at_night(facts)
        or anyone_in(facts, ZoneKind.RESTRICTED)
    ):
        return None
    return points.RESIDENTS_HOME.because("Residents were home and the alarm was not set.")


def usual(facts: FactSheet) -> RiskFactor | None:
    """Score how usual this is at this hour; no factor if that is unknown."""
    label = "person" if people_on_grounds(facts) else arrived_vehicle(facts)
    rate = None if label is None else facts.usual(label)
    if rate is None:
        return None
    if rate < _RARE:
        return points.UNUSUAL.because(f"A {label} is rare here at this hour.")
    if rate >= _COMMON:
        return points.USUAL.because(f"A {label} is usual here at this hour.")
    return None


def residents_in_restricted_zone(facts: FactSheet) -> RiskFactor | None:
    """Score residents who use a restricted zone, such as a pool, together or at a usual hour."""
    if (
        not anyone_in(facts, ZoneKind.RESTRICTED)
        or not residents_explain(facts)
        or in_the_dark(facts)
    ):
        return None
    if facts.max_people_on_grounds >= 2:
        return points.COMPANY_IN_RESTRICTED_ZONE.because(
            "Several people, by day, with the alarm off."
        )
    if (facts.usual("person") or 0.0) >= _USUAL_IN_RESTRICTED_ZONE:
        return points.USUAL_IN_RESTRICTED_ZONE.because("People are usual here at this hour.")
    return None


def taken(facts: FactSheet) -> RiskFactor | None:
    """Score an object that was taken away."""
    thing = stolen_object(facts)
    if thing is None:
        return None
    return points.TAKEN_AWAY.because(f"A {thing.label} is missing after a person was at it.")


def brought(facts: FactSheet) -> RiskFactor | None:
    """Score a person who put something down, as couriers do."""
    thing = facts.changed(Change.BROUGHT)
    if thing is None or stolen_object(facts) or facts.part_of_day is PartOfDay.NIGHT:
        return None
    return points.BROUGHT.because(f"A {thing.label} was left by a person.")


def short_visit(facts: FactSheet) -> RiskFactor | None:
    """Score a person who came to a door and left again, by day."""
    visitors = [each for each in confirmed_people(facts) if ZoneKind.ENTRY_POINT in each.zones]
    if not visitors or stolen_object(facts) or in_the_dark(facts) or is_off_the_way(facts):
        return None
    if any(
        each.stay(ZoneKind.ENTRY_POINT) >= _SHORT_VISIT or each.visits(ZoneKind.ENTRY_POINT) > 1
        for each in visitors
    ):
        return None
    return points.SHORT_VISIT.because("A short visit at a door.")


def from_inside(facts: FactSheet) -> RiskFactor | None:
    """Score a person who came out of the house."""
    people = people_on_grounds(facts)
    if not people or facts.context.armed or stolen_object(facts):
        return None
    if all(each.came_out for each in people):
        return points.FROM_INSIDE.because("The person came from a door.")
    return None


_PLACES: tuple[tuple[ZoneKind, Weight, str], ...] = (
    (ZoneKind.RESTRICTED, points.RESTRICTED, "A person is in a restricted zone."),
    (ZoneKind.ENTRY_POINT, points.ENTRY_POINT, "A person is at an entry point."),
    (ZoneKind.YARD, points.YARD, "A person is in the yard."),
    (ZoneKind.DRIVEWAY, points.DRIVEWAY, "A person is on the driveway."),
    (ZoneKind.SIDEWALK, points.SIDEWALK, "A person is on the pavement."),
)
_HOURS = {
    PartOfDay.NIGHT: points.NIGHT,
    PartOfDay.EARLY: points.EARLY,
    PartOfDay.LATE: points.LATE,
}
RULES: tuple[Rule, ...] = (
    place,
    no_person,
    *VEHICLE_RULES,
    hour,
    armed,
    home,
    usual,
    residents_in_restricted_zone,
    *PEOPLE_RULES,
    taken,
    brought,
    short_visit,
    from_inside,
)
