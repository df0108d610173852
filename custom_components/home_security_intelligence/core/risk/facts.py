"""The fact sheet of an event: objects, changes, time and context."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..domain.context import Context, Occupancy
from ..domain.models import Image
from ..domain.part_of_day import PartOfDay, part_of_day
from .object_changes import Change, ObjectChange
from .objects import ObservedObject
from .scene import Scene
from .scene_cache import SceneCache
from .tracking import VEHICLES

HISTORY = timedelta(minutes=30)  # before an event, on the same camera
ELSEWHERE = timedelta(minutes=5)  # before an event and during it, on the other cameras


@dataclass(frozen=True, slots=True, kw_only=True)
class FactSheet:
    """What is known about an event; times are local, None is unknown."""

    camera: str
    started_at: datetime
    ended_at: datetime
    until: datetime  # of the latest image
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
    def somebody_home(self) -> bool:
        """Whether a resident is known to be home, awake or asleep."""
        return self.context.occupancy in {Occupancy.HOME, Occupancy.ASLEEP}

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
    camera: str,
    event_images: Sequence[Image],
    history: Sequence[Image],
    context: Context,
    *,
    scenes: SceneCache | None = None,
) -> FactSheet:
    """Return the facts of an event that its images show.

    Both sequences are in order of capture time. `event_images` holds at least one image and
    includes images without objects, which show that something is gone; `events.placement` defines
    them. `history` is the camera's images of HISTORY before the event, never later ones. With
    `scenes`, an event that has grown since its last fact sheet costs only its new images.
    """
    scenes = SceneCache() if scenes is None else scenes
    scene = scenes.scene_of(camera, context.zones, event_images, history)
    return fact_sheet_of(scene, camera, context)


def fact_sheet_of(scene: Scene, camera: str, context: Context) -> FactSheet:
    """Return the facts of an event so far; the scene has the context's zones."""
    return FactSheet(
        camera=camera,
        started_at=scene.started_at.astimezone(context.time_zone),
        ended_at=scene.ended_at.astimezone(context.time_zone),
        until=scene.until.astimezone(context.time_zone),
        image_count=scene.image_count,
        zones_known=bool(context.zones),
        objects=scene.objects(),
        object_changes=scene.object_changes(),
        max_people=scene.max_people(),
        max_people_on_grounds=scene.max_people_on_grounds(),
        context=context,
    )
