"""Where a camera hangs: what its images can mean depends on it."""

from enum import StrEnum
import re


class Placement(StrEnum):
    """What a camera looks at."""

    OUTDOORS_PUBLIC = "outdoors_public"  # strangers pass by: a street, a shared path, a front door
    OUTDOORS_PRIVATE = "outdoors_private"  # only residents and guests belong: a garden, a back door
    INDOORS = "indoors"
    BALCONY = "balcony"  # a balcony, a roof, an upper window
    GARAGE = "garage"  # inside a garage, a shed, a cellar
    POOL = "pool"  # water


# Words in names of cameras, in the languages of the integration; the first match counts.
_WORDS: tuple[tuple[Placement, str], ...] = (
    (Placement.POOL, r"pool|piscin[ae]|zwembad|basen|teich|pond"),
    (Placement.BALCONY, r"bal[ck]on\w*|balcón|terrazzo|roof|dach|attic"),
    (
        Placement.GARAGE,
        (
            r"garage|cellar|keller|cave|cantina|kelder|piwnica|"
            r"shed|schuppen|barn|scheune|basement|workshop|werkstatt"
        ),
    ),
    (
        Placement.OUTDOORS_PUBLIC,
        (
            r"front|stra(ß|ss)e|street|road|rue|calle|strada|straat|ulica|driveway|drive|einfahrt|"
            r"auffahrt|carport|parking|porch|stoop|doorbell|klingel|haust(ü|ue)r|gate|tor|portail"
        ),
    ),
    (
        Placement.OUTDOORS_PRIVATE,
        (
            r"back|rear|garden|yard|garten|hof|patio|terrace|terrasse|terraza|jard[ií]n|giardino|"
            r"tuin|ogr[oó]d|side|hinten|deck|pergola"
        ),
    ),
    (
        Placement.INDOORS,
        (
            r"indoors?|inside|innen|hall(way)?|flur|diele|living|wohnzimmer|kitchen|k(ü|ue)che|bed|"
            r"schlafzimmer|kinderzimmer|nursery|baby|office|b(ü|ue)ro|stairs?|treppe|corridor|lobby|"
            r"salon|cuisine|couloir|cocina|sal[oó]n|pasillo|cucina|corridoio|woonkamer|keuken|gang|"
            r"salon|kuchnia|korytarz"
        ),
    ),
)


def guess_placement(name: str) -> Placement | None:
    """Return the placement that a camera's name suggests, None if it suggests none."""
    words = re.sub(r"[_\-.]+", " ", name.casefold())
    for placement, pattern in _WORDS:
        if re.search(rf"(?<![^\W\d])(?:{pattern})(?![^\W\d])", words):
            return placement
    return None
