"""Small scenes: images by second, from a camera with a door, a path and a sidewalk."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.domain.context import Context
from hsi_core.domain.levels import LevelBounds
from hsi_core.domain.models import Box, Detection, Image, ImageState
from hsi_core.domain.zones import Zone, ZoneKind
from hsi_core.risk.facts import FactSheet, build_fact_sheet
from hsi_core.risk.rules import Verdict, apply_rules

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = datetime(2026, 11, 21, 2, 15, tzinfo=BERLIN)
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=BERLIN)


type Scene = Mapping[int, Sequence[Detection]] | Mapping[float, Sequence[Detection]]  # by second


def band_of(kind: ZoneKind, top: float, bottom: float) -> Zone:
    corners = ((0.0, top), (1.0, top), (1.0, bottom), (0.0, bottom))
    return Zone(name=kind.name, kind=kind, polygon=corners)


ZONES = (
    band_of(ZoneKind.SIDEWALK, 0.3, 0.5),
    band_of(ZoneKind.YARD, 0.5, 0.75),
    band_of(ZoneKind.ENTRY_POINT, 0.75, 1.0),
)
SIDEWALK, PATH, DOOR = 0.4, 0.6, 0.9  # where feet stand, from the top
HEIGHTS = {SIDEWALK: 0.25, PATH: 0.4, DOOR: 0.6}


def person(x: float, ground: float, confidence: float = 0.85) -> Detection:
    tall = HEIGHTS.get(ground, 0.4)
    box = Box(x1=x - 0.2 * tall, y1=ground - tall, x2=x + 0.2 * tall, y2=ground)
    return Detection(label="person", confidence=confidence, box=box)


def thing(label: str, x: float, ground: float, tall: float = 0.1) -> Detection:
    box = Box(x1=x - 0.6 * tall, y1=ground - tall, x2=x + 0.6 * tall, y2=ground)
    return Detection(label=label, confidence=0.8, box=box)


def images(start: datetime, seen: Scene) -> tuple[Image, ...]:
    return tuple(
        Image(
            id=number,
            camera="front",
            path=f"{number}.jpg",
            size=1,
            mtime_ns=0,
            captured_at=start + timedelta(seconds=second),
            found_at=start,
            state=ImageState.DETECTED,
            detections=tuple(detections),
        )
        for number, (second, detections) in enumerate(sorted(seen.items()), start=1)
    )


def facts(
    seen: Scene,
    *,
    start: datetime = NIGHT,
    begins: float = 0.0,
    **known: object,
) -> FactSheet:
    """Gather the facts of an event that begins at a second; `known` is of the context."""
    context = Context(**{"time_zone": BERLIN, "zones": ZONES, **known})  # type: ignore[arg-type]
    taken = images(start, seen)
    began = start + timedelta(seconds=begins)
    history = [image for image in taken if image.captured_at < began]
    return build_fact_sheet("front", taken[len(history) :], history, context)


def verdict(seen: Scene, **around: object) -> Verdict:
    return apply_rules(facts(seen, **around), LevelBounds())  # type: ignore[arg-type]


def points(seen: Scene, **around: object) -> dict[str, int]:
    """Return the factors by name."""
    return {each.name: each.points for each in verdict(seen, **around).factors}
