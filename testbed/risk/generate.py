"""Random scenes with wide priors: geometry, image rate, misses, zones, and what is unknown.

Each scene tells one of a few stories with a known outcome. They are too simple to stand for homes;
they show that the assessment holds wherever the camera hangs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import hypot
import random
from typing import Final, TypeVar

import testbed.core  # noqa: F401 # registers hsi_core

from hsi_core.domain.context import Context, HomeEvent, HomeEventKind, Occupancy  # isort: skip
from hsi_core.domain.models import Box, Detection, Image, ImageState, RiskLevel  # isort: skip
from hsi_core.domain.placement import Placement  # isort: skip
from hsi_core.domain.zones import Zone, ZoneKind  # isort: skip

import itertools

from testbed.risk.scenarios import Scenario

_UNKNOWN: Final = 0.4  # of each fact about the home
_SPEED: Final = 0.05  # parts of the image a second, a person at mid-distance
_SPOTS: Final = ("left", "right", "door", "window", "car", "back")

T = TypeVar("T")
Spot = tuple[float, float]  # where the feet are


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What people do: stops in order, with seconds at each."""

    incident: bool
    stops: tuple[tuple[str, float], ...]
    at_night: float  # chance
    people: int = 1
    low: frozenset[str] = field(default_factory=frozenset)  # stops at which they crouch
    unlocks: bool = False


STORIES: Final[Mapping[str, Story]] = {
    "passer-by": Story(incident=False, stops=(("left", 0), ("right", 0)), at_night=0.4),
    "visitor": Story(incident=False, stops=(("left", 0), ("door", 12), ("left", 0)), at_night=0.15),
    "resident": Story(
        incident=False, stops=(("right", 0), ("door", 6)), at_night=0.5, unlocks=True
    ),
    "couple goes home": Story(
        incident=False, stops=(("left", 0), ("door", 8)), at_night=0.5, people=2, unlocks=True
    ),
    "prowler": Story(
        incident=True, stops=(("left", 0), ("window", 25), ("back", 30), ("left", 0)), at_night=0.7
    ),
    "at the lock": Story(
        incident=True,
        stops=(("right", 0), ("door", 70), ("right", 0)),
        at_night=0.8,
        low=frozenset({"door"}),
    ),
    "at the car": Story(
        incident=True,
        stops=(("left", 0), ("car", 40), ("left", 0)),
        at_night=0.8,
        low=frozenset({"car"}),
    ),
    "two at the back": Story(
        incident=True, stops=(("left", 0), ("back", 60), ("right", 0)), at_night=0.8, people=2
    ),
}


def generate(count: int, seed: int = 0) -> tuple[Scenario, ...]:
    """Return random scenes, the same for the same seed."""
    names = sorted(STORIES)
    return tuple(
        _scene(names[number % len(names)], random.Random(f"{seed} {number}"), number)
        for number in range(count)
    )


def _scene(name: str, chance: random.Random, number: int) -> Scenario:
    story = STORIES[name]
    horizon = chance.uniform(0.25, 0.5)
    spots = {
        "left": (-0.05, chance.uniform(horizon + 0.1, 0.8)),
        "right": (1.05, chance.uniform(horizon + 0.1, 0.8)),
        **{
            each: (chance.uniform(0.15, 0.85), chance.uniform(horizon + 0.15, 0.95))
            for each in _SPOTS[2:]
        },
    }
    night = chance.random() < story.at_night
    hour = chance.choice((23, 0, 1, 2, 3, 4)) if night else chance.randrange(7, 21)
    start = datetime(2026, 5, chance.randrange(1, 28), hour, chance.randrange(60), tzinfo=UTC)
    paths = [_path(story, spots, horizon, chance) for _ in range(story.people)]
    images = _images(paths, spots["car"], horizon, start, chance)
    return Scenario(
        id=f"generated-{number}-{name.replace(' ', '-')}",
        description=name,
        camera="generated",
        context=_context(story, spots, start, paths[0], chance),
        images=images,
        incident=story.incident,
        levels=frozenset(
            {RiskLevel.HIGH, RiskLevel.CRITICAL} if story.incident else {RiskLevel.LOW}
        ),
        tags=("generated", name),
    )


def _path(
    story: Story, spots: Mapping[str, Spot], horizon: float, chance: random.Random
) -> list[tuple[float, Spot, bool]]:
    """Return corners as (seconds, place, crouching)."""
    now, here = chance.uniform(0, 3), spots[story.stops[0][0]]
    path = [(now, here, False)]
    for name, stay in story.stops[1:]:
        x, y = spots[name]
        there = x + chance.uniform(-0.02, 0.02), y + chance.uniform(-0.02, 0.02)
        pace = _SPEED * chance.uniform(0.7, 1.5) * _size(y, horizon) / 0.3
        now += hypot(there[0] - here[0], there[1] - here[1]) / max(pace, 0.01)
        path.append((now, there, name in story.low))
        if stay:
            now += stay * chance.uniform(0.6, 1.6)
            path.append((now, there, name in story.low))
        here = there
    return path


