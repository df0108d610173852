"""Evidence that contradicts other evidence: an event never has two of one group."""

from collections.abc import Sequence
from itertools import product

from .evidence_kinds import Evidence
from .evidence_places import PLACEMENTS, PLACES

_ON_GROUNDS = (
    *("restricted zone", "window", "other door", "entry point", "gate", "yard", "driveway"),
    "close to the camera",
)
_HOURS = ("night", "early morning", "late evening", "passer-by at night")
_AT_NIGHT = (
    *("small hours", "night, at a back way", "night, private ground", "night, at the front door"),
)
_RESIDENTS = ("residents home", "residents home, private side", "residents home at night")
_AWAY = ("home empty", "home empty, private side", "long on deserted grounds")
_EXCUSES = (
    *("came from the door", "resident arrived", "unlocked", "just disarmed", "opened by remote"),
    "opened from inside",
)
_UNEXCUSED = (
    *("night", *_AT_NIGHT, "all asleep", "all asleep, at a door", "alarm set"),
    *(
        "alarm set, private ground",
        "alarm set, indoors",
        *_AWAY,
        "nothing explains it",
        "opened without an unlock",
    ),
)


def _each(first: Sequence[str], second: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(product(first, second))


# Of each group the first that applies counts.
EXCLUSIVE: tuple[tuple[str, ...], ...] = (
    # Where: one place, one camera.
    tuple(kind.name for kind in PLACES.all),
    tuple(kind.name for kind in PLACEMENTS.all),
    *_each(_ON_GROUNDS, ("passes by", "lingers on the pavement")),
    # When: one part of the day.
    _HOURS,
    *_each(("private ground by day", "stands in view"), ("night", *_AT_NIGHT)),
    ("stands in view in the dark", "stands in view"),
    ("unusual at this hour", "usual at this hour"),
    ("unusual at this hour", "usual at this early or late hour"),
    # What the home says: one state of the alarm and of the residents.
    *_each(
        ("alarm set", "alarm set, private ground", "alarm set, indoors", "just armed"),
        ("alarm off",),
    ),
    ("alarm set, private ground", "alarm set, indoors"),
    *_each(("all asleep", "all asleep, at a door"), ("alarm off", *_RESIDENTS)),
    *_each(_AWAY, _RESIDENTS),
    ("residents home at night", "residents home"),
    # What explains the people, and what nothing explains.
    *_each(_EXCUSES, _UNEXCUSED),
    *_each(("doorbell",), ("nothing explains it",)),
    # How many, how they move: one answer.
    ("several people", "two people"),
    *_each(("several people", "two people"), ("alone at the water", "small figure alone")),
    *_each(("runs", "from vehicle to vehicle"), ("does not move",)),
    *_each(("stands in view", "stands in view in the dark"), ("does not move",)),
    ("came from the door", "one came from the door"),
    # A visit at the front: by day, nothing taken.
    *_each(
        (
            *("restricted zone", "window", "other door", "night", "early morning", "late evening"),
            *("stays at a back way", "returns", "taken away", "small figure alone"),
        ),
        ("short visit",),
    ),
    # Things: taken, taken in or brought.
    ("taken away", "taken in by a resident", "brought something"),
    *_each(("taken away", "taken in by a resident", "brought something"), ("no person",)),
    *_each(("parked vehicle driven off",), ("owner drives off",)),
)


def without_contradictions(found: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Return the evidence of which no two pieces exclude each other."""
    names = {each.name for each in found}
    for group in EXCLUSIVE:
        shown = [name for name in group if name in names]
        names.difference_update(shown[1:])
    return tuple(each for each in found if each.name in names)
