"""The fact sheet of an event: objects, changes, time and context."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..domain.context import GROUNDS, Context, Occupancy
from ..domain.models import Image
from ..domain.part_of_day import PartOfDay, part_of_day
from .doors import who_came_out
from .object_changes import Change, ObjectChange, changes
from .objects import NEAR, ObservedObject, PlacedTrack, describe_track, place_track
from .tracking import VEHICLES, Sighting, track_objects
from .zone_map import Place, zone_map

HISTORY = timedelta(minutes=30)  # before an event, on the same camera
ELSEWHERE = timedelta(minutes=5)  # before an event and during it, on the other cameras


@dataclass(frozen=True, slots=True, kw_only=True)
class FactSheet:
    """What is known about an event; times are local, None is unknown."""

    camera: str
    started_at: datetime
    ended_at: datetime
    image_count: int
    zones_known: bool
    objects: tuple[ObservedObject, ...]  # including those seen only before the event
    object_changes: tuple[ObjectChange, ...]  # during the event
    max_people: int  # confirmed, in one image of the event
    max_people_on_grounds: int  # the same on private ground; without zones, close to the camera
    context: Context

    @property
    def part_of_day(self) -> PartOfDay:
        """Return the part of the day the event began in."""
        return part_of_day(self.started_at)

    @property
    def weekday(self) -> str:
        """Return the weekday's English name."""
        return _WEEKDAYS[self.started_at.weekday()]

    @property
    def present(self) -> tuple[ObservedObject, ...]:
        """The objects of the event itself."""
        return tuple(each for each in self.objects if not each.earlier)

    @property
    def people(self) -> tuple[ObservedObject, ...]:
        """The people of the event itself."""
        return tuple(each for each in self.present if each.label == "person")

    @property
    def vehicles(self) -> tuple[ObservedObject, ...]:
        """The vehicles of the event itself."""
        return tuple(each for each in self.present if each.label in VEHICLES)

    @property
    def residents_likely(self) -> bool:
        """Whether residents are likely the people seen.

        The alarm is off, or its state is unknown and somebody is home by day. An empty home with
        the alarm off counts as well, except at night: residents may be arriving.
        """
        night = self.part_of_day is PartOfDay.NIGHT
        if self.context.armed is None:
            return self.context.occupancy is Occupancy.HOME and not night
        return not self.context.armed and not (night and self.nobody_home)

    @property
    def nobody_home(self) -> bool:
        """Whether the home is known to be empty."""
        return self.context.occupancy is Occupancy.AWAY

    def changed(self, change: Change) -> ObjectChange | None:
        """Return the first object with this change."""
        return next((each for each in self.object_changes if each.change is change), None)

    def usual(self, label: str) -> float | None:
        """Return the expected number of events with this label in this hour."""
        return self.context.usual.get(label)


_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def build_fact_sheet(
    camera: str, event_images: Sequence[Image], history: Sequence[Image], context: Context
) -> FactSheet:
    """Return the facts of an event that its images show.

    Both sequences are in order of capture time. `event_images` holds at least one image and
    includes images without objects, which show that something is gone; `events.grouping` defines
    them. `history` is the camera's images of HISTORY before the event, never later ones.
    """
    images = (*history, *event_images)
    begins = len(history)
    started_at = event_images[0].captured_at
    tracks = track_objects(images)
    zones = zone_map(tuple(context.zones))
    placed = [place_track(track, zones) for track in tracks]
    people = [each for each in placed if each.track.label == "person"]
    outside = {id(people[position]) for position in who_came_out(people, images)}
    busy = [image.captured_at for image in event_images if image.detections]
    return FactSheet(
        camera=camera,
        started_at=started_at.astimezone(context.time_zone),
        ended_at=(busy[-1] if busy else started_at).astimezone(context.time_zone),
        image_count=len(event_images),
        zones_known=bool(context.zones),
        objects=tuple(
            describe_track(each, started_at, came_out=id(each) in outside) for each in placed
        ),
        object_changes=tuple(
            each for each in changes(tracks, images) if _is_of_event(each, begins)
        ),
        max_people=_max_at_once(people, begins, _is_anywhere),
        max_people_on_grounds=_max_at_once(
            people, begins, _is_on_grounds if context.zones else _is_near
        ),
        context=context,
    )


def _is_of_event(each: ObjectChange, begins: int) -> bool:
    """Tell whether an object changed during the event.

    A delivery excuses only the person who made it, so that one from before does not count.
    """
    since = each.last_seen_person if each.change is Change.BROUGHT else each.index
    return since >= begins and each.index >= begins


def _max_at_once(
    people: Sequence[PlacedTrack], begins: int, counts: Callable[[Sighting, Place | None], bool]
) -> int:
    """Return the highest number of confirmed people that count in one image of the event."""
    by_image = Counter(
        sighting.image
        for person in people
        if person.confirmed
        for sighting, place in zip(person.track.sightings, person.places, strict=True)
        if sighting.image >= begins and counts(sighting, place)
    )
    return max(by_image.values(), default=0)


def _is_anywhere(_sighting: Sighting, _place: Place | None) -> bool:
    return True


def _is_on_grounds(_sighting: Sighting, place: Place | None) -> bool:
    return place is not None and place.kind in GROUNDS


def _is_near(sighting: Sighting, _place: Place | None) -> bool:
    return sighting.height >= NEAR
