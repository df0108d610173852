"""Matching of detections across images to objects, by label, overlap and distance.

Images are seconds apart, so the boxes of a walking person need not overlap: a detection of the
same label within walking distance is the same object. Greedy and deterministic: the best overlap
first, then the shortest distance.
"""

from collections.abc import Sequence
from datetime import datetime
from math import hypot
from typing import NamedTuple

from ..domain.models import Box, Detection, Image
from .geometry import area, height, iou, overlap

VEHICLES = frozenset({"car", "truck", "bus", "motorcycle", "boat", "train"})
LIVING = frozenset(
    {"person", "dog", "cat", "bird", "horse", "sheep", "cow", "bear", "elephant", "zebra"}
)
_MOVING = LIVING | VEHICLES | {"bicycle"}

_DOUBLE_IOU = 0.6  # boxes of one label with this overlap are one object detected twice
_DOUBLE_INSIDE = 0.85  # or this share of the smaller box lies in the larger one
_SAME_IOU = 0.25  # boxes of two images with this overlap are one object
_THING_MEMORY = 1800.0  # seconds that a lifeless object may go undetected
_LIVING_MEMORY = 45.0  # seconds after which a living object elsewhere is another one
_REACH = 0.12  # of the image, from one image to the next
_SPEED = 0.1  # of the image per second, added to the reach
_FARTHEST = 0.75  # of the image
_THING_REACH = 0.05  # of the image, for objects that do not move by themselves
_PARKED_REACH = 0.2  # of the image, for a vehicle that stood still
_MAX_GROWTH = 5.0  # factor of height from one image to the next


class Sighting(NamedTuple):
    """One object in one image; `image` is the image's position in the sequence."""

    image: int
    second: float  # since the first image
    at: datetime
    confidence: float
    box: Box
    x: float  # of the ground point
    y: float
    height: float
    area: float


class Track:
    """One object across images, by capture time; it grows with the images."""

    __slots__ = ("label", "memory", "sightings")

    def __init__(self, label: str, first: Sighting) -> None:
        """Begin with the first sighting."""
        self.label = label
        self.memory = _LIVING_MEMORY if label in LIVING else _THING_MEMORY  # seconds
        self.sightings = [first]

    @property
    def first(self) -> Sighting:
        """The first sighting."""
        return self.sightings[0]

    @property
    def last(self) -> Sighting:
        """The last sighting."""
        return self.sightings[-1]


class Tracker:
    """Tracks the objects of images that come in order of capture time."""

    def __init__(self) -> None:
        """Begin without images."""
        self.tracks: list[Track] = []  # by first sighting
        self.times: list[datetime] = []  # of the images
        self.seconds: list[float] = []  # the same since the first image
        self._growing: list[Track] = []  # those that a detection may still continue

    def add(self, image: Image) -> Sequence[Track]:
        """Return the tracks that one more image shows; raises ValueError if it is out of order."""
        if self.times and image.captured_at < self.times[-1]:
            raise ValueError("the image was captured before the last one")
        self.times.append(image.captured_at)
        second = (image.captured_at - self.times[0]).total_seconds()
        self.seconds.append(second)
        if not image.detections:
            return ()
        self._growing = [each for each in self._growing if second - each.last.second <= each.memory]
        shown, new = _match(self._growing, _sightings(len(self.times) - 1, second, image))
        self._growing += new
        self.tracks += new
        return [*shown, *new]


def _sightings(index: int, second: float, image: Image) -> list[tuple[str, Sighting]]:
    at = image.captured_at
    found = []
    for detection in without_duplicates(image.detections):
        box = detection.box
        x1, x2, y2 = box.x1, box.x2, box.y2
        tall = y2 - box.y1
        sighting = Sighting(
            index, second, at, detection.confidence, box, (x1 + x2) / 2, y2, tall, tall * (x2 - x1)
        )
        found.append((detection.label, sighting))
    return found


def without_duplicates(detections: Sequence[Detection]) -> tuple[Detection, ...]:
    """Return the detections without less confident duplicates of the same object."""
    if len(detections) < 2:
        return tuple(detections)
    kept: list[Detection] = []
    for candidate in sorted(detections, key=lambda each: -each.confidence):
        if not any(_is_double(candidate, other) for other in kept):
            kept.append(candidate)
    return tuple(kept)


def _is_double(one: Detection, other: Detection) -> bool:
    same = one.label == other.label
    if not same and not (one.label in VEHICLES and other.label in VEHICLES):
        return False
    shared = overlap(one.box, other.box)
    if shared == 0:
        return False
    areas = area(one.box), area(other.box)
    return shared >= _DOUBLE_IOU * (sum(areas) - shared) or (
        same and shared >= _DOUBLE_INSIDE * min(areas) and height(one.box) > 0.6 * height(other.box)
    )


def _match(
    growing: Sequence[Track], seen: Sequence[tuple[str, Sighting]]
) -> tuple[list[Track], list[Track]]:
    """Add the detections of one image to the tracks that they continue.

    Return the continued tracks and the new ones.
    """
    pairs = [
        (cost, number, position)
        for number, track in enumerate(growing)
        for position, (label, sighting) in enumerate(seen)
        if label == track.label and (cost := _cost(track, sighting)) is not None
    ]
    pairs.sort()
    taken: set[int] = set()
    continued: dict[int, Track] = {}
    for _, number, position in pairs:
        if number in continued or position in taken:
            continue
        taken.add(position)
        continued[number] = growing[number]
        growing[number].sightings.append(seen[position][1])
    new = [
        Track(label, sighting)
        for position, (label, sighting) in enumerate(seen)
        if position not in taken
    ]
    return list(continued.values()), new


def _cost(track: Track, sighting: Sighting) -> tuple[float, float, float] | None:
    """Return the cost of a match, None if it is impossible; a recent track costs less."""
    last = track.sightings[-1]
    gap = sighting.second - last.second
    way = hypot(last.x - sighting.x, last.y - sighting.y)
    shared = overlap(last.box, sighting.box)
    if shared > 0:
        share = shared / (last.area + sighting.area - shared)
        if share >= _SAME_IOU:
            return (1 - share, gap, way)
    if gap > _LIVING_MEMORY or way > _reach(track, gap):
        return None
    if last.height > _MAX_GROWTH * sighting.height or sighting.height > _MAX_GROWTH * last.height:
        return None
    return (1.0, gap, way)


def _reach(track: Track, gap: float) -> float:
    if track.label not in _MOVING:
        return _THING_REACH
    reach = min(_REACH + _SPEED * gap, _FARTHEST)
    if track.label in VEHICLES and len(track.sightings) > 2:
        before, last = track.sightings[-2:]
        if iou(before.box, last.box) >= _DOUBLE_IOU:
            return min(reach, _PARKED_REACH)
    return reach
