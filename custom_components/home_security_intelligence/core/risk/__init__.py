"""How worrying an event is: facts, rules over them, and the bounds of a language model's say.

Pure functions over values: no clock, no database, no network.
"""

from ..zones import Zone, ZoneKind
from .bounded import band_around, bounded
from .context import Context, Elsewhere, Home, Occupancy
from .facts import FactSheet, gather
from .levels import Bands
from .objects import Movement
from .rules import Verdict, judge

__all__ = [
    "Bands",
    "Context",
    "Elsewhere",
    "FactSheet",
    "Home",
    "Movement",
    "Occupancy",
    "Verdict",
    "Zone",
    "ZoneKind",
    "band_around",
    "bounded",
    "gather",
    "judge",
]
