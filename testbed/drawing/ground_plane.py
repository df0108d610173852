"""Drawing in metres on a ground plane: one sprite per object, with the bounds of what it drew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy.random import Generator
    from PIL import ImageDraw

Point = tuple[float, float]
Colour = tuple[int, int, int]


def shade(colour: Colour, factor: float) -> Colour:
    """Return the colour multiplied by factor, each channel kept within 0-255."""
    r, g, b = (max(0, min(255, round(channel * factor))) for channel in colour)
    return r, g, b


def pick(rng: Generator, colours: tuple[Colour, ...]) -> Colour:
    """Choose one colour and vary its brightness a little."""
    return shade(colours[int(rng.integers(len(colours)))], float(rng.uniform(0.88, 1.1)))


def rounded(points: Sequence[Point], times: int = 2) -> list[Point]:
    """Return the closed outline with its corners cut `times` times (Chaikin's subdivision)."""
    outline = list(points)
    for _ in range(times):
        cut: list[Point] = []
        for (ax, ay), (bx, by) in zip(outline, outline[1:] + outline[:1], strict=True):
            cut.append((0.75 * ax + 0.25 * bx, 0.75 * ay + 0.25 * by))
            cut.append((0.25 * ax + 0.75 * bx, 0.25 * ay + 0.75 * by))
        outline = cut
    return outline


class SpriteCanvas:
    """Draws shapes given in metres (x right, y up) from a foot point given in pixels."""

    def __init__(
        self, canvas: ImageDraw.ImageDraw, *, foot: Point, scale: float, mirrored: bool = False
    ) -> None:
        """Stand at `foot` (pixels), with `scale` pixels to the metre."""
        self._canvas = canvas
        self._foot = foot
        self._scale = scale
        self._sign = -1.0 if mirrored else 1.0
        self._left = self._top = float("inf")
        self._right = self._bottom = float("-inf")

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom in pixels of everything solid drawn so far."""
        return self._left, self._top, self._right, self._bottom

    def ellipse(self, cx: float, cy: float, rx: float, ry: float, fill: Colour) -> None:
        """Fill an ellipse around (cx, cy)."""
        x, y = self._pixel((cx, cy))
        corners = (x - rx * self._scale, y - ry * self._scale)
        opposite = (x + rx * self._scale, y + ry * self._scale)
        self._canvas.ellipse((corners, opposite), fill=fill)
        self._cover([corners, opposite])

    def shape(self, points: Sequence[Point], fill: Colour, *, smooth: bool = False) -> None:
        """Fill a polygon; `smooth` rounds its corners."""
        pixels = [self._pixel(point) for point in (rounded(points) if smooth else points)]
        self._canvas.polygon(pixels, fill=fill)
        self._cover(pixels)

    def box(self, x1: float, y1: float, x2: float, y2: float, fill: Colour) -> None:
        """Fill an upright rectangle."""
        self.shape([(x1, y1), (x2, y1), (x2, y2), (x1, y2)], fill)

    def limb(self, points: Sequence[Point], width: float, fill: Colour) -> None:
        """Draw a thick line with round joints and ends."""
        pixels = [self._pixel(point) for point in points]
        self._canvas.line(pixels, fill=fill, width=max(1, round(width * self._scale)))
        for x, y in points:
            self.ellipse(x, y, width / 2, width / 2, fill)

    def shadow(self, half_width: float, half_depth: float, strength: int) -> None:
        """Darken an ellipse on the ground around the foot point; it does not count for the bounds."""
        x, y = self._foot
        for grow in (1.12, 1.0):
            rx, ry = half_width * grow * self._scale, half_depth * grow * self._scale
            self._canvas.ellipse((x - rx, y - ry, x + rx, y + ry), fill=(8, 8, 16, strength // 2))

    def _pixel(self, point: Point) -> Point:
        x, y = self._foot
        return x + self._sign * point[0] * self._scale, y - point[1] * self._scale

    def _cover(self, pixels: Sequence[Point]) -> None:
        self._left = min(self._left, *(x for x, _ in pixels))
        self._right = max(self._right, *(x for x, _ in pixels))
        self._top = min(self._top, *(y for _, y in pixels))
        self._bottom = max(self._bottom, *(y for _, y in pixels))
