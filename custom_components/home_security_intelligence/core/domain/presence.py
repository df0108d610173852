"""Until when a person counts as present."""

from datetime import datetime, timedelta

from .models import Image
from .settings import Settings

PERSON = "person"


def person_until(image: Image, settings: Settings) -> datetime | None:
    """Return when the person in this image is taken as gone; None if there is none in it."""
    if not any(detection.label == PERSON for detection in image.detections):
        return None
    return image.captured_at + timedelta(seconds=settings.presence_hold)
