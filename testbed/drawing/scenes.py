"""Scenes of a security camera with their true boxes, drawn from a seed alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
import io
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from numpy.random import PCG64, Generator
from PIL import Image, ImageDraw, ImageFilter

from testbed.drawing import backdrops, sprites
from testbed.drawing.ground_plane import SpriteCanvas

if TYPE_CHECKING:
    from datetime import datetime

    from testbed.drawing.backdrops import View

Lighting = Literal["day", "night"]

LABELS: Final = ("person", "car", "dog", "package")
SUPERSAMPLING: Final = 2  # drawn pixels per image pixel and axis, for smooth edges
SUPERSAMPLED_PIXELS: Final = 1_000_000  # larger images are drawn at their own size
PLACEMENT_TRIES: Final = 40
HIDDEN_SHARE: Final = 0.35  # of a smaller box that a neighbour may cover
EXIF_DATETIME_ORIGINAL: Final = 0x9003
EXIF_IFD: Final = 0x8769

_FIGURES: Final[Mapping[str, Callable[[SpriteCanvas, Generator], None]]] = MappingProxyType(
    {
        "person": sprites.person,
        "car": sprites.car,
        "dog": sprites.dog,
        "package": sprites.package,
    }
)
_SMALLEST: Final[Mapping[str, float]] = MappingProxyType(  # frame heights to the metre
    {"person": 0.11, "car": 0.09, "dog": 0.15, "package": 0.17}
)
_LARGEST: Final[Mapping[str, float]] = MappingProxyType(  # frame heights to the metre
    {"person": 0.42, "car": 0.24, "dog": 0.5, "package": 0.5}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One drawn object; corners as shares of the image's width and height, 0-1."""

    label: str
    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A drawn RGB image and the objects in it, the farthest first."""

    image: Image.Image
    boxes: tuple[Box, ...]
    seed: int
    lighting: Lighting


def draw(
    seed: int,
    *,
    size: tuple[int, int] = (640, 480),
    lighting: Lighting | None = None,
    labels: Sequence[str] | None = None,
) -> Scene:
    """Draw the scene of a seed: random labels for None, an empty scene for ()."""
    rng = Generator(PCG64(seed))
    chosen_lighting: Lighting = "night" if rng.random() < 0.35 else "day"
    if lighting is not None:
        chosen_lighting = lighting
    random_labels = _random_labels(rng)
    wanted = random_labels if labels is None else tuple(labels)
    if unknown := set(wanted) - set(LABELS):
        message = f"unknown labels: {sorted(unknown)}"
        raise ValueError(message)
    factor = SUPERSAMPLING if size[0] * size[1] <= SUPERSAMPLED_PIXELS else 1
    canvas = Image.new("RGB", (size[0] * factor, size[1] * factor))
    view = _backdrop(rng, wanted)(canvas, rng)
    boxes = _place(canvas, rng, view, wanted)
    backdrops.foreground(canvas, rng)
    image = canvas.reduce(factor) if factor > 1 else canvas
    return Scene(
        image=_expose(image, rng, chosen_lighting),
        boxes=boxes,
        seed=seed,
        lighting=chosen_lighting,
    )


def jpeg(scene: Scene, quality: int = 90, captured_at: datetime | None = None) -> bytes:
    """Encode as JPEG; `captured_at`, in the camera's local time, becomes the EXIF time."""
    exif = Image.Exif()
    if captured_at is not None:
        stamp = captured_at.strftime("%Y:%m:%d %H:%M:%S")
        exif.get_ifd(EXIF_IFD)[EXIF_DATETIME_ORIGINAL] = stamp
    buffer = io.BytesIO()
    scene.image.save(buffer, "JPEG", quality=quality, exif=exif)
    return buffer.getvalue()


def _random_labels(rng: Generator) -> tuple[str, ...]:
    count = int(rng.choice(5, p=(0.12, 0.32, 0.3, 0.17, 0.09)))
    return tuple(str(label) for label in rng.choice(LABELS, size=count, p=(0.34, 0.24, 0.21, 0.21)))


def _backdrop(rng: Generator, labels: Sequence[str]) -> Callable[[Image.Image, Generator], View]:
    with_cars = (backdrops.driveway, backdrops.street, backdrops.driveway)
    anywhere = (backdrops.front_door, backdrops.driveway, backdrops.yard, backdrops.street)
    places = with_cars if "car" in labels else anywhere
    return places[int(rng.integers(len(places)))]


