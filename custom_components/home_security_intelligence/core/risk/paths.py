"""The ways that people walked during an event."""

from collections.abc import Sequence

from ..domain.models import Image
from ..domain.zones import Corner
from .objects import SURE
from .tracking import Track, Tracker

type Path = tuple[tuple[float, Corner], ...]


def paths_of_people(images: Sequence[Image]) -> tuple[Path, ...]:
    """Return the path of each confirmed person, by first sighting.

    A step is the seconds since the first image and the point on the ground, 0-1 of the image.
    Raises ValueError unless the images are in order of capture time.
    """
    tracker = Tracker()
    for image in images:
        tracker.add(image)
    return tuple(
        tuple((sighting.second, (sighting.x, sighting.y)) for sighting in track.sightings)
        for track in tracker.tracks
        if track.label == "person" and _is_confirmed(track)
    )


def _is_confirmed(track: Track) -> bool:
    return len(track.sightings) > 1 or track.first.confidence >= SURE
