"""Objects that were put down or taken away while a person was there."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ..domain.models import Box
from .geometry import area, distance, ground_point, grown, holds, iou, overlap
from .tracking import Sighting, Track

RIDDEN = frozenset({"bicycle", "motorcycle"})
THINGS = RIDDEN | {
    "package", "parcel", "box", "suitcase", "backpack", "handbag", "potted plant", "bench",
}  # fmt: skip

_AT_HAND = 1.0  # of the object's width and height: within reach
_HIDDEN = 0.3  # of the object's box behind a person: it may still be there
_STAYED = 0.08  # of the image: less is no movement
_SAME = 0.3  # overlap of two boxes at the same place
_LATEST = 12  # sightings
_MISSED = 0.1  # of the images in which an object is there, the detector misses it, at least
_DOUBT = 0.12  # chance below which an object that is not detected counts as gone
_DOUBT_AT_ONCE = 0.003  # the same until it has been gone for so long, as misses come in a row
_PAUSE = 10.0  # seconds
_PARKED = 3.0  # seconds at one place before a bicycle counts as parked
_GONE_FROM = 0.15  # of the image: farther away counts as carried off


class Change(StrEnum):
    """What happened to an object."""

    BROUGHT = "brought"  # it appeared where a person was, and stayed
    TAKEN_AWAY = "taken_away"  # it disappeared, and the person near it left
    TAKEN_IN = "taken_in"  # it disappeared, and the person near it was last seen there


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectChange:
    """An object that was put down or taken, and the index of the first image that shows it.

    `last_seen_person` is the index of the last image of the person who did it.
    """

    label: str
    change: Change
    index: int
    last_seen_person: int
    place: Box


class PeopleByImage:
    """The people of a scene, by image; it grows with the images."""

    def __init__(self) -> None:
        """Begin without people."""
        self._by_image: dict[int, list[tuple[Track, Box]]] = {}

    def add(self, track: Track) -> None:
        """Note a person's last sighting."""
        last = track.last
        self._by_image.setdefault(last.image, []).append((track, last.box))

    def boxes_in(self, index: int) -> list[Box]:
        """Return the people's boxes in one image."""
        return [box for _, box in self._by_image.get(index, ())]

    def near(self, place: Box, first: int, last: int) -> list[Track]:
        """Return the people who were within reach of a place, in images from first to last."""
        found: dict[int, Track] = {}
        for index in range(first, last + 1):
            for track, box in self._by_image.get(index, ()):
                if id(track) not in found and _at_hand(place, box):
                    found[id(track)] = track
        return list(found.values())


def changes(
    tracks: Sequence[Track], people: PeopleByImage, times: Sequence[float]
) -> tuple[ObjectChange, ...]:
    """Return the objects that were put down or taken; `times` are the images' seconds."""
    found = (
        change
        for track in tracks
        if track.label in THINGS
        for change in (_brought(track, people), _taken(track, people, times))
    )
    return tuple(
        change
        for change in found
        if change is not None
        and (change.change is Change.BROUGHT or not _still_there(change, tracks))
    )


def _still_there(change: ObjectChange, tracks: Sequence[Track]) -> bool:
    """Tell whether an object like the one that is gone stands at its place: it was confused."""
    return any(
        sighting.image >= change.index and iou(sighting.box, change.place) >= _SAME
        for track in tracks
        if track.label == change.label
        for sighting in reversed(track.sightings[-_LATEST:])
    )


def _brought(thing: Track, people: PeopleByImage) -> ObjectChange | None:
    if thing.label in RIDDEN:
        return None
    for person in people.near(thing.first.box, thing.first.image - 1, thing.first.image + 1):
        if person.first.image > thing.first.image:
            continue
        left_behind = next((each for each in thing.sightings if _has_left(person, each)), None)
        if left_behind is not None:
            return ObjectChange(
                label=thing.label,
                change=Change.BROUGHT,
                index=left_behind.image,
                last_seen_person=person.last.image,
                place=thing.first.box,
            )
    return None


def _has_left(person: Track, thing: Sighting) -> bool:
    """Tell whether an image of an object shows that a person has left it."""
    return person.last.image < thing.image or (
        person.last.image == thing.image and _apart(person.last.box, thing.box) > _GONE_FROM
    )


def _taken(thing: Track, people: PeopleByImage, times: Sequence[float]) -> ObjectChange | None:
    # Its first place: an object that moves off with a person was taken, too.
    place = thing.first.box
    moved_off = next(
        (each for each in thing.sightings if _apart(place, each.box) > _GONE_FROM), None
    )
    if moved_off is None:
        missing = _missing_since(thing, people, times)
        if missing is None:
            return None
        last_there, gone = thing.last.image, missing
    else:
        last_there = max(each.image for each in thing.sightings if each.image < moved_off.image)
        gone = moved_off.image
    takers = [
        person
        for person in people.near(place, last_there - 1, gone)
        if person.last.image > last_there - 1
    ]
    if not takers or _carried_in(thing, takers, people) or not _at_rest(thing):
        return None
    off = any(_apart(place, person.last.box) > _GONE_FROM for person in takers)
    return ObjectChange(
        label=thing.label,
        change=Change.TAKEN_AWAY if off else Change.TAKEN_IN,
        index=gone,
        last_seen_person=max(person.last.image for person in takers),
        place=place,
    )


def _missing_since(thing: Track, people: PeopleByImage, times: Sequence[float]) -> int | None:
    """Return the first image in which the object is missing and not hidden."""
    first = None
    doubt = 1.0
    seen = len(thing.sightings)
    missed = max(1 - seen / (thing.last.image - thing.first.image + 1), _MISSED)
    for index in range(thing.last.image + 1, len(times)):
        if any(_hides(box, thing.last.box) for box in people.boxes_in(index)):
            continue
        first = index if first is None else first
        doubt *= missed
        gone = times[index] - thing.last.second
        if doubt < (_DOUBT if gone >= _PAUSE else _DOUBT_AT_ONCE):
            return first
    return None


def _carried_in(thing: Track, takers: Sequence[Track], people: PeopleByImage) -> bool:
    """Tell whether the object arrived together with one of the people."""
    arrived = people.near(thing.first.box, thing.first.image - 1, thing.first.image)
    return any(person is taker for person in arrived for taker in takers)


def _at_rest(thing: Track) -> bool:
    """Tell whether the object stood still at first; a ridden one never does."""
    if thing.label not in RIDDEN:
        return True
    return any(
        each.second - thing.first.second >= _PARKED and _apart(thing.first.box, each.box) <= _STAYED
        for each in thing.sightings[1:]
    )


def _hides(person: Box, thing: Box) -> bool:
    return overlap(person, thing) >= _HIDDEN * area(thing)


def _at_hand(thing: Box, person: Box) -> bool:
    near = grown(thing, _AT_HAND)
    return holds(near, ground_point(person)) or overlap(near, person) > 0


def _apart(one: Box, other: Box) -> float:
    return distance(ground_point(one), ground_point(other))
