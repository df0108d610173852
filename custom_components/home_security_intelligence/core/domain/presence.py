"""How long a class of objects counts as present."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from .models import Camera, Image
from .settings import Settings


class PresenceClass(StrEnum):
    """A class of objects whose presence is published."""

    PERSON = "person"
    VEHICLE = "vehicle"
    ANIMAL = "animal"
    PACKAGE = "package"


LABELS: Final[Mapping[PresenceClass, frozenset[str]]] = MappingProxyType(
    {
        PresenceClass.PERSON: frozenset({"person"}),
        PresenceClass.VEHICLE: frozenset(
            {"bicycle", "car", "motorcycle", "bus", "truck", "train", "boat"}
        ),
        PresenceClass.ANIMAL: frozenset(
            {"cat", "dog", "bird", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe"}
        ),
        PresenceClass.PACKAGE: frozenset({"package", "parcel", "box", "suitcase"}),
    }
)


RECENT_IMAGES: Final = 9  # whose capture times show how often a camera uploads
_LONGEST_INTERVAL: Final = timedelta(minutes=3)  # a longer gap is a pause between visits
_BRIDGED: Final = 1.5  # intervals, so that one upload may be late


def upload_interval(captured_at: Iterable[datetime]) -> timedelta | None:
    """Return how often a camera uploads while something happens; None if that is not known yet.

    `captured_at` are the times of its latest images in any order.
    """
    moments = sorted(captured_at)
    gaps = sorted(
        after - before for before, after in pairwise(moments) if after - before <= _LONGEST_INTERVAL
    )
    return gaps[len(gaps) // 2] if gaps else None


def hold_of(
    camera: Camera,
    present: PresenceClass,
    settings: Settings,
    interval: timedelta | None = None,
) -> timedelta:
    """Return how long a class counts as present after an image of the camera.

    Unless the camera has a hold time of its own, it lasts beyond the camera's next upload, which
    follows after `interval`: presence must not turn off and on between two images of one visit.
    """
    if camera.presence_hold is not None:
        return timedelta(seconds=camera.presence_hold)
    match present:
        case PresenceClass.PERSON:
            seconds = settings.person_hold
        case PresenceClass.VEHICLE:
            seconds = settings.vehicle_hold
        case PresenceClass.ANIMAL:
            seconds = settings.animal_hold
        case PresenceClass.PACKAGE:
            seconds = settings.package_hold
    hold = timedelta(seconds=seconds)
    return hold if interval is None else max(hold, _BRIDGED * interval)


def present_until(
    image: Image, camera: Camera, settings: Settings, interval: timedelta | None = None
) -> dict[PresenceClass, datetime]:
    """Return when each class in this image no longer counts as present."""
    labels = {detection.label for detection in image.detections}
    return {
        present: image.captured_at + hold_of(camera, present, settings, interval)
        for present in PresenceClass
        if not labels.isdisjoint(LABELS[present])
    }


def latest_of(
    seen: Iterable[Mapping[PresenceClass, datetime]],
) -> dict[PresenceClass, datetime]:
    """Return the latest end of each class's presence."""
    latest: dict[PresenceClass, datetime] = {}
    for each in seen:
        for present, until in each.items():
            latest[present] = max(until, latest.get(present, until))
    return latest
