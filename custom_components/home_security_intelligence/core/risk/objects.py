"""Summary of one tracked object: stays, visits and movement."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..domain.context import GROUNDS
from ..domain.models import Box
from ..domain.movement import Movement
from ..domain.zones import Zone, ZoneKind
from .geometry import distance, ground_point, height, inside
from .tracking import Sighting, Track

NEAR = 0.45  # of the image's height: a person this tall is close to the camera

_LONGEST_GAP = 60.0  # seconds between two sightings that still count as one stay
_AWAY = 10.0  # seconds between two images in a zone, with one outside, that make two visits
_PASSER = 3  # images on the pavement
_STILL = 0.06  # of the image
_GROWTH = 1.3  # times the height
_PASSES = 0.3  # of the image
_STRAIGHT = 0.7  # net distance as a share of the farthest distance


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """An object's time in zones of one kind, and how often it entered them."""

    kind: ZoneKind
    seconds: float
    visits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedObject:
    """One object during an event; `box` is from its image with the highest confidence."""

    label: str
    confidence: float  # the highest, 0-1
    box: Box
    first_seen: datetime
    last_seen: datetime
    images: int
    movement: Movement
    stays: tuple[Stay, ...]
    near_seconds: float  # close to the camera
    grounds_seconds: float  # in any zone of private ground
    tallest: float  # of the image's height
    came_from: frozenset[ZoneKind]  # the zones of its first sighting
    settled_seconds: float  # at its last place, after it moved there
    earlier: bool  # seen only before the event

    @property
    def dwell(self) -> float:
        """Seconds from its first to its last image."""
        return (self.last_seen - self.first_seen).total_seconds()

    @property
    def zones(self) -> frozenset[ZoneKind]:
        """The kinds of zones it was in."""
        return frozenset(stay.kind for stay in self.stays)

    def stay(self, *kinds: ZoneKind) -> float:
        """Return the seconds it was in zones of these kinds."""
        return sum(stay.seconds for stay in self.stays if stay.kind in kinds)

    def visits(self, kind: ZoneKind) -> int:
        """Return how often it entered zones of a kind."""
        return sum(stay.visits for stay in self.stays if stay.kind is kind)


def describe_track(track: Track, zones: Sequence[Zone], started_at: datetime) -> ObservedObject:
    """Summarize a track; `started_at` is the start of the event."""
    best = max(track.sightings, key=lambda each: each.confidence)
    places = _without_strays([_kinds_at(each, zones) for each in track.sightings])
    return ObservedObject(
        label=track.label,
        confidence=best.confidence,
        box=best.box,
        first_seen=track.first.at,
        last_seen=track.last.at,
        images=len(track.sightings),
        movement=_movement(track),
        stays=tuple(
            stay for kind in ZoneKind if (stay := _stay(kind, track, places, zones)) is not None
        ),
        grounds_seconds=_seconds(track, [bool(place & GROUNDS) for place in places]),
        near_seconds=_seconds(track, [height(each.box) >= NEAR for each in track.sightings]),
        tallest=max(height(each.box) for each in track.sightings),
        came_from=places[0],
        settled_seconds=_settled(track),
        earlier=track.last.at < started_at,
    )


def _kinds_at(sighting: Sighting, zones: Sequence[Zone]) -> frozenset[ZoneKind]:
    point = ground_point(sighting.box)
    return frozenset(zone.kind for zone in zones if inside(point, zone.polygon))


def _without_strays(places: Sequence[frozenset[ZoneKind]]) -> list[frozenset[ZoneKind]]:
    """Drop the single image in which a passer-by's box strays off the pavement."""
    on_pavement = sum(ZoneKind.SIDEWALK in place for place in places)
    if on_pavement < _PASSER:
        return list(places)
    strays = {
        kind
        for kind in (ZoneKind.YARD, ZoneKind.DRIVEWAY)
        if sum(kind in place for place in places) == 1
    }
    return [place - strays for place in places]


def _stay(
    kind: ZoneKind,
    track: Track,
    places: Sequence[frozenset[ZoneKind]],
    zones: Sequence[Zone],
) -> Stay | None:
    there = [kind in place for place in places]
    if not any(there):
        return None
    return Stay(
        kind=kind,
        seconds=_seconds(track, there),
        visits=sum(_visits(track, zone) for zone in zones if zone.kind is kind),
    )


def _visits(track: Track, zone: Zone) -> int:
    """Count entries into a zone; a box that wavers at the edge does not leave it."""
    visits = 0
    was_in: datetime | None = None
    was_out = False
    for sighting in track.sightings:
        if not inside(ground_point(sighting.box), zone.polygon):
            was_out = True
            continue
        if was_in is None or (was_out and (sighting.at - was_in).total_seconds() > _AWAY):
            visits += 1
        was_in, was_out = sighting.at, False
    return visits


def _seconds(track: Track, there: Sequence[bool]) -> float:
    """Return the time between consecutive sightings that both count."""
    return sum(
        min((after.at - before.at).total_seconds(), _LONGEST_GAP)
        for before, after, was, still_is in zip(
            track.sightings, track.sightings[1:], there, there[1:], strict=False
        )
        if was and still_is
    )


def _movement(track: Track) -> Movement:
    if len(track.sightings) < 2:
        return Movement.UNKNOWN
    start = ground_point(track.first.box)
    ways = _ways(start, track.sightings)
    farthest = max(ways)
    before, after = height(track.first.box), height(track.last.box)
    if farthest < _STILL and before < _GROWTH * after and after < _GROWTH * before:
        return Movement.STILL
    if after >= _GROWTH * before:
        return Movement.APPROACHING
    if before >= _GROWTH * after:
        return Movement.LEAVING
    net = ways[-1]
    return Movement.PASSING if net >= _PASSES and net >= _STRAIGHT * farthest else Movement.ROAMING


def _settled(track: Track) -> float:
    """Return the seconds at its last place; 0 if it was there from the start."""
    end = ground_point(track.last.box)
    since = track.last
    for sighting in reversed(track.sightings):
        if distance(ground_point(sighting.box), end) > _STILL:
            return (track.last.at - since.at).total_seconds()
        since = sighting
    return 0.0


def _ways(start: tuple[float, float], sightings: Iterable[Sighting]) -> list[float]:
    return [distance(start, ground_point(sighting.box)) for sighting in sightings]
