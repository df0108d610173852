"""Backdrops of scenes: a front door, a driveway, a yard and a street."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PIL import Image, ImageDraw

from testbed.drawing.ground_plane import Colour, SpriteCanvas, pick, shade

if TYPE_CHECKING:
    from numpy.random import Generator

WALLS: Final[tuple[Colour, ...]] = (
    (214, 206, 190), (176, 96, 78), (190, 200, 206), (226, 216, 176), (150, 160, 150),
    (232, 230, 224), (168, 142, 118),
)  # fmt: skip
ROOFS: Final[tuple[Colour, ...]] = ((92, 62, 54), (72, 76, 84), (122, 70, 54), (58, 56, 58))
DOORS: Final[tuple[Colour, ...]] = (
    (134, 40, 38), (40, 70, 92), (58, 84, 62), (96, 62, 38), (228, 224, 214), (40, 42, 48),
)  # fmt: skip
GRASS: Final[tuple[Colour, ...]] = ((96, 140, 66), (112, 148, 76), (82, 128, 62), (138, 146, 84))
PAVING: Final[tuple[Colour, ...]] = (
    (150, 148, 144),
    (128, 126, 124),
    (168, 160, 148),
    (140, 128, 118),
)
ASPHALT: Final[tuple[Colour, ...]] = ((84, 86, 90), (98, 98, 100), (72, 74, 80))
LEAVES: Final[tuple[Colour, ...]] = ((58, 96, 50), (72, 112, 56), (46, 82, 58), (96, 112, 52))
SKY: Final[tuple[Colour, ...]] = (
    (132, 178, 222),
    (176, 196, 214),
    (196, 200, 204),
    (110, 158, 212),
)
BINS: Final[tuple[Colour, ...]] = ((54, 76, 60), (60, 64, 70), (46, 66, 104))


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Where objects may stand: foot heights `far` to `near` and the horizon, in frame heights."""

    horizon: float
    camera_height: float  # metres
    far: float
    near: float

    def scale(self, foot: float) -> float:
        """Frame heights to the metre for something standing at the frame height `foot`."""
        return (foot - self.horizon) / self.camera_height


def front_door(canvas: Image.Image, rng: Generator) -> View:
    """Paint the wall of a house with its door, and the paved ground before it."""
    draw = ImageDraw.Draw(canvas, "RGBA")
    width, height = canvas.size
    base = float(rng.uniform(0.56, 0.64)) * height
    wall = pick(rng, WALLS)
    _fade(canvas, (0, 0, width, round(base)), shade(wall, 1.04), shade(wall, 0.9))
    _siding(draw, rng, (0, 0, width, base), wall, height / 24)
    _fade(canvas, (0, round(base), width, height), *_ground(rng, PAVING))
    _slabs(draw, rng, base, width, height)
    door_w = 0.23 * height
    left = float(rng.uniform(0.12, 0.7)) * width
    _door(draw, rng, (left, base - 0.5 * height, left + door_w, base), height)
    for side in (-1, 1):
        x1 = left + door_w / 2 + side * float(rng.uniform(0.36, 0.5)) * height - 0.14 * height
        _window(draw, rng, (x1, base - 0.44 * height, x1 + 0.28 * height, base - 0.16 * height))
    for _ in range(int(rng.integers(0, 3))):
        x = float(rng.uniform(0, width))
        if abs(x - left - door_w / 2) > door_w:
            _plant(draw, rng, (x, base + 0.03 * height), 0.24 * height)
    return View(horizon=0.2, camera_height=1.9, far=0.68, near=0.98)


