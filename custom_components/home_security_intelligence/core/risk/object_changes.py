"""Objects that were put down or taken away while a person was there."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ..domain.models import Box, Image
from .geometry import area, distance, ground_point, grown, holds, overlap
from .tracking import Track

RIDDEN = frozenset({"bicycle", "motorcycle"})
THINGS = RIDDEN | {
    "package", "parcel", "box", "suitcase", "backpack", "handbag", "potted plant", "bench",
}  # fmt: skip

_AT_HAND = 1.0  # of the object's width and height: within reach
_HIDDEN = 0.3  # of the object's box behind a person: it may still be there
_STAYED = 0.08  # of the image: less is no movement
_GONE_FROM = 0.15  # of the image: farther away counts as carried off


class Change(StrEnum):
    """What happened to an object."""

    BROUGHT = "brought"  # it appeared where a person was, and stayed
    TAKEN_AWAY = "taken_away"  # it disappeared, and the person near it left
    TAKEN_IN = "taken_in"  # it disappeared, and the person near it was last seen there


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectChange:
    """An object that was put down or taken, and the index of the first image that shows it."""

    label: str
    change: Change
    index: int


def changes(tracks: Sequence[Track], images: Sequence[Image]) -> tuple[ObjectChange, ...]:
    """Return the objects that were put down or taken; `tracks` belong to `images`."""
    people = [track for track in tracks if track.label == "person"]
    found = [
        change
        for track in tracks
        if track.label in THINGS
        for change in (_brought(track, people), _taken(track, people, images))
        if change is not None
    ]
    return tuple(found)


def _brought(thing: Track, people: Sequence[Track]) -> ObjectChange | None:
    if len(thing.sightings) < 2:
        return None
    for person in people:
        came = person.first.index <= thing.first.index and any(
            abs(sighting.index - thing.first.index) <= 1 and _at_hand(thing.first.box, sighting.box)
            for sighting in person.sightings
        )
        left = person.last.index < thing.last.index or (
            person.last.index == thing.last.index
            and _apart(person.last.box, thing.last.box) > _GONE_FROM
        )
        if came and left:
            return ObjectChange(label=thing.label, change=Change.BROUGHT, index=thing.last.index)
    return None


def _taken(thing: Track, people: Sequence[Track], images: Sequence[Image]) -> ObjectChange | None:
    # Its first place: an object that moves off with a person was taken, too.
    place = thing.first.box
    moved_off = next(
        (each for each in thing.sightings if _apart(place, each.box) > _GONE_FROM), None
    )
    if moved_off is None:
        missing = _missing_since(thing, people, images)
        if missing is None:
            return None
        last_there, gone = thing.last.index, missing
    else:
        last_there = max(each.index for each in thing.sightings if each.index < moved_off.index)
        gone = moved_off.index
    takers = [
        person
        for person in people
        if person.last.index > last_there - 1
        and any(
            last_there - 1 <= sighting.index <= gone and _at_hand(place, sighting.box)
            for sighting in person.sightings
        )
    ]
    if not takers or _carried_in(thing, takers) or not _at_rest(thing):
        return None
    off = any(_apart(place, person.last.box) > _GONE_FROM for person in takers)
    return ObjectChange(
        label=thing.label, change=Change.TAKEN_AWAY if off else Change.TAKEN_IN, index=gone
    )


def _missing_since(thing: Track, people: Sequence[Track], images: Sequence[Image]) -> int | None:
    """Return the first image in which the object is missing and not hidden."""
    for index in range(thing.last.index + 1, len(images)):
        before_it = [
            sighting.box
            for person in people
            for sighting in person.sightings
            if sighting.index == index
        ]
        if not any(_hides(box, thing.last.box) for box in before_it):
            return index
    return None


def _carried_in(thing: Track, takers: Sequence[Track]) -> bool:
    """Tell whether the object arrived together with one of the people."""
    return any(
        thing.first.index - 1 <= sighting.index <= thing.first.index
        and _at_hand(thing.first.box, sighting.box)
        for person in takers
        for sighting in person.sightings
    )


def _at_rest(thing: Track) -> bool:
    """Tell whether the object stood still at first; a ridden one never does."""
    if thing.label not in RIDDEN:
        return True
    return len(thing.sightings) > 1 and _apart(thing.first.box, thing.sightings[1].box) <= _STAYED


def _hides(person: Box, thing: Box) -> bool:
    return overlap(person, thing) >= _HIDDEN * area(thing)


def _at_hand(thing: Box, person: Box) -> bool:
    near = grown(thing, _AT_HAND)
    return holds(near, ground_point(person)) or overlap(near, person) > 0


def _apart(one: Box, other: Box) -> float:
    return distance(ground_point(one), ground_point(other))
