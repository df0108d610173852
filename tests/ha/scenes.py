"""Scenes and the levels that the rules give them: the one file to adapt to other weights.

It is night in the home of the tests, its alarm and residents are unknown, and each camera has the
ZONES. The bounds of the levels leave room for a person whom the other camera saw as well.
`test_a_detected_person_raises_an_alert` holds each scene to its level.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from testbed.fake_inference_server import FakeInferenceServer

type Corners = tuple[float, float, float, float]  # of a box: x1, y1, x2, y2

ZONES = (
    {"name": "Pavement", "kind": "sidewalk", "corners": "0 0, 0.3 1"},
    {"name": "Garden", "kind": "yard", "corners": "0.3 0, 0.5 1"},
    {"name": "Window", "kind": "window", "corners": "0.5 0, 0.75 1"},
    {"name": "Passage", "kind": "restricted", "corners": "0.75 0, 1 1"},
)
LEVELS = {"medium_from": 8, "high_from": 23, "critical_from": 50}  # the option
LOCAL_HOUR = 3  # the images of the hours before are of the night as well


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """People on an image, each with a box, and the level of an event at the front door."""

    level: str
    people: tuple[Corners, ...]


def _near(x: float) -> Corners:
    """Return the box of a person in the foreground."""
    return (x - 0.05, 0.55, x + 0.05, 0.9)


def _far(x: float) -> Corners:
    """Return the box of a person in the background."""
    return (x - 0.05, 0.15, x + 0.05, 0.5)


PASSERS_BY = Scene(level="low", people=(_near(0.26), _far(0.26)))
IN_THE_GARDEN = Scene(level="medium", people=(_near(0.34), _far(0.34)))
AT_THE_WINDOW = Scene(level="high", people=(_near(0.6),))
IN_THE_PASSAGE = Scene(level="critical", people=(_near(0.85),))
SCENES: Mapping[str, Scene] = {
    scene.level: scene for scene in (PASSERS_BY, IN_THE_GARDEN, AT_THE_WINDOW, IN_THE_PASSAGE)
}

# Passers-by whose boxes stray into the garden on one image. The event is medium, until the last
# image shows that they keep to the pavement: then it is low.
STRAYING = (PASSERS_BY, IN_THE_GARDEN, PASSERS_BY, PASSERS_BY)


def show(server: FakeInferenceServer, scene: Scene) -> None:
    """Let every further image show a scene."""
    server.detections = [("person", 0.97)] * len(scene.people)
    server.boxes = scene.people


def night_here() -> str:
    """Return a time zone in which it is night now."""
    offset = (LOCAL_HOUR - datetime.now(UTC).hour + 12) % 24 - 12
    return f"Etc/GMT{-offset:+d}"
