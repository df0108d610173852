"""Zones on a camera's image."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
import re

type Corner = tuple[float, float]

MAX_ZONES = 20  # of one camera
MAX_CORNERS = 30
MAX_MASKS = 20  # privacy masks of one camera
MAX_NAME = 60  # characters
MIN_AREA = 0.0005  # of the image; smaller zones are rejected as typing errors


class ZoneKind(StrEnum):
    """The meaning of a zone to the residents."""

    ENTRY_POINT = "entry_point"  # the front door, where visitors come
    OTHER_DOOR = "other_door"  # a back, side, cellar or garage door
    WINDOW = "window"  # a window within reach
    GATE = "gate"  # a way through the fence
    DRIVEWAY = "driveway"
    SIDEWALK = "sidewalk"  # public ground
    YARD = "yard"
    RESTRICTED = "restricted"  # no person should be here uninvited: a pool, a passage, a roof


ENTRY_POINTS = frozenset(
    {ZoneKind.ENTRY_POINT, ZoneKind.OTHER_DOOR, ZoneKind.WINDOW, ZoneKind.GATE}
)

# Words in names of entry points, in the languages that camera names are read in; the first match
# counts. A name that says nothing is a front door's.
_ENTRY_WORDS: tuple[tuple[ZoneKind, str], ...] = (
    (
        ZoneKind.WINDOW,
        (
            r"windows?|\w*fenster|fen[eê]tres?|ventanas?|finestr[ae]|janelas?|ra(a|me)m|ramen|okn[oa]|"
            r"skylight|hatch|luke"
        ),
    ),
    (
        ZoneKind.OTHER_DOOR,
        (
            r"(back|rear|kitchen|side|patio|balcony|terrace|cellar|basement|garage|shed|barn|sliding|"
            r"laundry|utility|roof|fire|inner|overhead|roller|shutter|stable|bike|service|deck|pool|"
            r"greenhouse|conservatory|garden|yard|loft|attic|store|workshop) ?(door|slider|entrance)s?|"
            r"french (door|window)s?|slider|(hinter|keller|garagen|terrassen|balkon|neben|seiten)t(ü|ue)r|"
            r"garagentor|rolltor|porte (arri[eè]re|de derri[eè]re|du garage|de service|de la cave)|"
            r"puerta (trasera|de atr[aá]s|del garaje|de la cocina)|porta (sul retro|posteriore|del garage|"
            r"dos fundos|da cozinha|da garagem|de tr[aá]s)|achterdeur|keukendeur|schuurdeur|garagedeur|"
            r"tylne drzwi|drzwi (tylne|gara[zż]owe|balkonowe)|stodola"
        ),
    ),
    (
        ZoneKind.GATE,
        (
            r"gates?|(garten|hof|einfahrts)?tor|pforte|gartent(ü|ue)r|portail|portillon|barri[eè]re|cancell[oi]|port[aã]o|"
            r"portones?|port[oó]n|verja|poort|hek|bram(a|ka)|furtka|turnstile|barrier"
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A zone on a camera's image; `polygon` has at least three corners, each 0-1."""

    name: str
    kind: ZoneKind
    polygon: tuple[Corner, ...]

    @property
    def entry(self) -> ZoneKind | None:
        """The kind of entry point, None for another zone; the name decides if the kind does not."""
        if self.kind is ZoneKind.ENTRY_POINT:
            return entry_kind_of(self.name)
        return self.kind if self.kind in ENTRY_POINTS else None


def entry_kind_of(name: str) -> ZoneKind:
    """Return the kind of entry point that a name tells: a window, a gate, another door."""
    words = re.sub(r"[_\-.]+", " ", name.casefold())
    for kind, pattern in _ENTRY_WORDS:
        if re.search(rf"(?<![^\W\d])(?:{pattern})(?![^\W\d])", words):
            return kind
    return ZoneKind.ENTRY_POINT


class ZoneError(ValueError):
    """The typed text is not a valid zone; `reason` is a translation key."""

    def __init__(self, reason: str, *, zone: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.zone = zone


def read_zones(typed: Sequence[Mapping[str, str]]) -> tuple[Zone, ...]:
    """Return zones from typed names, kinds and corners; raises ZoneError with the zone's name."""
    if len(typed) > MAX_ZONES:
        raise ZoneError("too_many_zones")
    return tuple(_zone(each) for each in typed)


def read_masks(typed: Sequence[str]) -> tuple[tuple[Corner, ...], ...]:
    """Return privacy masks from typed corners; raises ZoneError."""
    if len(typed) > MAX_MASKS:
        raise ZoneError("too_many_zones")
    return tuple(read_corners(corners) for corners in typed)


def read_corners(text: str) -> tuple[Corner, ...]:
    """Return a polygon from typed corners such as `0.1 0.5, 0.4 0.5, 0.4 1`; raises ZoneError.

    Two corners span a rectangle.
    """
    pairs = [_pair(part) for part in re.split(r"[,;\n]", text) if part.strip()]
    if len(pairs) == 2:
        (x1, y1), (x2, y2) = pairs
        pairs = [(x1, y1), (x2, y1), (x2, y2), (x1, y2)]
    if len(pairs) < 3:
        raise ZoneError("too_few_corners")
    if len(pairs) > MAX_CORNERS:
        raise ZoneError("too_many_corners")
    if _lines_cross(pairs):
        raise ZoneError("lines_cross")
    if _area(pairs) < MIN_AREA:
        raise ZoneError("too_small")
    return tuple(pairs)


def _zone(typed: Mapping[str, str]) -> Zone:
    name = " ".join(typed.get("name", "").split())
    try:
        return Zone(
            name=_checked_name(name),
            kind=_kind(typed.get("kind", "")),
            polygon=read_corners(typed.get("corners", "")),
        )
    except ZoneError as err:
        raise ZoneError(err.reason, zone=name[:MAX_NAME]) from err


def _checked_name(name: str) -> str:
    if not name:
        raise ZoneError("zone_unnamed")
    if len(name) > MAX_NAME:
        raise ZoneError("zone_name_too_long")
    return name


def _kind(word: str) -> ZoneKind:
    if word not in ZoneKind:
        raise ZoneError("zone_kind_unknown")
    return ZoneKind(word)


def _pair(text: str) -> Corner:
    try:
        x, y = (float(number) for number in text.split())
    except ValueError as err:
        raise ZoneError("not_a_corner") from err
    if not (0 <= x <= 1 and 0 <= y <= 1):
        raise ZoneError("outside_picture")
    return x, y


def _area(corners: Sequence[Corner]) -> float:
    following = (*corners[1:], corners[0])
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(corners, following, strict=True))) / 2


def _lines_cross(corners: Sequence[Corner]) -> bool:
    following = (*corners[1:], corners[0])
    edges = list(zip(corners, following, strict=True))
    return any(edges_cross(*one, *other) for one, other in combinations(edges, 2))


def edges_cross(a: Corner, b: Corner, c: Corner, d: Corner) -> bool:
    """Tell whether two lines cross between their ends; touching is not crossing."""
    return _side(a, b, c) * _side(a, b, d) < 0 and _side(c, d, a) * _side(c, d, b) < 0


def _side(a: Corner, b: Corner, point: Corner) -> float:
    return (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0])