def driveway(canvas: Image.Image, rng: Generator) -> View:
    """Paint a house with a garage, and the drive that leads up to it through the lawn."""
    draw = ImageDraw.Draw(canvas, "RGBA")
    width, height = canvas.size
    base = float(rng.uniform(0.44, 0.5)) * height
    _sky(canvas, rng, round(base))
    _hedge(draw, rng, base, width, height)
    _fade(canvas, (0, round(base), width, height), *_ground(rng, GRASS))
    left = float(rng.uniform(0.05, 0.4)) * width
    right = left + float(rng.uniform(0.5, 0.62)) * width
    _house(draw, rng, (left, base - 0.27 * height, right, base), height)
    split = left + (right - left) * 0.55
    stone = pick(rng, PAVING)
    draw.polygon(
        [(split, base), (right - 0.02 * width, base), (right + 0.3 * width, height),
         (split - 0.45 * width, height)],
        fill=stone,
    )  # fmt: skip
    for step in (0.55, 0.66, 0.8):
        draw.line(
            [(0.1 * width, step * height), (width, step * height)], fill=(0, 0, 0, 14), width=2
        )
    _bin_row(draw, rng, (left - 0.03 * width, base + 0.03 * height), 0.1 * height)
    return View(horizon=0.2, camera_height=2.8, far=0.55, near=0.98)


def yard(canvas: Image.Image, rng: Generator) -> View:
    """Paint a lawn with a fence, trees and bushes."""
    draw = ImageDraw.Draw(canvas, "RGBA")
    width, height = canvas.size
    base = float(rng.uniform(0.42, 0.5)) * height
    _sky(canvas, rng, round(base))
    for _ in range(int(rng.integers(2, 5))):
        _tree(
            draw, rng, (float(rng.uniform(0, width)), base), float(rng.uniform(0.3, 0.5)) * height
        )
    wood = pick(rng, (*ROOFS, (160, 124, 86), (206, 202, 194)))
    top = base - float(rng.uniform(0.1, 0.16)) * height
    step = height / float(rng.uniform(22, 34))
    x = 0.0
    while x < width:
        draw.polygon(
            [(x, base + 2), (x, top), (x + step * 0.45, top - step * 0.3), (x + step * 0.9, top),
             (x + step * 0.9, base + 2)],
            fill=shade(wood, float(rng.uniform(0.92, 1.06))),
        )  # fmt: skip
        x += step
    _fade(canvas, (0, round(base), width, height), *_ground(rng, GRASS))
    if rng.random() < 0.6:
        x = float(rng.uniform(0.2, 0.8)) * width
        draw.polygon(
            [
                (x, base),
                (x + 0.08 * width, base),
                (x + 0.4 * width, height),
                (x - 0.2 * width, height),
            ],
            fill=pick(rng, PAVING),
        )
    for _ in range(int(rng.integers(0, 4))):
        _bush(draw, rng, (float(rng.uniform(0, width)), base + 0.04 * height), 0.1 * height)
    return View(horizon=0.2, camera_height=2.5, far=0.56, near=0.98)


def street(canvas: Image.Image, rng: Generator) -> View:
    """Paint a road with its sidewalk, and the houses across it."""
    draw = ImageDraw.Draw(canvas, "RGBA")
    width, height = canvas.size
    base = float(rng.uniform(0.4, 0.46)) * height
    _sky(canvas, rng, round(base))
    _hedge(draw, rng, base, width, height)
    x = float(rng.uniform(-0.2, 0.05)) * width
    while x < width:
        span = float(rng.uniform(0.28, 0.42)) * width
        if rng.random() < 0.8:
            _house(draw, rng, (x, base - 0.2 * height, x + span, base), height * 0.8)
        else:
            _tree(draw, rng, (x + span / 2, base), 0.36 * height)
        x += span + 0.05 * width
    _fade(canvas, (0, round(base), width, round(base + 0.05 * height)), *_ground(rng, GRASS))
    kerb, lower = base + 0.05 * height, float(rng.uniform(0.72, 0.78)) * height
    _fade(canvas, (0, round(kerb), width, round(lower)), *_ground(rng, ASPHALT))
    middle = (kerb * 0.6 + lower * 0.4) + 0.01 * height
    for dash in range(12):
        x = (dash / 10 - 0.05) * width
        draw.rectangle((x, middle, x + 0.05 * width, middle + 0.007 * height), fill=(220, 218, 204))
    _fade(canvas, (0, round(lower), width, height), *_ground(rng, PAVING))
    draw.rectangle((0, lower, width, lower + 0.014 * height), fill=(178, 176, 170))
    for joint in range(9):
        x = (joint / 8 - 0.5) * width
        draw.line(
            [(width / 2 + x, lower), (width / 2 + x * 1.5, height)], fill=(0, 0, 0, 24), width=2
        )
    if rng.random() < 0.4:
        x = float(rng.uniform(0.02, 0.98)) * width
        draw.rectangle((x, 0, x + 0.012 * width, lower + 0.02 * height), fill=(82, 84, 86))
    return View(horizon=0.18, camera_height=3.0, far=0.56, near=0.98)


