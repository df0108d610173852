"""Directions of movement of an object during an event."""

from enum import StrEnum


class Movement(StrEnum):
    """Which way an object went."""

    APPROACHING = "approaching"  # it became larger
    LEAVING = "leaving"  # it became smaller
    PASSING = "passing"  # it crossed the picture
    ROAMING = "roaming"  # it moved and stayed
    STILL = "still"
    UNKNOWN = "unknown"  # it was seen once