def _images(
    paths: Sequence[list[tuple[float, Spot, bool]]],
    car: Spot,
    horizon: float,
    start: datetime,
    chance: random.Random,
) -> tuple[Image, ...]:
    rate = 10 ** chance.uniform(-1, 0.7)  # 0.1-5 images a second
    missed, noise = chance.uniform(0, 0.3), chance.uniform(0, 0.02)
    parked = chance.random() < 0.7
    end = max(path[-1][0] for path in paths)
    images = []
    for number in range(min(400, int(end * rate) + 2)):
        seconds = number / rate
        seen = (
            [_box("car", car, 0.6 * _size(car[1], horizon), 1.8, noise, chance)] if parked else []
        )
        for path in paths:
            place = _at(path, seconds)
            if place is not None:
                (x, y), crouching = place
                height = _size(y, horizon) * (0.55 if crouching else 1)
                wide = 0.8 if crouching else 0.4
                seen.append(_box("person", (x, y), height, wide, noise, chance))
        kept = tuple(each for each in seen if each is not None and chance.random() > missed)
        at = start + timedelta(seconds=seconds)
        images.append(_image(number, at, kept))
    return tuple(images)


def _image(number: int, at: datetime, seen: tuple[Detection, ...]) -> Image:
    return Image(
        id=number + 1,
        camera="generated",
        path=f"{number}.jpg",
        size=1,
        mtime_ns=0,
        captured_at=at,
        found_at=at,
        state=ImageState.DETECTED,
        detections=seen,
    )


def _context(
    story: Story,
    spots: Mapping[str, Spot],
    start: datetime,
    path: list[tuple[float, Spot, bool]],
    chance: random.Random,
) -> Context:
    def known(value: Callable[[], T]) -> T | None:
        return None if chance.random() < _UNKNOWN else value()

    events: tuple[HomeEvent, ...] = ()
    reported = known(lambda: frozenset(HomeEventKind)) or frozenset[HomeEventKind]()
    if reported and story.unlocks:
        at = start + timedelta(seconds=path[1][0] - chance.uniform(0, 20))
        events = (HomeEvent(at=at, kind=HomeEventKind.UNLOCKED, name="door unlocked"),)
    outdoors = (Placement.OUTDOORS_PUBLIC, Placement.OUTDOORS_PRIVATE)
    return Context(
        time_zone=UTC,
        placement=known(lambda: chance.choice(outdoors)),
        zones=_zones(spots, chance),
        armed=known(lambda: chance.random() < 0.5),
        occupancy=known(lambda: chance.choice(tuple(Occupancy))),
        home_events=events,
        reported=reported,
    )


def _zones(spots: Mapping[str, Spot], chance: random.Random) -> tuple[Zone, ...]:
    """Return no zones, some or all of them, drawn tightly or generously."""
    kinds = {
        "door": ZoneKind.ENTRY_POINT,
        "window": ZoneKind.ENTRY_POINT,
        "back": ZoneKind.YARD,
        "car": ZoneKind.DRIVEWAY,
    }
    drawn = chance.choice((0.0, 0.5, 1.0))
    found = []
    for name, kind in kinds.items():
        if chance.random() < drawn:
            x, y = spots[name]
            half = chance.uniform(0.05, 0.2)
            left, right = max(0.0, x - half), min(1.0, x + half)
            top, bottom = max(0.0, y - half), min(1.0, y + half / 2)
            corners = ((left, top), (right, top), (right, bottom), (left, bottom))
            found.append(Zone(name=name, kind=kind, polygon=corners))
    return tuple(found)


def _at(path: list[tuple[float, Spot, bool]], seconds: float) -> tuple[Spot, bool] | None:
    for (t1, (x1, y1), _), (t2, (x2, y2), low) in itertools.pairwise(path):
        if t1 <= seconds <= t2:
            share = (seconds - t1) / (t2 - t1) if t2 > t1 else 1.0
            return (x1 + (x2 - x1) * share, y1 + (y2 - y1) * share), low and (x1, y1) == (x2, y2)
    return None


def _size(y: float, horizon: float) -> float:
    """Return the height of a person whose feet are at y."""
    return max(0.04, 0.9 * (y - horizon))


def _box(
    label: str, foot: Spot, height: float, wide: float, noise: float, chance: random.Random
) -> Detection | None:
    def near(value: float) -> float:
        return min(1.0, max(0.0, value + chance.gauss(0, noise * height)))

    x, y = foot
    x1, x2 = near(x - height * wide / 2), near(x + height * wide / 2)
    y1, y2 = near(y - height), near(y)
    if x2 - x1 < 0.005 or y2 - y1 < 0.01:
        return None
    confidence = round(chance.uniform(0.4, 0.95), 2)
    return Detection(label=label, confidence=confidence, box=Box(x1=x1, y1=y1, x2=x2, y2=y2))
