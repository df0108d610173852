"""Places in a note."""

from collections.abc import Iterator
from typing import Final

from inference_server.assessment.claims.text import Clause
from inference_server.assessment.facts import Facts

# Words for a kind of zone. None: no zone, so only a camera's name can hold the word.
_PLACES: Final[dict[str, str | None]] = {
    **dict.fromkeys(
        ("door", "doors", "doorstep", "doorway", "entrance", "entry", "porch", "gate", "threshold"),
        "entry_point",
    ),
    **dict.fromkeys(("driveway", "drive", "parking"), "driveway"),
    **dict.fromkeys(("pavement", "sidewalk", "footpath", "kerb", "curb"), "sidewalk"),
    **dict.fromkeys(
        ("yard", "garden", "backyard", "lawn", "terrace", "patio", "grass", "courtyard"), "yard"
    ),
    **dict.fromkeys(("restricted", "pool", "water", "forbidden"), "restricted"),
    **dict.fromkeys(
        (
            *("garage", "carport", "shed", "roof", "balcony", "window", "windows", "fence", "wall"),
            *("basement", "cellar", "kitchen", "bedroom", "hallway", "attic", "barn", "greenhouse"),
            *("stairs", "staircase", "ladder", "alley", "bushes", "hedge", "tree", "trees", "roof"),
        ),
        None,
    ),
}
_STREET: Final = frozenset({"street", "road", "lane"})
# Names of factors that tell of a place.
_REASONS: Final = {
    "entry point": "entry_point",
    "came from the door": "entry_point",
    "yard": "yard",
    "stays in the yard at night": "yard",
    "driveway": "driveway",
    "vehicle on the grounds": "driveway",
    "pavement": "sidewalk",
    "lingers on the pavement": "sidewalk",
    "lingers long on the pavement": "sidewalk",
}


def find_wrong_places(clause: Clause, facts: Facts) -> Iterator[str]:
    """Return each place where nothing was seen."""
    zones: set[str] = {zone for each in facts.objects for zone in each.zones}
    zones |= {_REASONS[name] for each in facts.rules.factors if (name := each.name) in _REASONS}
    if any("restricted" in each.name for each in facts.rules.factors):
        zones.add("restricted")
    camera = facts.camera.lower()
    for index, word in enumerate(clause.words):
        if word in camera or clause.negated_before(index):
            continue
        elsewhere = (
            word in _PLACES and _PLACES[word] not in zones and not _is_verb(clause, index)
        ) or (word in _STREET and zones and "sidewalk" not in zones)
        if elsewhere:
            yield word


def _is_verb(clause: Clause, index: int) -> bool:
    # "to drive", "drive by"; "parking" as something done
    return clause.words[index] == "drive" and not clause.has("the", "a")
