"""Summary of one tracked object: stays, visits and movement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import hypot

from ..domain.context import GROUNDS
from ..domain.models import Box
from ..domain.movement import Movement
from ..domain.zones import ZoneKind
from .tracking import Sighting, Track
from .zone_map import Place, ZoneMap

SURE = 0.65  # the confidence at which one image confirms an object
NEAR = 0.45  # of the image's height: a person this tall is close to the camera

_LONGEST_GAP = 60.0  # seconds between two sightings that still count as one stay
_AWAY = 10.0  # seconds between two images in a zone, with one outside, that make two visits
_PASSER = 3  # images on the pavement
_STILL = 0.06  # of the image
_GROWTH = 1.3  # times the height
_PASSES = 0.3  # of the image
_STRAIGHT = 0.7  # net distance as a share of the farthest distance


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
    settled_seconds: float  # at its last place, after it moved there
    earlier: bool  # seen only before the event

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


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedTrack:
    """A track and the place of each of its sightings, None outside all zones."""

    track: Track
    places: tuple[Place | None, ...]

    @property
    def confirmed(self) -> bool:
        """Whether it has several sightings, or one with high confidence."""
        return len(self.track.sightings) > 1 or self.track.first.confidence >= SURE

    @property
    def kinds(self) -> tuple[ZoneKind | None, ...]:
        """The kind of zone of each sighting."""
        return _kinds(self.places)


def _kinds(places: Sequence[Place | None]) -> tuple[ZoneKind | None, ...]:
    return tuple(None if place is None else place.kind for place in places)


def place_track(track: Track, zones: ZoneMap) -> PlacedTrack:
    """Look up where a track's object stood."""
    places = [zones.place_at(each.x, each.y) for each in track.sightings]
    return PlacedTrack(track=track, places=_without_strays(places))


def describe_track(
    placed: PlacedTrack, started_at: datetime, *, came_out: bool = False
) -> ObservedObject:
    """Summarize a track; `started_at` is the start of the event."""
    track, places = placed.track, placed.places
    sightings = track.sightings
    best = max(sightings, key=lambda each: each.confidence)
    kinds = placed.kinds
    seconds: dict[Crossing, float] = {}
    near_seconds = 0.0
    for i in range(1, len(sightings)):
        before, after = sightings[i - 1], sightings[i]
        gap = min(after.second - before.second, _LONGEST_GAP)
        crossing = (kinds[i - 1], kinds[i])
        seconds[crossing] = seconds.get(crossing, 0.0) + gap
        if before.height >= NEAR and after.height >= NEAR:
            near_seconds += gap
    return ObservedObject(
        label=track.label,
        confidence=best.confidence,
        box=best.box,
        first_seen=track.first.at,
        last_seen=track.last.at,
        images=len(sightings),
        movement=_movement(track),
        zones=frozenset(kind for kind in kinds if kind is not None),
        seconds=seconds,
        arrivals=_arrivals(track, places, came_out=came_out),
        near_seconds=near_seconds,
        tallest=max(each.height for each in sightings),
        came_from=kinds[0],
        came_out=came_out,
        settled_seconds=_settled(track),
        earlier=track.last.at < started_at,
    )


def _without_strays(places: Sequence[Place | None]) -> tuple[Place | None, ...]:
    """Drop the single image in which a passer-by's box strays off the pavement."""
    kinds = _kinds(places)
    if kinds.count(ZoneKind.SIDEWALK) < _PASSER:
        return tuple(places)
    strays = [kind for kind in (ZoneKind.YARD, ZoneKind.DRIVEWAY) if kinds.count(kind) == 1]
    return tuple(None if place is not None and place.kind in strays else place for place in places)


def _arrivals(
    track: Track, places: Sequence[Place | None], *, came_out: bool
) -> dict[ZoneKind, int]:
    """Count entries into each place; a box that wavers at the edge does not leave it.

    Whoever came out of a door has not entered it.
    """
    arrivals: dict[ZoneKind, int] = {}
    last_in: dict[Place, float] = {}
    before: Place | None = None
    for position, (place, sighting) in enumerate(zip(places, track.sightings, strict=True)):
        if place is not None:
            since = last_in.get(place)
            back = since is not None and place != before and sighting.second - since > _AWAY
            if (since is None and not (came_out and position == 0)) or back:
                arrivals[place.kind] = arrivals.get(place.kind, 0) + 1
            last_in[place] = sighting.second
        before = place
    return arrivals


def _movement(track: Track) -> Movement:
    if len(track.sightings) < 2:
        return Movement.UNKNOWN
    first = track.first
    farthest = max(_apart(first, each) for each in track.sightings)
    before, after = first.height, track.last.height
    if farthest < _STILL and before < _GROWTH * after and after < _GROWTH * before:
        return Movement.STILL
    if after >= _GROWTH * before:
        return Movement.APPROACHING
    if before >= _GROWTH * after:
        return Movement.LEAVING
    net = _apart(first, track.last)
    return Movement.PASSING if net >= _PASSES and net >= _STRAIGHT * farthest else Movement.ROAMING


def _settled(track: Track) -> float:
    """Return the seconds at its last place; 0 if it was there from the start."""
    since = track.last
    for sighting in reversed(track.sightings):
        if _apart(sighting, track.last) > _STILL:
            return track.last.second - since.second
        since = sighting
    return 0.0


def _apart(one: Sighting, other: Sighting) -> float:
    return hypot(one.x - other.x, one.y - other.y)
