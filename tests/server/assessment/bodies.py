"""Facts as they come over the wire."""

from base64 import b64encode
from copy import deepcopy
import io
from typing import Any

from PIL import Image

from inference_server.assessment.facts import ZONES, Facts

START = "2026-11-21T02:15:00+01:00"
END = "2026-11-21T02:16:24+01:00"


def image(format_: str = "JPEG", size: tuple[int, int] = (64, 48)) -> bytes:
    """Draw an image of one color."""
    drawn = io.BytesIO()
    Image.new("RGB", size, "teal").save(drawn, format_)
    return drawn.getvalue()


def base64(data: bytes) -> str:
    return b64encode(data).decode()


IMAGE = image()

OBJECT: dict[str, Any] = {
    "label": "person",
    "confidence": 0.91,
    "box": [0.4, 0.2, 0.6, 0.9],
    "first_seen": START,
    "last_seen": END,
    "images": 5,
    "movement": "roaming",
    "zones": ["entry_point", "yard"],
}
RULES: dict[str, Any] = {
    "score": 67,
    "low": 60,
    "high": 79,
    "factors": [{"name": "night", "points": 22}, {"name": "alarm off", "points": -13}],
}
BODY: dict[str, Any] = {
    "camera": "Front door",
    "started_at": START,
    "ended_at": END,
    "image_count": 6,
    "part_of_day": "night",
    "armed": True,
    "occupancy": None,
    "objects": [OBJECT],
    "rules": RULES,
    "earlier_problem": None,
}


def body(**changes: object) -> dict[str, Any]:
    return {**deepcopy(BODY), **changes}


def body_with_object(**changes: object) -> dict[str, Any]:
    return body(objects=[{**OBJECT, **changes}])


def facts(**changes: object) -> Facts:
    return Facts.from_json(body(**changes))


def largest_facts(earlier_problem: str | None = None) -> Facts:
    """Everything as long as the wire allows, names in a script that takes many tokens."""
    objects = [
        {
            **OBJECT,
            "label": f"\U00020000{chr(0xA000 + i)}" + "\ua4d0\u16a0\u1401" * 16,
            "images": 100_000,
            "confidence": 0.87 - i / 1000,
            "first_seen": "2020-01-01T00:00:00+01:00",
            "box": [0.0, 0.0, 0.003, 0.9],
            "movement": "approaching",
            "zones": list(ZONES),
        }
        for i in range(50)
    ]
    rules = {
        "score": 100,
        "low": 100,
        "high": 100,
        "factors": [
            {
                "name": f"company in the restricted zone {chr(97 + i % 26)}{chr(97 + i // 26)}",
                "points": -100 + i,
            }
            for i in range(40)
        ],
    }
    return facts(
        rules=rules,
        occupancy="away",
        camera="\ua4d0\u16a0\u1401\u2fa1" * 25,
        image_count=100_000,
        part_of_day="early morning",
        objects=objects,
        earlier_problem=earlier_problem,
    )
