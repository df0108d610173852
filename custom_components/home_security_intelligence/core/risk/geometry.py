"""Boxes and polygons on the upright image, in shares (0-1) of its width and height."""

from collections.abc import Sequence
from math import hypot

from ..domain.models import Box

type Point = tuple[float, float]

_RIM = 0.002  # a box cut off by the image's edge still stands inside a zone that reaches the edge


def height(box: Box) -> float:
    """Return the height of a box."""
    return box.y2 - box.y1


def area(box: Box) -> float:
    """Return the area of a box."""
    return max(0.0, box.x2 - box.x1) * max(0.0, box.y2 - box.y1)


def ground_point(box: Box) -> Point:
    """Return where an object stands: the middle of its box's bottom edge."""
    return (box.x1 + box.x2) / 2, box.y2


def distance(one: Point, other: Point) -> float:
    """Return the distance between two points."""
    return hypot(one[0] - other[0], one[1] - other[1])


def overlap(one: Box, other: Box) -> float:
    """Return the area that two boxes share."""
    wide = min(one.x2, other.x2) - max(one.x1, other.x1)
    if wide <= 0:
        return 0.0
    tall = min(one.y2, other.y2) - max(one.y1, other.y1)
    return wide * tall if tall > 0 else 0.0


def iou(one: Box, other: Box) -> float:
    """Return the intersection over union of two boxes."""
    shared = overlap(one, other)
    if shared == 0:
        return 0.0
    return shared / (area(one) + area(other) - shared)


def grown(box: Box, share: float) -> Box:
    """Return a box extended on every side by a share of its width and height."""
    wide, tall = (box.x2 - box.x1) * share, (box.y2 - box.y1) * share
    return Box(x1=box.x1 - wide, y1=box.y1 - tall, x2=box.x2 + wide, y2=box.y2 + tall)


def holds(box: Box, point: Point) -> bool:
    """Tell whether a point is in a box."""
    return box.x1 <= point[0] <= box.x2 and box.y1 <= point[1] <= box.y2


def off_edge(point: Point) -> Point:
    """Return a point that is at least a rim away from the image's edge."""
    return min(max(point[0], _RIM), 1 - _RIM), min(max(point[1], _RIM), 1 - _RIM)


def inside(point: Point, polygon: Sequence[Point]) -> bool:
    """Tell whether a point is in a polygon; `off_edge` moves a point at the image's edge."""
    x, y = point
    within = False
    x1, y1 = polygon[-1]
    for x2, y2 in polygon:
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            within = not within
        x1, y1 = x2, y2
    return within
