"""How long a class of objects counts as present."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
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


def hold_of(camera: Camera, present: PresenceClass, settings: Settings) -> timedelta:
    """Return how long a class counts as present after an image of the camera."""
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
    return timedelta(seconds=seconds)


def longest_hold(camera: Camera, settings: Settings) -> timedelta:
    """Return the longest time that a class counts as present after an image of the camera."""
    return max(hold_of(camera, present, settings) for present in PresenceClass)


def present_until(
    image: Image, camera: Camera, settings: Settings
) -> dict[PresenceClass, datetime]:
    """Return when each class in this image no longer counts as present."""
    labels = {detection.label for detection in image.detections}
    return {
        present: image.captured_at + hold_of(camera, present, settings)
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
