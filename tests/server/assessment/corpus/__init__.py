"""Notes that a language model could write about scenes, true and false, and the scenes' facts.

`read_notes`: 200 notes that the facts support and 200 that they contradict or do not contain, written
before the checks. `read_more_notes`: further ones on the same scenes, written afterwards to find what
the first ones leave out.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
import json
from pathlib import Path
from typing import Any

from inference_server.assessment.facts import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One sentence about one scene."""

    scene: str
    facts: Facts
    text: str
    true: bool


def read_notes() -> list[Note]:
    """Return all notes, in the order of the file."""
    scenes = json.loads(Path(__file__).with_name("notes.json").read_text(encoding="utf-8"))
    return [
        Note(scene=scene["name"], facts=facts, text=text, true=kind == "true")
        for scene in scenes
        for facts in [_facts(scene)]
        for kind in ("true", "false")
        for text in scene[kind]
    ]


def read_more_notes() -> list[Note]:
    """Return the further notes."""
    facts = {note.scene: note.facts for note in read_notes()}
    scenes = json.loads(Path(__file__).with_name("more_notes.json").read_text(encoding="utf-8"))
    return [
        Note(scene=name, facts=facts[name], text=text, true=kind == "true")
        for name, kinds in scenes.items()
        for kind in ("true", "false")
        for text in kinds[kind]
    ]


def _facts(scene: dict[str, Any]) -> Facts:
    start = datetime.fromisoformat(scene["start"])
    end = start + timedelta(seconds=scene["seconds"])
    return Facts.from_json(
        {
            "camera": scene["camera"],
            "started_at": start.isoformat(),
            "ended_at": end.isoformat(),
            "image_count": scene["images"],
            "part_of_day": scene["part_of_day"],
            "armed": scene["armed"],
            "occupancy": scene["occupancy"],
            "objects": [
                {
                    "label": each["label"],
                    "confidence": each["confidence"],
                    "box": [0.4, 0.2, 0.6, 0.9],
                    "first_seen": (seen := start + timedelta(seconds=each["at"])).isoformat(),
                    "last_seen": (seen + timedelta(seconds=each["seconds"])).isoformat(),
                    "images": each["images"],
                    "movement": each["movement"],
                    "zones": each["zones"],
                }
                for each in scene["objects"]
            ],
            "rules": {
                "score": 50,
                "low": 30,
                "high": 59,
                "factors": [
                    {"name": name, "points": points} for name, points in scene["factors"].items()
                ],
            },
            "earlier_problem": None,
        }
    )
