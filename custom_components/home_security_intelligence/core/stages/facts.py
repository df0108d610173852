"""From an event's images to what its assessment is told."""

from collections.abc import Sequence
from datetime import tzinfo

from ..client import EventFacts, ObjectFacts
from ..models import Detection, Image, SecurityEvent

MAX_OBJECTS = 50  # of the wire format
MAX_CAMERA_NAME = 100  # characters, of the wire format


def facts_of(
    event: SecurityEvent, camera_name: str, images: Sequence[Image], time_zone: tzinfo
) -> EventFacts:
    """Return the facts of an event, one object a label; `images` are by capture time."""
    objects = [
        _object_of(label, images, time_zone)
        for label in sorted({seen.label for image in images for seen in image.detections})
    ]
    objects.sort(key=lambda item: item.confidence, reverse=True)
    return EventFacts(
        camera=camera_name[:MAX_CAMERA_NAME],
        started_at=event.started_at.astimezone(time_zone),
        ended_at=event.last_activity_at.astimezone(time_zone),
        image_count=event.image_count,
        objects=tuple(objects[:MAX_OBJECTS]),
    )


def _object_of(label: str, images: Sequence[Image], time_zone: tzinfo) -> ObjectFacts:
    sightings = [
        (image.captured_at, seen)
        for image in images
        for seen in image.detections
        if seen.label == label
    ]
    surest: Detection = max((seen for _, seen in sightings), key=lambda seen: seen.confidence)
    return ObjectFacts(
        label=label,
        confidence=surest.confidence,
        box=surest.box,
        first_seen=sightings[0][0].astimezone(time_zone),
        last_seen=sightings[-1][0].astimezone(time_zone),
        images=len({moment for moment, _ in sightings}),
    )
