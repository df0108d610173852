"""How long a person counts as present."""

from datetime import datetime, timedelta

from .models import Image
from .settings import Settings

PERSON = "person"


def person_until(image: Image, settings: Settings) -> datetime | None:
    """Return when the person in this image no longer counts as present; None without a person."""
    if not any(detection.label == PERSON for detection in image.detections):
        return None
    return image.captured_at + timedelta(seconds=settings.presence_hold)
