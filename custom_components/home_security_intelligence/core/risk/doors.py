"""Whether a person came out of a door, which needs evidence.

A person whose first image shows them at a door may as well have walked up to it: cameras that wait
for motion take their first image late.
"""

from collections.abc import Sequence

from ..domain.models import Image
from ..domain.zones import ZoneKind
from .objects import PlacedTrack

_LOOKED = 15.0  # seconds; an image this long before shows who is on the way to the door
_AT_ONCE = 10.0  # seconds in which a person who came out is off the door again


def who_came_out(people: Sequence[PlacedTrack], images: Sequence[Image]) -> frozenset[int]:
    """Return the positions of the people who came out of a door.

    Evidence is an image shortly before that shows nobody at the door and nobody who may have
    walked there since, or that the person is off the door at once.
    """
    busy = {
        sighting.image
        for person in people
        for sighting, kind in zip(person.track.sightings, person.kinds, strict=True)
        if kind is ZoneKind.ENTRY_POINT
    }
    busy |= {person.track.last.image for person in people}
    return frozenset(
        position
        for position, person in enumerate(people)
        if person.kinds[0] is ZoneKind.ENTRY_POINT
        and (_was_empty(person, busy, images) or _leaves_at_once(person))
    )


def _was_empty(person: PlacedTrack, busy: set[int], images: Sequence[Image]) -> bool:
    index = person.track.first.image
    if index == 0 or index - 1 in busy:
        return False
    gap = images[index].captured_at - images[index - 1].captured_at
    return gap.total_seconds() <= _LOOKED


def _leaves_at_once(person: PlacedTrack) -> bool:
    if len(person.kinds) < 2 or person.kinds[1] is ZoneKind.ENTRY_POINT:
        return False
    second = person.track.sightings[1]
    return second.second - person.track.first.second <= _AT_ONCE
