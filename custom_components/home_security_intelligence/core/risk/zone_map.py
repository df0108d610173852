"""Where an object stands: the most private of a camera's zones that hold its ground point."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

from ..domain.zones import ENTRY_POINTS, Corner, Zone, ZoneKind, edges_cross
from .geometry import inside, off_edge

BY_PRIVACY = (
    ZoneKind.RESTRICTED,
    ZoneKind.ENTRY_POINT,
    ZoneKind.YARD,
    ZoneKind.DRIVEWAY,
    ZoneKind.SIDEWALK,
)
_MAX_CAMERAS = 64  # whose zones stay prepared


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Place:
    """A part of the image; zones of one kind that overlap are one place.

    `kind` is ENTRY_POINT for every kind of entry point; `entry` is the exact one.
    """

    kind: ZoneKind
    entry: ZoneKind | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Area:
    place: Place
    polygon: tuple[Corner, ...]
    left: float
    top: float
    right: float
    bottom: float


class ZoneMap:
    """The zones of a camera, prepared for many questions."""

    def __init__(self, zones: Sequence[Zone]) -> None:
        """Prepare the zones, most private first."""
        ordered = sorted(zones, key=lambda zone: BY_PRIVACY.index(plain(zone.kind)))
        places: dict[int, Place] = {}
        self._areas = tuple(
            _area(zone, places.setdefault(number, Place(kind=plain(zone.kind), entry=zone.entry)))
            for zone, number in zip(ordered, _numbers(ordered), strict=True)
        )

    @property
    def known(self) -> bool:
        """Whether zones are drawn."""
        return bool(self._areas)

    def place_at(self, x: float, y: float) -> Place | None:
        """Return the most private place that holds a point, None outside all zones."""
        x, y = off_edge((x, y))
        for area in self._areas:
            near = area.left <= x <= area.right and area.top <= y <= area.bottom
            if near and inside((x, y), area.polygon):
                return area.place
        return None


def plain(kind: ZoneKind) -> ZoneKind:
    """Return ENTRY_POINT for every kind of entry point, else the kind."""
    return ZoneKind.ENTRY_POINT if kind in ENTRY_POINTS else kind


@lru_cache(maxsize=_MAX_CAMERAS)
def zone_map(zones: tuple[Zone, ...]) -> ZoneMap:
    """Return the prepared zones of a camera."""
    return ZoneMap(zones)


def _area(zone: Zone, place: Place) -> _Area:
    xs, ys = zip(*zone.polygon, strict=True)
    return _Area(
        place=place,
        polygon=tuple(zone.polygon),
        left=min(xs),
        top=min(ys),
        right=max(xs),
        bottom=max(ys),
    )


def _numbers(zones: Sequence[Zone]) -> list[int]:
    """Return the number of each zone's place: the first zone of those that it overlaps."""
    numbers = list(range(len(zones)))
    for one, other in combinations(range(len(zones)), 2):
        same = (zones[one].kind, zones[one].entry) == (zones[other].kind, zones[other].entry)
        if same and _overlap(zones[one], zones[other]):
            merged, gone = sorted((numbers[one], numbers[other]))
            numbers = [merged if number == gone else number for number in numbers]
    return numbers


def _overlap(one: Zone, other: Zone) -> bool:
    return (
        any(inside(corner, other.polygon) for corner in one.polygon)
        or any(inside(corner, one.polygon) for corner in other.polygon)
        or any(
            edges_cross(a, b, c, d)
            for a, b in zip(one.polygon, _rotated(one.polygon), strict=True)
            for c, d in zip(other.polygon, _rotated(other.polygon), strict=True)
        )
    )


def _rotated(corners: Sequence[Corner]) -> tuple[Corner, ...]:
    return (*corners[1:], corners[0])