def foreground(canvas: Image.Image, rng: Generator) -> None:
    """Draw a bush or a porch post in front of everything, in some scenes."""
    draw = ImageDraw.Draw(canvas, "RGBA")
    width, height = canvas.size
    kind = float(rng.random())
    if kind < 0.16:
        _bush(draw, rng, (float(rng.uniform(0, width)), height * 1.02), 0.2 * height)
    elif kind < 0.26:
        x = float(rng.uniform(0.0, 0.96)) * width
        tone = pick(rng, (*WALLS, *ROOFS))
        draw.rectangle((x, 0, x + 0.035 * width, height), fill=tone)
        draw.rectangle((x, 0, x + 0.01 * width, height), fill=shade(tone, 0.8))


def _fade(
    canvas: Image.Image, area: tuple[int, int, int, int], top: Colour, bottom: Colour
) -> None:
    size = (area[2] - area[0], area[3] - area[1])
    if min(size) > 0:
        ramp = Image.linear_gradient("L").resize(size)
        canvas.paste(Image.new("RGB", size, top), area)
        canvas.paste(Image.new("RGB", size, bottom), area, ramp)


def _ground(rng: Generator, colours: tuple[Colour, ...]) -> tuple[Colour, Colour]:
    colour = pick(rng, colours)
    return shade(colour, 0.86), shade(colour, float(rng.uniform(0.98, 1.16)))


def _sky(canvas: Image.Image, rng: Generator, base: int) -> None:
    colour = pick(rng, SKY)
    _fade(canvas, (0, 0, canvas.width, base), colour, shade(colour, 1.25))


def _siding(
    draw: ImageDraw.ImageDraw,
    rng: Generator,
    area: tuple[float, float, float, float],
    wall: Colour,
    step: float,
) -> None:
    x1, y1, x2, y2 = area
    bricks = bool(rng.random() < 0.4)
    rows = int((y2 - y1) / step) + 1
    for row in range(rows):
        y = y1 + row * step
        draw.line([(x1, y), (x2, y)], fill=shade(wall, 0.86), width=2)
        if bricks:
            x = x1 + (row % 2) * step
            while x < x2:
                draw.line([(x, y), (x, min(y + step, y2))], fill=shade(wall, 0.88), width=2)
                x += 2 * step


def _slabs(draw: ImageDraw.ImageDraw, rng: Generator, base: float, width: int, height: int) -> None:
    y, gap = base, 0.03 * height
    while y < height:
        draw.line([(0, y), (width, y)], fill=(0, 0, 0, 34), width=2)
        y, gap = y + gap, gap * 1.5
    for joint in range(-6, 7):
        x = width * joint / 6
        draw.line(
            [(width / 2 + x, base), (width / 2 + x * 1.9, height)], fill=(0, 0, 0, 26), width=2
        )
    if rng.random() < 0.4:
        draw.rectangle((0, base, width, height), fill=(*pick(rng, GRASS), 70))


