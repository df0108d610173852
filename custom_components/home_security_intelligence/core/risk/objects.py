"""Summary of one tracked object: stays, visits and movement."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import hypot

from ..domain.context import GROUNDS
from ..domain.models import Box
from ..domain.movement import Movement
from ..domain.zones import ZoneKind
from .conduct import Conduct
from .tracking import Sighting, Track
from .zone_map import Place, ZoneMap

SURE = 0.65  # the confidence at which one image confirms an object
NEAR = 0.45  # of the image's height: a person this tall is close to the camera

_LONGEST_GAP = 60.0  # seconds between two sightings that still count as one stay
_AWAY = 10.0  # seconds between two images in a zone, with one outside, that make two visits
_PASSER = 3  # images on the sidewalk
_STILL = 0.06  # of the image
_GROWTH = 1.3  # times the height
_PASSES = 0.3  # of the image
_STRAIGHT = 0.7  # net distance as a share of the farthest distance

_HOUSE_DOORS = frozenset({ZoneKind.ENTRY_POINT, ZoneKind.OTHER_DOOR})

type Crossing = tuple[ZoneKind | None, ZoneKind | None]  # the zones of two sightings in a row


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedObject:
    """One object during an event; `box` is from its image with the highest confidence.

    Each sighting counts for one zone, the most private one.
    """

    label: str
    confidence: float  # the highest, 0-1
    box: Box
    first_seen: datetime
    last_seen: datetime
    images: int
    movement: Movement
    zones: frozenset[ZoneKind]  # the kinds of zones it was in
    seconds: Mapping[Crossing, float]  # between consecutive sightings
    arrivals: Mapping[ZoneKind, int]  # how often it entered a zone
    near_seconds: float  # close to the camera
    tallest: float  # of the image's height
    came_from: ZoneKind | None  # the zone of its first sighting
    came_out: bool  # a person who came out of a door
    rested_seconds: float  # at its first place, before it moved off; 0 if it has not
    settled_seconds: float  # at its last place, after it moved there
    earlier: bool  # seen only before the event
    conduct: Conduct | None = None  # of a person

    @property
    def dwell(self) -> float:
        """Seconds from its first to its last image."""
        return (self.last_seen - self.first_seen).total_seconds()

    @property
    def confirmed(self) -> bool:
        """Whether it was seen in several images, or in one with high confidence."""
        return self.images > 1 or self.confidence >= SURE

    @property
    def grounds_seconds(self) -> float:
        """Seconds in any zone of private ground."""
        return self.stay(*GROUNDS)

    def stay(self, *kinds: ZoneKind) -> float:
        """Return the seconds it was in zones of these kinds."""
        return sum(
            seconds
            for (before, after), seconds in self.seconds.items()
            if before in kinds and after in kinds
        )

    def visits(self, kind: ZoneKind) -> int:
        """Return how often it entered zones of a kind."""
        return self.arrivals.get(kind, 0)


class Walk:
    """What a track's object did so far; it grows with the track."""

    def __init__(self, track: Track, zones: ZoneMap) -> None:
        """Begin before the track's first sighting."""
        self.track = track
        self._zones = zones
        self._places: list[Place | None] = []
        self._counts: dict[ZoneKind, int] = {}
        self._strays: tuple[ZoneKind, ...] = ()
        self._start_over()

    def _start_over(self) -> None:
        self.kinds: list[ZoneKind | None] = []  # of each sighting
        self.images: list[int] = []
        self.images_on_grounds: list[int] = []
        self.best = self.track.first
        self.tallest = 0.0
        self._before: Place | None = None
        self._last_in: dict[Place, float] = {}
        self._seconds: dict[Crossing, float] = {}
        self._arrivals: dict[ZoneKind, int] = {}
        self._near_seconds = 0.0
        self._farthest = 0.0

    @property
    def began_at_house_door(self) -> bool:
        """Whether its first image shows it at a door of the house, not at a gate or window."""
        place = self._places[0]
        return place is not None and place.entry in _HOUSE_DOORS

    @property
    def confirmed(self) -> bool:
        """Whether it has several sightings, or one with high confidence."""
        return len(self.track.sightings) > 1 or self.best.confidence >= SURE

    def advance(self) -> None:
        """Follow the track to its last sighting."""
        if len(self.kinds) == len(self.track.sightings):
            return
        new = self.track.sightings[len(self._places) :]
        for sighting in new:
            place = self._zones.place_at(sighting.x, sighting.y)
            self._places.append(place)
            if place is not None:
                self._counts[place.kind] = self._counts.get(place.kind, 0) + 1
        strays = self._find_strays()
        if strays != self._strays:
            self._strays = strays
            self._start_over()
        for position in range(len(self.kinds), len(self._places)):
            self._add(position)

    def _find_strays(self) -> tuple[ZoneKind, ...]:
        """Return where a passer-by's box strays off the sidewalk in a single image."""
        if self._counts.get(ZoneKind.SIDEWALK, 0) < _PASSER:
            return ()
        return tuple(
            kind for kind in (ZoneKind.YARD, ZoneKind.DRIVEWAY) if self._counts.get(kind) == 1
        )

    def _add(self, position: int) -> None:
        sightings = self.track.sightings
        sighting, place = sightings[position], self._places[position]
        if place is not None and place.kind in self._strays:
            place = None
        kind = None if place is None else place.kind
        self.images.append(sighting.image)
        on_grounds = kind in GROUNDS if self._zones.known else sighting.height >= NEAR
        if on_grounds:
            self.images_on_grounds.append(sighting.image)
        if position:
            before = sightings[position - 1]
            gap = min(sighting.second - before.second, _LONGEST_GAP)
            crossing = (self.kinds[-1], kind)
            self._seconds[crossing] = self._seconds.get(crossing, 0.0) + gap
            if before.height >= NEAR and sighting.height >= NEAR:
                self._near_seconds += gap
            self._farthest = max(self._farthest, _apart(sightings[0], sighting))
        self.kinds.append(kind)
        self.tallest = max(self.tallest, sighting.height)
        if sighting.confidence > self.best.confidence:
            self.best = sighting
        self._arrive(place, sighting.second)

    def _arrive(self, place: Place | None, second: float) -> None:
        """Count entries into each place; a box that wavers at the edge does not leave it."""
        if place is not None:
            since = self._last_in.get(place)
            if since is None or (place is not self._before and second - since > _AWAY):
                self._arrivals[place.kind] = self._arrivals.get(place.kind, 0) + 1
            self._last_in[place] = second
        self._before = place

    def describe(
        self, begins: int, *, came_out: bool, conduct: Conduct | None = None
    ) -> ObservedObject:
        """Return the summary; `begins` is the index of the event's first image."""
        track, arrivals = self.track, dict(self._arrivals)
        came_from = self.kinds[0]
        if came_out and came_from is not None:  # has not entered the door
            arrivals[came_from] -= 1
        return ObservedObject(
            label=track.label,
            confidence=self.best.confidence,
            box=self.best.box,
            first_seen=track.first.at,
            last_seen=track.last.at,
            images=len(track.sightings),
            movement=self._movement(),
            zones=frozenset(kind for kind in self._counts if kind not in self._strays),
            seconds=dict(self._seconds),
            arrivals=arrivals,
            near_seconds=self._near_seconds,
            tallest=self.tallest,
            came_from=came_from,
            came_out=came_out,
            rested_seconds=self._rested(),
            settled_seconds=self._settled(),
            earlier=track.last.image < begins,
            conduct=conduct,
        )

    def _movement(self) -> Movement:
        first, last = self.track.first, self.track.last
        if first is last:
            return Movement.UNKNOWN
        before, after = first.height, last.height
        if self._farthest < _STILL and before < _GROWTH * after and after < _GROWTH * before:
            return Movement.STILL
        if after >= _GROWTH * before:
            return Movement.APPROACHING
        if before >= _GROWTH * after:
            return Movement.LEAVING
        net = _apart(first, last)
        straight = net >= _PASSES and net >= _STRAIGHT * self._farthest
        return Movement.PASSING if straight else Movement.ROAMING

    def _rested(self) -> float:
        """Return the seconds at its first place before it moved off; 0 if it never moved."""
        first = self.track.first
        if self._farthest <= _STILL:
            return 0.0
        before = first
        for sighting in self.track.sightings:
            if _apart(sighting, first) > _STILL:
                return before.second - first.second
            before = sighting
        return 0.0

    def _settled(self) -> float:
        """Return the seconds at its last place; 0 if it was there from the start."""
        last = self.track.last
        if self._farthest <= _STILL / 2:  # no two sightings are farther apart than _STILL
            return 0.0
        since = last
        for sighting in reversed(self.track.sightings):
            if _apart(sighting, last) > _STILL:
                return last.second - since.second
            since = sighting
        return 0.0


def _apart(one: Sighting, other: Sighting) -> float:
    return hypot(one.x - other.x, one.y - other.y)