def _place(
    canvas: Image.Image, rng: Generator, view: View, labels: Sequence[str]
) -> tuple[Box, ...]:
    """Find a spot for each label that leaves the others visible, and draw from far to near."""
    width, height = canvas.size
    spots: list[tuple[float, float, str, float, tuple[float, float, float, float]]] = []
    for label in sorted(labels, key=("car", "person", "dog", "package").index):
        half, tall = {"car": (2.3, 1.7), "person": (0.4, 1.8), "dog": (0.5, 0.9),
                      "package": (0.4, 0.6)}[label]  # fmt: skip
        best = (view.near, 0.5, label, _SMALLEST[label], (0.0, 0.0, 0.0, 0.0))
        least = float("inf")
        for _ in range(PLACEMENT_TRIES):
            foot = float(rng.uniform(view.far, view.near))
            scale = min(max(view.scale(foot), _SMALLEST[label]), _LARGEST[label])
            reach = half * scale * height / width
            x = float(rng.uniform(min(reach * 0.7, 0.45), max(1 - reach * 0.7, 0.55)))
            area = (x - reach, foot - tall * scale, x + reach, foot)
            hidden = max((_covered(area, other[4]) for other in spots), default=0.0)
            if hidden < least:
                best, least = (foot, x, label, scale, area), hidden
            if hidden <= HIDDEN_SHARE * float(rng.random()):
                break
        spots.append(best)
    boxes = []
    brush = ImageDraw.Draw(canvas, "RGBA")
    for foot, x, label, scale, _ in sorted(spots):
        sprite = SpriteCanvas(
            brush,
            foot=(x * width, foot * height),
            scale=scale * height,
            mirrored=bool(rng.random() < 0.5),
        )
        _FIGURES[label](sprite, rng)
        left, top, right, bottom = sprite.bounds
        boxes.append(
            Box(
                label=label,
                x1=min(max(left / width, 0.0), 1.0),
                y1=min(max(top / height, 0.0), 1.0),
                x2=min(max(right / width, 0.0), 1.0),
                y2=min(max(bottom / height, 0.0), 1.0),
            )
        )
    return tuple(boxes)


def _covered(
    one: tuple[float, float, float, float], other: tuple[float, float, float, float]
) -> float:
    """Share of the smaller area that the two have in common."""
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    if across <= 0 or down <= 0:
        return 0.0
    smaller = min((a[2] - a[0]) * (a[3] - a[1]) for a in (one, other))
    return across * down / smaller


def _expose(image: Image.Image, rng: Generator, lighting: Lighting) -> Image.Image:
    """Add the effects of a camera: light, lens, grain, infrared at night."""
    width, height = image.size
    if rng.random() < 0.35:
        image = image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.4, 1.3)) * height / 480))
    pixels = np.asarray(image, dtype=np.float32)
    patches = Image.fromarray(rng.uniform(-1, 1, size=(18, 24)).astype(np.float32))
    texture = np.asarray(patches.resize((width, height), Image.Resampling.BICUBIC))[..., None]
    xs = np.linspace(-1, 1, width, dtype=np.float32)[None, :, None]
    ys = np.linspace(-1, 1, height, dtype=np.float32)[:, None, None]
    if lighting == "night":
        grey = pixels @ np.array((0.38, 0.42, 0.2), dtype=np.float32)
        cx, cy = rng.uniform(-0.3, 0.3), rng.uniform(0.0, 0.4)
        fall = np.exp(-((xs - cx) ** 2 * 0.75 + (ys - cy) ** 2 * 0.9)).astype(np.float32)
        gain = np.float32(rng.uniform(0.75, 1.05))
        pixels = (grey[..., None] * 0.92 + 6) * (0.28 + 0.78 * fall) * gain + texture * 3
        grain = rng.uniform(3, 9)
    else:
        gain = np.float32(rng.uniform(0.85, 1.22))
        tint = np.array((rng.uniform(0.94, 1.06), 1.0, rng.uniform(0.92, 1.06)), dtype=np.float32)
        vignette = 1 - 0.12 * (xs**2 + ys**2)
        pixels = (pixels + texture * 6) * gain * tint * vignette
        grain = rng.uniform(1, 6)
    noise = rng.standard_normal((height, width), dtype=np.float32)[..., None]
    final = np.clip(pixels + noise * np.float32(grain), 0, 255).astype(np.uint8)
    return Image.fromarray(final if final.shape[2] == 3 else np.repeat(final, 3, axis=2))