def _door(
    draw: ImageDraw.ImageDraw,
    rng: Generator,
    area: tuple[float, float, float, float],
    height: int,
) -> None:
    x1, y1, x2, y2 = area
    frame, pad = (238, 236, 230), 0.016 * height
    colour = pick(rng, DOORS)
    draw.rectangle((x1 - pad, y1 - pad, x2 + pad, y2), fill=frame)
    draw.rectangle(area, fill=colour)
    inset = (x2 - x1) * 0.16
    glazed = bool(rng.random() < 0.5)
    for part, (top, bottom) in enumerate(((0.07, 0.42), (0.5, 0.93))):
        panel = shade((96, 118, 134), 1.0) if glazed and part == 0 else shade(colour, 0.84)
        draw.rectangle(
            (x1 + inset, y1 + (y2 - y1) * top, x2 - inset, y1 + (y2 - y1) * bottom), fill=panel
        )
    knob = 0.009 * height
    cx, cy = x2 - inset * 0.5, y1 + (y2 - y1) * 0.5
    draw.ellipse((cx - knob, cy - knob, cx + knob, cy + knob), fill=(206, 178, 96))
    draw.rectangle((x1 - 3 * pad, y2, x2 + 3 * pad, y2 + 0.028 * height), fill=(168, 164, 158))
    if rng.random() < 0.6:
        mat = (x1 + pad, y2 + 0.04 * height, x2 - pad, y2 + 0.065 * height)
        draw.rectangle(mat, fill=(92, 74, 58))
    lamp = (x2 + 3 * pad, y1 + 0.09 * height, x2 + 5 * pad, y1 + 0.14 * height)
    draw.rectangle(lamp, fill=(60, 58, 56))
    rim = (lamp[2] - lamp[0]) * 0.12
    draw.rectangle(
        (lamp[0] + rim, lamp[1] + 2 * rim, lamp[2] - rim, lamp[3] - 2 * rim), fill=(248, 226, 160)
    )


def _window(
    draw: ImageDraw.ImageDraw, rng: Generator, area: tuple[float, float, float, float]
) -> None:
    x1, y1, x2, y2 = area
    pad = (x2 - x1) * 0.06
    draw.rectangle((x1 - pad, y1 - pad, x2 + pad, y2 + pad), fill=(236, 234, 228))
    glass = (
        (246, 218, 140) if rng.random() < 0.15 else shade((104, 126, 146), rng.uniform(0.7, 1.1))
    )
    draw.rectangle(area, fill=glass)
    draw.polygon(
        [(x1, y2), (x1, y1 + (y2 - y1) * 0.55), (x1 + (x2 - x1) * 0.6, y1), (x2, y1)],
        fill=(255, 255, 255, 36),
    )
    draw.line(
        [((x1 + x2) / 2, y1), ((x1 + x2) / 2, y2)], fill=(236, 234, 228), width=round(pad) + 1
    )
    draw.line(
        [(x1, (y1 + y2) / 2), (x2, (y1 + y2) / 2)], fill=(236, 234, 228), width=round(pad) + 1
    )


def _house(
    draw: ImageDraw.ImageDraw,
    rng: Generator,
    area: tuple[float, float, float, float],
    height: float,
) -> None:
    x1, y1, x2, y2 = area
    wall, roof = pick(rng, WALLS), pick(rng, ROOFS)
    span, tall = x2 - x1, y2 - y1
    draw.rectangle(area, fill=wall)
    _siding(draw, rng, area, wall, height / 40)
    peak = y1 - tall * float(rng.uniform(0.4, 0.6))
    eave = span * 0.04
    if rng.random() < 0.5:
        draw.polygon([(x1 - eave, y1), ((x1 + x2) / 2, peak), (x2 + eave, y1)], fill=roof)
    else:
        draw.polygon(
            [(x1 - eave, y1), (x1 + span * 0.12, peak), (x2 - span * 0.12, peak), (x2 + eave, y1)],
            fill=roof,
        )
    draw.rectangle((x1 - eave, y1 - 2, x2 + eave, y1 + tall * 0.04), fill=(232, 230, 224))
    _door(draw, rng, (x1 + span * 0.36, y2 - tall * 0.62, x1 + span * 0.48, y2), round(height / 3))
    _window(draw, rng, (x1 + span * 0.09, y1 + tall * 0.26, x1 + span * 0.27, y1 + tall * 0.66))
    panel = shade((226, 224, 218), float(rng.uniform(0.75, 1.0)))
    gx1, gx2, gy = x1 + span * 0.58, x1 + span * 0.94, y2 - tall * 0.66
    draw.rectangle((gx1, gy, gx2, y2), fill=panel)
    for row in range(1, 4):
        y = gy + (y2 - gy) * row / 4
        draw.line([(gx1, y), (gx2, y)], fill=shade(panel, 0.78), width=2)


