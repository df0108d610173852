"""The objects of an event's images and of those before it; the scene grows image by image."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from ..domain.models import Image
from ..domain.zones import Zone
from .conduct import ConductLog
from .doors import came_out
from .object_changes import Change, ObjectChange, PeopleByImage, changes
from .objects import ObservedObject, Walk
from .tracking import VEHICLES, Track, Tracker
from .zone_map import zone_map

_VEHICLE_MEMORY = 60.0  # seconds that a vehicle hidden by a person is taken to be still there


class Scene:
    """What a camera saw before and during an event.

    Images are added in order of capture time. An image costs the same however many came before it,
    so that an open event can be judged with each image.
    """

    def __init__(self, zones: Sequence[Zone], history: Sequence[Image]) -> None:
        """Begin with the images before the event."""
        self._zones = zone_map(tuple(zones))
        self._tracker = Tracker()
        self._started: list[Walk] = []  # by first sighting
        self._people = PeopleByImage()
        self._conduct: dict[int, ConductLog] = {}  # by the id of the person's track
        self._ended_at: datetime | None = None
        for image in history:
            self._follow(image)
        self._begins = len(history)

    @property
    def image_count(self) -> int:
        """The number of images of the event."""
        return len(self._tracker.times) - self._begins

    @property
    def started_at(self) -> datetime:
        """When the event's first image was captured."""
        return self._tracker.times[self._begins]

    @property
    def ended_at(self) -> datetime:
        """When the event's last image with an object was captured."""
        return self._ended_at or self.started_at

    def add(self, image: Image) -> None:
        """Add an image of the event; raises ValueError if it was captured before the last one."""
        self._follow(image)
        if image.detections:
            self._ended_at = image.captured_at

    @property
    def until(self) -> datetime:
        """When the latest image was captured."""
        return self._tracker.times[-1]

    def _follow(self, image: Image) -> None:
        people = [track for track in self._tracker.add(image) if track.label == "person"]
        if not people:
            return
        now = people[0].last.second
        vehicles = [
            track
            for track in self._tracker.tracks
            if track.label in VEHICLES and now - track.last.second <= _VEHICLE_MEMORY
        ]
        for track in people:
            self._people.add(track)
            self._conduct_of(track).add(self._zones.place_at(track.last.x, track.last.y), vehicles)

    def _conduct_of(self, track: Track) -> ConductLog:
        return self._conduct.setdefault(id(track), ConductLog(track))

    def _walks(self) -> list[Walk]:
        """Return what the objects did, by first sighting."""
        tracks, walks = self._tracker.tracks, self._started
        walks += [Walk(track, self._zones) for track in tracks[len(walks) :]]
        for walk in walks:
            walk.advance()
        return walks

    def objects(self) -> tuple[ObservedObject, ...]:
        """Return the objects, including those seen only before the event."""
        walks, times = self._walks(), self._tracker.times
        people = [walk for walk in walks if walk.track.label == "person"]
        return tuple(
            walk.describe(
                self._begins,
                came_out=walk.track.label == "person" and came_out(walk, people, times),
                conduct=self._conduct[id(walk.track)].conduct()
                if walk.track.label == "person"
                else None,
            )
            for walk in walks
        )

    def object_changes(self) -> tuple[ObjectChange, ...]:
        """Return what was put down or taken during the event."""
        found = changes(self._tracker.tracks, self._people, self._tracker.seconds)
        return tuple(each for each in found if self._is_of_event(each))

    def max_people(self) -> int:
        """Return the highest number of confirmed people in one image of the event."""
        return self._max_at_once([walk.images for walk in self._confirmed_people()])

    def max_people_on_grounds(self) -> int:
        """Return the same on private ground; without zones, close to the camera."""
        return self._max_at_once([walk.images_on_grounds for walk in self._confirmed_people()])

    def _confirmed_people(self) -> list[Walk]:
        return [walk for walk in self._walks() if walk.track.label == "person" and walk.confirmed]

    def _is_of_event(self, each: ObjectChange) -> bool:
        """Tell whether an object changed during the event.

        A delivery excuses only the person who made it, so that one from before does not count.
        """
        since = each.last_seen_person if each.change is Change.BROUGHT else each.index
        return since >= self._begins and each.index >= self._begins

    def _max_at_once(self, images: Sequence[Sequence[int]]) -> int:
        by_image: Counter[int] = Counter()
        for each in images:
            by_image.update(each[bisect_left(each, self._begins) :])
        return max(by_image.values(), default=0)
