"""The processor time that the rules take to judge an event with each of its images.

The images show two people who walk about, a parked car and a package, in six
zones. The peer is reading the same images from JSON, in the same process.
"""

import argparse
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import statistics
import sys
import time
from typing import Final

from benchmarks import harness

# isort: split
from hsi_core.domain.context import Context
from hsi_core.domain.levels import LevelBounds
from hsi_core.domain.models import Box, Detection, Image, ImageState
from hsi_core.domain.zones import Zone, ZoneKind
from hsi_core.risk.facts import FactSheet, build_fact_sheet
from hsi_core.risk.rules import apply_rules
from hsi_core.risk.scene_cache import SceneCache

GOAL: Final = 3.0  # ms
HISTORY: Final = 120  # images before the event
INTERVAL: Final = timedelta(seconds=0.5)
START: Final = datetime(2026, 11, 21, 2, 15, tzinfo=UTC)
ZONES: Final = tuple(
    Zone(
        name=kind.value,
        kind=kind,
        polygon=((0.0, top), (1.0, top), (1.0, bottom), (0.5, bottom - 0.02), (0.0, bottom)),
    )
    for kind, top, bottom in (
        (ZoneKind.SIDEWALK, 0.3, 0.5),
        (ZoneKind.DRIVEWAY, 0.45, 0.7),
        (ZoneKind.YARD, 0.5, 0.75),
        (ZoneKind.ENTRY_POINT, 0.75, 0.9),
        (ZoneKind.ENTRY_POINT, 0.85, 1.0),
        (ZoneKind.RESTRICTED, 0.0, 0.1),
    )
)
CONTEXT: Final = Context(time_zone=UTC, zones=ZONES, usual={"person": 0.05})


def seen(number: int) -> tuple[Detection, ...]:
    """Return what the image of a number shows."""
    return (
        detection("person", 0.2 + 0.005 * (number % 60), 0.6 + 0.002 * (number % 100), 0.4),
        detection("person", 0.8 - 0.004 * (number % 60), 0.9 - 0.002 * (number % 100), 0.4),
        detection("car", 0.5, 0.62, 0.3),
        detection("package", 0.55, 0.92, 0.1),
    )


def detection(label: str, x: float, ground: float, tall: float) -> Detection:
    """Return an object of a height that stands at a place."""
    box = Box(x1=x - 0.2 * tall, y1=ground - tall, x2=x + 0.2 * tall, y2=ground)
    return Detection(label=label, confidence=0.8, box=box)


def images(count: int) -> tuple[Image, ...]:
    """Return a camera's images in order of capture time."""
    return tuple(
        Image(
            id=number,
            camera="front",
            path=f"{number}.jpg",
            size=1,
            mtime_ns=0,
            captured_at=START + number * INTERVAL,
            found_at=START,
            state=ImageState.DETECTED,
            detections=seen(number),
        )
        for number in range(count)
    )


def measure(event_images: int, rounds: int) -> dict[str, object]:
    """Judge an event again and again: from all its images, and with each further image."""
    taken = images(HISTORY + event_images)
    history, own = taken[:HISTORY], taken[HISTORY:]
    body = json.dumps([_as_json(image) for image in own])
    alone = _timed(lambda: build_fact_sheet("front", own, (), CONTEXT), rounds)
    after = _timed(lambda: build_fact_sheet("front", own, history, CONTEXT), rounds)
    reading: list[float] = []
    for _ in range(rounds):
        began = time.process_time()
        json.loads(body)
        reading.append(time.process_time() - began)
    with_each = [
        seconds for _ in range(max(1, rounds // 10)) for seconds in _with_each(own, history)
    ]
    median = {name: _median(each) for name, each in (("all", alone), ("each", with_each))}
    return {
        "images": event_images,
        "objects_per_image": len(seen(0)),
        "all_images_ms": harness.milliseconds(alone),
        "all_images_with_history_ms": harness.milliseconds(after),
        "with_each_image_ms": harness.milliseconds(with_each),
        "with_each_image_median_ms": median["each"],
        "reading_json_ms": harness.milliseconds(reading),
        "ratio_all_to_reading": round(median["all"] / _median(reading), 1),
        "ratio_to_goal_median": round(median["each"] / GOAL, 2),
    }


def _with_each(own: Sequence[Image], history: Sequence[Image]) -> list[float]:
    """Judge an event with each image; return the times of the last ten."""
    scenes = SceneCache()
    took = []
    for count in range(1, len(own) + 1):
        began = time.process_time()
        sheet = build_fact_sheet("front", own[:count], history, CONTEXT, scenes=scenes)
        apply_rules(sheet, LevelBounds())
        took.append(time.process_time() - began)
    return took[-10:]


def _timed(facts: Callable[[], FactSheet], rounds: int) -> list[float]:
    took = []
    for _ in range(rounds):
        began = time.process_time()
        apply_rules(facts(), LevelBounds())
        took.append(time.process_time() - began)
    return took


def _median(seconds: Sequence[float]) -> float:
    return round(statistics.median(seconds) * 1000, 3)


def _as_json(image: Image) -> list[object]:
    return [
        {
            "label": each.label,
            "confidence": each.confidence,
            "box": [each.box.x1, each.box.y1, each.box.x2, each.box.y2],
        }
        for each in image.detections
    ]


def main(arguments: Sequence[str]) -> int:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(prog="scripts/bench rules", description=__doc__)
    parser.add_argument("--images", type=int, default=120, help="of the event")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--json", type=Path, help="where to write the figures")
    options = parser.parse_args(arguments)
    figures = measure(options.images, options.rounds)
    harness.show(figures, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