def _hedge(draw: ImageDraw.ImageDraw, rng: Generator, base: float, width: int, height: int) -> None:
    x = 0.0
    while x < width:
        size = float(rng.uniform(0.07, 0.16)) * height
        leaf = shade(pick(rng, LEAVES), 0.9)
        draw.ellipse((x - size, base - size, x + size, base + size), fill=leaf)
        x += size


def _tree(
    draw: ImageDraw.ImageDraw, rng: Generator, foot: tuple[float, float], tall: float
) -> None:
    sprite = SpriteCanvas(draw, foot=foot, scale=tall)
    sprite.limb([(0.0, 0.0), (0.01, 0.5)], 0.08, (92, 70, 52))
    leaf = pick(rng, LEAVES)
    for _ in range(9):
        x, y = float(rng.uniform(-0.24, 0.24)), float(rng.uniform(0.48, 0.86))
        size = float(rng.uniform(0.1, 0.2))
        sprite.ellipse(x, y, size, size, shade(leaf, float(rng.uniform(0.8, 1.15))))


def _bush(
    draw: ImageDraw.ImageDraw, rng: Generator, foot: tuple[float, float], size: float
) -> None:
    sprite = SpriteCanvas(draw, foot=foot, scale=size)
    leaf = pick(rng, LEAVES)
    for _ in range(12):
        x, y = float(rng.uniform(-0.8, 0.8)), float(rng.uniform(0.1, 0.6))
        radius = float(rng.uniform(0.18, 0.36))
        sprite.ellipse(x, y, radius, radius, shade(leaf, float(rng.uniform(0.78, 1.18))))


def _plant(
    draw: ImageDraw.ImageDraw, rng: Generator, foot: tuple[float, float], scale: float
) -> None:
    sprite = SpriteCanvas(draw, foot=foot, scale=scale)
    leaf = pick(rng, LEAVES)
    for _ in range(7):
        x, y = float(rng.uniform(-0.25, 0.25)), float(rng.uniform(0.4, 0.9))
        sprite.limb([(0.0, 0.35), (x, y)], 0.1, shade(leaf, float(rng.uniform(0.8, 1.2))))
    clay = shade((172, 98, 70), float(rng.uniform(0.7, 1.1)))
    sprite.shape([(-0.17, 0.0), (-0.22, 0.42), (0.22, 0.42), (0.17, 0.0)], clay)
    sprite.box(-0.25, 0.38, 0.25, 0.46, shade(clay, 1.1))


def _bin_row(
    draw: ImageDraw.ImageDraw, rng: Generator, foot: tuple[float, float], scale: float
) -> None:
    for index in range(int(rng.integers(0, 3))):
        sprite = SpriteCanvas(draw, foot=(foot[0] - index * scale * 0.75, foot[1]), scale=scale)
        colour = pick(rng, BINS)
        sprite.shape([(-0.24, 0.05), (-0.3, 0.9), (0.3, 0.9), (0.24, 0.05)], colour)
        sprite.box(-0.34, 0.9, 0.34, 1.0, shade(colour, 1.2))
        sprite.ellipse(0.2, 0.08, 0.08, 0.08, (20, 20, 22))
