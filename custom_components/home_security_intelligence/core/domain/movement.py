"""Movement of an object during an event."""

from enum import StrEnum


class Movement(StrEnum):
    """The direction of an object's movement."""

    APPROACHING = "approaching"  # its box grew
    LEAVING = "leaving"  # its box shrank
    PASSING = "passing"  # it crossed the image
    ROAMING = "roaming"  # it moved and stayed
    STILL = "still"
    UNKNOWN = "unknown"  # it was seen once
