"""The objects of a scene: person, car, dog and package, each drawn with a SpriteCanvas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from testbed.drawing.ground_plane import Colour, SpriteCanvas, pick, shade

if TYPE_CHECKING:
    from numpy.random import Generator

SKIN: Final[tuple[Colour, ...]] = (
    (241, 205, 178), (222, 178, 142), (188, 138, 100), (138, 95, 64), (92, 62, 44),
)  # fmt: skip
HAIR: Final[tuple[Colour, ...]] = (
    (40, 30, 26), (84, 56, 34), (150, 108, 62), (196, 166, 112), (150, 148, 146), (24, 22, 24),
)  # fmt: skip
CLOTHES: Final[tuple[Colour, ...]] = (
    (178, 44, 46), (38, 78, 142), (46, 112, 74), (222, 178, 62), (60, 62, 68), (226, 226, 222),
    (120, 70, 130), (208, 108, 48), (70, 140, 160), (28, 30, 36), (150, 130, 108), (206, 130, 150),
)  # fmt: skip
TROUSERS: Final[tuple[Colour, ...]] = (
    (42, 56, 88), (34, 34, 40), (96, 86, 70), (70, 92, 126), (122, 112, 98), (60, 66, 58),
)  # fmt: skip
PAINT: Final[tuple[Colour, ...]] = (
    (184, 34, 36), (30, 66, 128), (226, 228, 230), (44, 46, 52), (150, 156, 164), (36, 94, 74),
    (196, 158, 96), (96, 124, 150), (120, 30, 48), (230, 150, 40),
)  # fmt: skip
COATS: Final[tuple[Colour, ...]] = (
    (150, 98, 52), (44, 38, 36), (206, 166, 104), (226, 214, 196), (110, 74, 48), (124, 118, 114),
)  # fmt: skip
CARDBOARD: Final[tuple[Colour, ...]] = (
    (196, 152, 100), (182, 136, 88), (208, 168, 118), (170, 126, 82),
)  # fmt: skip
GLASS: Final[Colour] = (74, 94, 112)
TYRE: Final[Colour] = (26, 26, 28)


def person(sprite: SpriteCanvas, rng: Generator) -> None:
    """Draw a standing or walking person of 1.6 to 1.9 m."""
    skin, hair, top = pick(rng, SKIN), pick(rng, HAIR), pick(rng, CLOTHES)
    trousers, shoes = pick(rng, TROUSERS), pick(rng, TROUSERS)
    build = float(rng.uniform(0.9, 1.15))
    stride = float(rng.uniform(0.08, 0.34))
    swing = float(rng.uniform(0.05, 0.3))
    sideways = bool(rng.random() < 0.6)
    long_coat = bool(rng.random() < 0.25)
    hat = int(rng.integers(5))
    turn = int(rng.integers(3))
    tall = float(rng.uniform(-0.06, 0.12))
    hip, shoulder = 0.88 + tall / 2, 1.42 + tall
    sprite.shadow(0.4, 0.1, 90)
    if sideways:
        for side, tone in ((-1.0, 0.72), (1.0, 1.0)):
            foot = side * stride
            knee = (foot * 0.45 + 0.07, hip * 0.52)
            sprite.limb([(0.0, hip), knee, (foot - 0.03, 0.1)], 0.15 * build, shade(trousers, tone))
            sprite.limb([(foot - 0.05, 0.05), (foot + 0.12, 0.045)], 0.09, shade(shoes, 0.7 * tone))
        half = 0.16 * build
        arm_x = 0.0
    else:
        for side in (-1.0, 1.0):
            foot = side * (0.09 + stride * 0.25)
            sprite.limb([(side * 0.09, hip), (foot, 0.1)], 0.16 * build, trousers)
            sprite.limb([(foot, 0.05), (foot + side * 0.05, 0.045)], 0.1, shade(shoes, 0.7))
        half = 0.22 * build
        arm_x = half - 0.01
    hem = 0.55 if long_coat else hip - 0.1
    if sideways:
        reach = (arm_x - swing, hip + 0.02)
        sprite.limb(
            [(0, shoulder - 0.06), (-swing * 0.7, shoulder - 0.3), reach], 0.11, shade(top, 0.66)
        )
    sprite.shape(
        [(-half, shoulder - 0.02), (-half * 0.4, shoulder + 0.06), (half * 0.4, shoulder + 0.06),
         (half, shoulder - 0.02), (half * 0.95, hip + 0.1), (half * 1.02, hem), (-half * 1.02, hem),
         (-half * 0.95, hip + 0.1)],
        top, smooth=True,
    )  # fmt: skip
    sprite.box(-half * 0.8, hem + 0.02, half * 0.8, hip + 0.2, top)
    if long_coat or rng.random() < 0.3:
        sprite.limb(
            [(half * 0.1, shoulder - 0.04), (half * 0.1, hem + 0.05)], 0.02, shade(top, 0.7)
        )
    for side in (1.0,) if sideways else (-1.0, 1.0):
        elbow = (side * (arm_x + swing * (0.55 if sideways else 0.3)), shoulder - 0.31)
        hand = (side * (arm_x + swing * (1.1 if sideways else 0.25)), hip + 0.04)
        sprite.limb([(side * arm_x, shoulder - 0.06), elbow, hand], 0.115, shade(top, 0.86))
        sprite.ellipse(*hand, 0.06, 0.065, skin)
    sprite.limb([(0.0, shoulder + 0.02), (0.01, shoulder + 0.1)], 0.1, shade(skin, 0.85))
    x, y = (0.03 if sideways else 0.0), shoulder + 0.21
    if turn == 0:
        sprite.shape(
            [(x - 0.15, y - 0.2), (x - 0.15, y + 0.16), (x + 0.15, y + 0.16), (x + 0.12, y - 0.2)],
            hair, smooth=True,
        )  # fmt: skip
    sprite.ellipse(x - (0.02 if sideways else 0), y + 0.025, 0.118, 0.137, hair)
    if turn != 2 or sideways:
        sprite.ellipse(x + (0.025 if sideways else 0.0), y - 0.022, 0.094, 0.115, skin)
        for eye in (0.075,) if sideways else (-0.038, 0.038):
            sprite.ellipse(x + eye, y - 0.005, 0.012, 0.014, (40, 32, 30))
    if hat == 0:
        cap = pick(rng, CLOTHES)
        sprite.shape(
            [(x - 0.13, y + 0.05), (x - 0.12, y + 0.18), (x + 0.12, y + 0.18), (x + 0.13, y + 0.05)],
            cap, smooth=True,
        )  # fmt: skip
        sprite.limb([(x - 0.09, y + 0.065), (x + (0.2 if sideways else 0.1), y + 0.06)], 0.035, cap)


def car(sprite: SpriteCanvas, rng: Generator) -> None:
    """Draw a car or a van, from the side (4.0 to 4.9 m) or from its front or back (1.8 m)."""
    paint = pick(rng, PAINT)
    if rng.random() < 0.65:
        _car_side(sprite, rng, paint)
    else:
        _car_end(sprite, rng, paint)


def _car_side(sprite: SpriteCanvas, rng: Generator, paint: Colour) -> None:
    half = float(rng.uniform(2.0, 2.3))
    kind = int(rng.integers(4))
    sprite.shadow(half * 1.0, 0.2, 130)
    if kind == 0:  # saloon
        roof = [(-half * 0.62, 0.9), (-half * 0.36, 1.4), (half * 0.18, 1.42), (half * 0.52, 0.92)]
    elif kind == 1:  # hatchback
        roof = [(-half * 0.9, 0.9), (-half * 0.74, 1.46), (half * 0.16, 1.48), (half * 0.5, 0.94)]
    elif kind == 2:  # off-roader
        roof = [(-half * 0.92, 0.9), (-half * 0.84, 1.66), (half * 0.2, 1.68), (half * 0.46, 0.96)]
    else:  # van
        roof = [(-half * 0.96, 0.9), (-half * 0.95, 1.95), (half * 0.4, 1.97), (half * 0.7, 0.98)]
    top = roof[1][1]
    sprite.shape(
        [roof[0], (roof[1][0] - 0.04, roof[1][1] + 0.04), (roof[2][0] + 0.04, roof[2][1] + 0.04),
         roof[3], (half * 0.5, 0.8), (-half * 0.7, 0.8)],
        shade(paint, 0.92), smooth=True,
    )  # fmt: skip
    sprite.shape(
        [(-half, 0.35), (-half * 1.0, 0.9), (-half * 0.8, 0.97), (half * 0.45, 0.97),
         (half * 0.92, 0.84), (half * 1.02, 0.55), (half, 0.28), (-half * 0.98, 0.28)],
        paint, smooth=True,
    )  # fmt: skip
    sprite.box(-half * 0.88, 0.27, half * 0.9, 0.38, shade(paint, 0.6))
    left, right = roof[1][0] + 0.02, roof[2][0] - 0.02
    if kind == 3:
        sprite.shape([(right - 0.75, 1.1), (right - 0.75, top - 0.1), (right, top - 0.1),
                   (roof[3][0] - 0.14, 1.08)], GLASS, smooth=False)  # fmt: skip
    else:
        middle = (left + right) / 2 + 0.05
        sprite.shape([(roof[0][0] + 0.3, 0.98), (left + 0.12, top - 0.07), (middle - 0.05, top - 0.07),
                   (middle - 0.05, 0.98)], GLASS)  # fmt: skip
        sprite.shape([(middle + 0.05, 0.98), (middle + 0.05, top - 0.07), (right - 0.06, top - 0.07),
                   (roof[3][0] - 0.2, 0.98)], shade(GLASS, 1.15))  # fmt: skip
        sprite.limb([(middle, 0.42), (middle, 0.95)], 0.02, shade(paint, 0.68))
        sprite.limb([(middle - 0.3, 0.84), (middle - 0.18, 0.84)], 0.035, shade(paint, 0.6))
    sprite.ellipse(half * 0.93, 0.68, 0.09, 0.07, (244, 240, 214))
    sprite.ellipse(-half * 0.96, 0.74, 0.06, 0.1, (190, 30, 30))
    rim: Colour = (176, 180, 186)
    for wheel in (-half * 0.62, half * 0.62):
        sprite.ellipse(wheel, 0.34, 0.4, 0.4, shade(paint, 0.45))
        sprite.ellipse(wheel, 0.32, 0.33, 0.33, TYRE)
        sprite.ellipse(wheel, 0.32, 0.2, 0.2, rim)
        sprite.ellipse(wheel, 0.32, 0.07, 0.07, (90, 92, 96))


def _car_end(sprite: SpriteCanvas, rng: Generator, paint: Colour) -> None:
    half = float(rng.uniform(0.86, 0.98))
    top = float(rng.uniform(1.4, 1.75))
    front = bool(rng.random() < 0.5)
    sprite.shadow(half * 1.06, 0.18, 130)
    for side in (-1.0, 1.0):
        sprite.box(side * half * 0.95, 0.0, side * half * 0.66, 0.4, TYRE)
        sprite.ellipse(side * half * 1.08, 0.98, 0.11, 0.08, shade(paint, 0.8))
    sprite.shape(
        [(-half * 0.95, 0.85), (-half * 0.72, top + 0.05), (half * 0.72, top + 0.05),
         (half * 0.95, 0.85)],
        shade(paint, 0.92), smooth=True,
    )  # fmt: skip
    sprite.shape([(-half * 0.8, 0.94), (-half * 0.62, top - 0.12), (half * 0.62, top - 0.12),
               (half * 0.8, 0.94)], GLASS)  # fmt: skip
    sprite.shape([(-half * 0.2, 0.94), (half * 0.1, top - 0.12), (half * 0.3, top - 0.12),
               (half * 0.05, 0.94)], shade(GLASS, 1.25))  # fmt: skip
    sprite.shape(
        [(-half * 1.02, 0.2), (-half * 1.04, 0.8), (-half * 0.86, 1.0), (half * 0.86, 1.0),
         (half * 1.04, 0.8), (half * 1.02, 0.2)],
        paint, smooth=True,
    )  # fmt: skip
    sprite.box(-half * 0.9, 0.2, half * 0.9, 0.36, shade(paint, 0.55))
    lamp: Colour = (246, 242, 220) if front else (196, 32, 32)
    for side in (-1.0, 1.0):
        sprite.ellipse(side * half * 0.76, 0.72, 0.15, 0.085, lamp)
    if front:
        sprite.box(-half * 0.46, 0.52, half * 0.46, 0.7, (40, 42, 46))
    sprite.box(-0.26, 0.38, 0.26, 0.49, (236, 236, 228))


def dog(sprite: SpriteCanvas, rng: Generator) -> None:
    """Draw a dog about 0.65 m high, standing, trotting or sitting, seen from its side."""
    coat = pick(rng, COATS)
    ears = shade(coat, float(rng.uniform(0.55, 0.85)))
    sitting = bool(rng.random() < 0.25)
    gait = float(rng.uniform(0.0, 0.1))
    tail = float(rng.uniform(0.0, 0.28))
    sprite.shadow(0.46, 0.08, 90)
    if sitting:
        sprite.limb([(-0.28, 0.05), (-0.5, 0.06 + tail * 0.4)], 0.06, shade(coat, 0.8))
        sprite.shape([(-0.34, 0.0), (-0.36, 0.24), (-0.12, 0.5), (0.12, 0.64), (0.22, 0.45),
                   (0.14, 0.1), (0.0, 0.0)], coat, smooth=True)  # fmt: skip
        sprite.ellipse(-0.16, 0.13, 0.19, 0.13, shade(coat, 0.9))
        sprite.limb([(-0.1, 0.03), (0.02, 0.03)], 0.06, shade(coat, 0.9))
        sprite.limb([(0.12, 0.42), (0.14, 0.04), (0.19, 0.03)], 0.075, shade(coat, 1.05))
        neck, head = (0.12, 0.56), (0.2, 0.76)
    else:
        for x, swing, tone in (
            (-0.3, -gait, 0.7), (0.24, gait, 0.7), (-0.26, gait, 1.0), (0.2, -gait, 1.0),
        ):  # fmt: skip
            sprite.limb([(x, 0.36), (x - 0.02 + swing / 2, 0.2), (x + swing, 0.04)], 0.075,
                     shade(coat, tone))  # fmt: skip
            sprite.limb([(x + swing, 0.03), (x + swing + 0.04, 0.03)], 0.06, shade(coat, tone))
        sprite.limb([(-0.36, 0.5), (-0.47, 0.52 + tail / 2), (-0.52, 0.55 + tail)], 0.06,
                 shade(coat, 0.9))  # fmt: skip
        sprite.shape([(-0.42, 0.3), (-0.44, 0.56), (0.0, 0.55), (0.28, 0.62), (0.38, 0.45),
                   (0.26, 0.25), (-0.1, 0.32), (-0.24, 0.3)], coat, smooth=True)  # fmt: skip
        neck, head = (0.28, 0.5), (0.42, 0.72)
    sprite.limb([neck, head], 0.17, coat)
    sprite.ellipse(*head, 0.125, 0.11, coat)
    sprite.limb([(head[0] + 0.06, head[1] - 0.03), (head[0] + 0.2, head[1] - 0.05)], 0.1, coat)
    sprite.ellipse(head[0] + 0.24, head[1] - 0.03, 0.03, 0.027, (24, 22, 22))
    sprite.ellipse(head[0] + 0.06, head[1] + 0.03, 0.018, 0.02, (20, 18, 18))
    if rng.random() < 0.5:
        sprite.shape([(head[0] - 0.1, head[1] + 0.06), (head[0] - 0.06, head[1] + 0.23),
                   (head[0] + 0.03, head[1] + 0.09)], ears)  # fmt: skip
    else:
        sprite.ellipse(head[0] - 0.07, head[1] - 0.03, 0.055, 0.12, ears)
    if rng.random() < 0.6:
        sprite.limb([(neck[0] + 0.0, neck[1] + 0.13), (neck[0] + 0.13, neck[1] + 0.02)], 0.04,
                 pick(rng, CLOTHES))  # fmt: skip


def package(sprite: SpriteCanvas, rng: Generator) -> None:
    """Draw a closed cardboard box 0.4 to 0.75 m wide, seen from above its front."""
    board = pick(rng, CARDBOARD)
    half = float(rng.uniform(0.2, 0.37))
    high = float(rng.uniform(0.24, 0.5))
    deep = float(rng.uniform(0.1, 0.18))
    skew = float(rng.uniform(0.05, 0.16))
    sprite.shadow(half * 1.3, 0.07, 110)
    sprite.shape([(half, 0.0), (half + skew, deep), (half + skew, high + deep), (half, high)],
              shade(board, 0.68))  # fmt: skip
    sprite.shape([(-half, high), (-half + skew, high + deep), (half + skew, high + deep),
               (half, high)], shade(board, 1.16))  # fmt: skip
    sprite.box(-half, 0.0, half, high, board)
    tape = shade((226, 204, 160), float(rng.uniform(0.85, 1.05)))
    width = 0.035
    sprite.shape([(-width, high), (skew - width, high + deep), (skew + width, high + deep),
               (width, high)], tape)  # fmt: skip
    sprite.box(-width, high * 0.62, width, high, tape)
    if rng.random() < 0.75:
        label = half * float(rng.uniform(0.1, 0.25))
        sprite.box(label, high * 0.16, label + half * 0.62, high * 0.5, (240, 240, 236))
        for line in (0.24, 0.32, 0.4):
            sprite.limb([(label + half * 0.1, high * line), (label + half * 0.5, high * line)], 0.012,
                     (70, 70, 74))  # fmt: skip
    if rng.random() < 0.3:
        sprite.limb(
            [(-half * 0.75, high * 0.15), (-half * 0.75, high * 0.4)], 0.025, shade(board, 0.5)
        )
        sprite.limb(
            [(-half * 0.55, high * 0.15), (-half * 0.55, high * 0.4)], 0.025, shade(board, 0.5)
        )
