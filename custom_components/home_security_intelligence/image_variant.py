"""The forms in which an image is served."""

from enum import StrEnum


class Variant(StrEnum):
    """A form of an image, as the query of its path."""

    FULL = ""  # the file as uploaded
    THUMBNAIL = "size=thumbnail"
    BOXES = "draw=boxes"
    CROP = "crop=best"  # around the most confident detection
