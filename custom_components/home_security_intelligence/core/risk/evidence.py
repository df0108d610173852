"""All evidence on an event: `collect` is the one entry point."""

from collections.abc import Mapping
from typing import Final

from .case import Case
from .evidence_home import HOME, REPORTS
from .evidence_kinds import Evidence, Kind
from .evidence_people import PEOPLE
from .evidence_places import PLACEMENTS, PLACES
from .evidence_things import THINGS
from .evidence_times import TIMES
from .evidence_vehicles import VEHICLES
from .exclusions import without_contradictions
from .facts import FactSheet

KINDS: Final[tuple[Kind, ...]] = tuple(
    kind
    for kinds in (PLACES, PLACEMENTS, TIMES, HOME, REPORTS, PEOPLE, VEHICLES, THINGS)
    for kind in kinds.all
)
SIGNS: Final[Mapping[str, int]] = {kind.name: kind.sign for kind in KINDS}
PLACE_NAMES: Final = frozenset(kind.name for kind in PLACES.all)  # an event has exactly one
PRIORS: Final[Mapping[str, float]] = {kind.name: kind.prior for kind in KINDS}


def collect(facts: FactSheet) -> tuple[Evidence, ...]:
    """Return the evidence that an event's facts give, in the order of KINDS, none contradicting."""
    case = Case(facts)
    found = [each for kind in KINDS if (each := kind.on(case)) is not None]
    return without_contradictions(found)
