"""Whether a person came out of a door, which needs evidence.

A person whose first image shows them at a door may as well have walked up to it: cameras that wait
for motion take their first image late.
"""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter

from ..domain.zones import ZoneKind
from .objects import Walk

_LOOKED = 15.0  # seconds; an image this long before shows who is on the way to the door
_AT_ONCE = 10.0  # seconds in which a person who came out is off the door again


def came_out(person: Walk, people: Sequence[Walk], times: Sequence[datetime]) -> bool:
    """Tell whether a person came out of a door.

    Evidence is an image shortly before that shows no person at the door and none who may have
    walked there since, or that the person is off the door at once. `times` are those of the images.
    """
    if person.kinds[0] is not ZoneKind.ENTRY_POINT or not person.began_at_house_door:
        return False
    return _leaves_at_once(person) or _was_empty(person, people, times)


def _leaves_at_once(person: Walk) -> bool:
    if len(person.kinds) < 2 or person.kinds[1] is ZoneKind.ENTRY_POINT:
        return False
    first, second = person.track.sightings[:2]
    return second.second - first.second <= _AT_ONCE


def _was_empty(person: Walk, people: Sequence[Walk], times: Sequence[datetime]) -> bool:
    index = person.track.first.image
    if index == 0 or (times[index] - times[index - 1]).total_seconds() > _LOOKED:
        return False
    return not any(_is_at_the_door(each, index - 1) for each in people)


def _is_at_the_door(person: Walk, index: int) -> bool:
    """Tell whether an image shows a person at a door, or on the way to it for the last time."""
    sightings = person.track.sightings
    position = bisect_left(sightings, index, key=attrgetter("image"))
    if position == len(sightings) or sightings[position].image != index:
        return False
    return position == len(sightings) - 1 or person.kinds[position] is ZoneKind.ENTRY_POINT
