"""Matching of detections across images to objects, by label, overlap and distance.

Images are seconds apart, so the boxes of a walking person need not overlap: a detection of the
same label within walking distance is the same object. Greedy and deterministic: the best overlap
first, then the shortest distance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ..domain.models import Box, Detection, Image
from .geometry import area, distance, ground_point, height, iou, overlap

VEHICLES = frozenset({"car", "truck", "bus", "motorcycle", "boat", "train"})
LIVING = frozenset(
    {"person", "dog", "cat", "bird", "horse", "sheep", "cow", "bear", "elephant", "zebra"}
)

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One object in one image; `index` is the image's position in the sequence."""

    index: int
    at: datetime
    confidence: float
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One object across images, by capture time."""

    label: str
    sightings: tuple[Sighting, ...]

    @property
    def first(self) -> Sighting:
        """The first sighting."""
        return self.sightings[0]

    @property
    def last(self) -> Sighting:
        """The last sighting."""
        return self.sightings[-1]


def track_objects(images: Sequence[Image]) -> tuple[Track, ...]:
    """Return the tracks of images in order of capture time, by first sighting."""
    tracks: list[Track] = []
    for index, image in enumerate(images):
        seen = [
            (
                detection.label,
                Sighting(
                    index=index,
                    at=image.captured_at,
                    confidence=detection.confidence,
                    box=detection.box,
                ),
            )
            for detection in without_duplicates(image.detections)
        ]
        _continue(tracks, seen)
    return tuple(tracks)


def without_duplicates(detections: Sequence[Detection]) -> tuple[Detection, ...]:
    """Return the detections without less confident duplicates of the same object."""
    kept: list[Detection] = []
    for candidate in sorted(detections, key=lambda each: -each.confidence):
        if not any(_is_double(candidate, other) for other in kept):
            kept.append(candidate)
    return tuple(kept)


def _is_double(one: Detection, other: Detection) -> bool:
    if one.label != other.label and not {one.label, other.label} <= VEHICLES:
        return False
    smaller = min(area(one.box), area(other.box))
    return iou(one.box, other.box) >= _DOUBLE_IOU or (
        one.label == other.label
        and overlap(one.box, other.box) >= _DOUBLE_INSIDE * smaller > 0
        and height(one.box) > 0.6 * height(other.box)
    )


def _continue(tracks: list[Track], seen: list[tuple[str, Sighting]]) -> None:
    pairs = sorted(
        (cost, number, position)
        for number, track in enumerate(tracks)
        for position, (label, sighting) in enumerate(seen)
        if label == track.label and (cost := _cost(track, sighting)) is not None
    )
    taken: set[int] = set()
    continued: set[int] = set()
    for _, number, position in pairs:
        if number in continued or position in taken:
            continue
        continued.add(number)
        taken.add(position)
        track = tracks[number]
        tracks[number] = Track(label=track.label, sightings=(*track.sightings, seen[position][1]))
    tracks.extend(
        Track(label=label, sightings=(sighting,))
        for position, (label, sighting) in enumerate(seen)
        if position not in taken
    )


def _cost(track: Track, sighting: Sighting) -> tuple[float, float, float] | None:
    """Return the cost of a match, None if it is impossible; a recent track costs less."""
    last = track.last
    gap = (sighting.at - last.at).total_seconds()
    shared = iou(last.box, sighting.box)
    way = distance(ground_point(last.box), ground_point(sighting.box))
    if gap > (_LIVING_MEMORY if track.label in LIVING else _THING_MEMORY):
        return None
    if shared >= _SAME_IOU:
        return (1 - shared, gap, way)
    if way > _reach(track, gap) or gap > _LIVING_MEMORY:
        return None
    tall, taller = sorted((height(last.box), height(sighting.box)))
    if taller > _MAX_GROWTH * tall:
        return None
    return (1.0, gap, way)


def _reach(track: Track, gap: float) -> float:
    if track.label not in LIVING | VEHICLES | {"bicycle"}:
        return _THING_REACH
    reach = min(_REACH + _SPEED * gap, _FARTHEST)
    if track.label in VEHICLES and len(track.sightings) > 2:
        before = track.sightings[-2]
        if iou(before.box, track.last.box) >= _DOUBLE_IOU:
            return min(reach, _PARKED_REACH)
    return reach
