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
from .facts import FactSheet

KINDS: Final[tuple[Kind, ...]] = tuple(
    kind
    for kinds in (PLACES, PLACEMENTS, TIMES, HOME, REPORTS, PEOPLE, VEHICLES, THINGS)
    for kind in kinds.all
)
SIGNS: Final[Mapping[str, int]] = {kind.name: kind.sign for kind in KINDS}
PRIORS: Final[Mapping[str, float]] = {kind.name: kind.prior for kind in KINDS}


def collect(facts: FactSheet) -> tuple[Evidence, ...]:
    """Return the evidence that an event's facts give, in the order of KINDS."""
    case = Case(facts)
    return tuple(found for kind in KINDS if (found := kind.on(case)) is not None)
