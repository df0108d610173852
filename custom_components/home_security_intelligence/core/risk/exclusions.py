"""Factors that contradict each other: an event never has two of one group."""

from collections.abc import Sequence

from ..domain.models import RiskFactor
from . import points
from .points import Weight

_ON_GROUNDS = (
    points.RESTRICTED,
    points.ENTRY_POINT,
    points.YARD,
    points.DRIVEWAY,
    points.CLOSE_BY,
)
_STAYS = (points.STAYS_VERY_LONG, points.STAYS_LONG, points.STAYS)
_ARMED = (points.ARMED_IN_THE_DARK, points.ARMED_BY_DAY)
_LOITERS = (points.LOITERS_LONG, points.LOITERS)
_RETURNS = (points.RETURNS_OFTEN, points.RETURNS)
_HARMLESS = (
    points.DISARMED,
    points.RESIDENTS_HOME,
    points.COMPANY_IN_RESTRICTED_ZONE,
    points.USUAL_IN_RESTRICTED_ZONE,
    points.BROUGHT,
    points.SHORT_VISIT,
    points.FROM_INSIDE,
)


def _each(first: Sequence[Weight], second: Sequence[Weight]) -> tuple[tuple[Weight, ...], ...]:
    return tuple((one, other) for one in first for other in second)


# Of each group the first that applies counts.
EXCLUSIVE: tuple[tuple[Weight, ...], ...] = (
    # Where: one place.
    (
        *_ON_GROUNDS,
        points.SIDEWALK,
        points.OUTSIDE_ZONES,
        points.IN_VIEW,
        points.UNSURE,
        points.NO_PERSON,
    ),
    *_each((*_ON_GROUNDS, points.BESIDE_A_PARKED_CAR), (points.VEHICLE_ARRIVED,)),
    *_each(_ON_GROUNDS, _LOITERS),
    # When: one part of the day.
    (points.NIGHT, points.EARLY, points.LATE, points.PASSER_AT_NIGHT),
    (points.VEHICLE_AT_NIGHT, points.EARLY, points.LATE),
    # What the home says: one state of the alarm and of the home.
    *_each((*_ARMED, points.VEHICLE_WHILE_ARMED), (points.DISARMED, points.RESIDENTS_HOME)),
    _ARMED,
    *_each(
        (points.HOME_EMPTY, points.LONG_ON_DESERTED_GROUNDS),
        (points.RESIDENTS_HOME, points.COMPANY_IN_RESTRICTED_ZONE, points.USUAL_IN_RESTRICTED_ZONE),
    ),
    (points.COMPANY_IN_RESTRICTED_ZONE, points.USUAL_IN_RESTRICTED_ZONE),
    (points.UNUSUAL, points.USUAL),
    (points.UNUSUAL, points.USUAL_IN_RESTRICTED_ZONE),
    # How long, how often, how many: one answer.
    _STAYS,
    _LOITERS,
    _RETURNS,
    (points.SEVERAL_PEOPLE, points.TWO_PEOPLE),
    (points.ALL_AROUND_THE_HOUSE, points.AROUND_THE_HOUSE),
    # A theft has no harmless explanation, and a person committed it.
    *_each((points.TAKEN_AWAY,), (*_HARMLESS, points.NO_PERSON)),
    (points.BROUGHT, points.NO_PERSON),
    (points.BROUGHT, points.LONG_ON_DESERTED_GROUNDS),
    # A resident who comes out: not while the alarm is set or the home is empty.
    *_each((*_ARMED, points.HOME_EMPTY, points.IN_THE_YARD_AT_NIGHT), (points.FROM_INSIDE,)),
    # A short visit is one, by day, on the way to a door, by a person who came from elsewhere.
    *_each(
        (
            points.RESTRICTED,
            points.NIGHT,
            points.EARLY,
            points.LATE,
            points.ARMED_BY_DAY,
            *_STAYS,
            *_RETURNS,
            points.LONG_ON_DESERTED_GROUNDS,
            points.FROM_INSIDE,
        ),
        (points.SHORT_VISIT,),
    ),
)


def without_contradictions(factors: Sequence[RiskFactor]) -> tuple[RiskFactor, ...]:
    """Return the factors of which no two exclude each other."""
    names = {factor.name for factor in factors}
    for group in EXCLUSIVE:
        found = [weight.name for weight in group if weight.name in names]
        names.difference_update(found[1:])
    return tuple(factor for factor in factors if factor.name in names)
