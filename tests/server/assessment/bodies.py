"""Facts as they come over the wire."""

from copy import deepcopy
from typing import Any

from inference_server.assessment import Facts

START = "2026-11-21T02:15:00+01:00"
END = "2026-11-21T02:16:24+01:00"

OBJECT: dict[str, Any] = {
    "label": "person",
    "confidence": 0.91,
    "box": [0.4, 0.2, 0.6, 0.9],
    "first_seen": START,
    "last_seen": END,
    "images": 5,
}
BODY: dict[str, Any] = {
    "camera": "Front door",
    "started_at": START,
    "ended_at": END,
    "image_count": 6,
    "objects": [OBJECT],
}


def body(**changes: object) -> dict[str, Any]:
    return {**deepcopy(BODY), **changes}


def body_with_object(**changes: object) -> dict[str, Any]:
    return body(objects=[{**OBJECT, **changes}])


def facts(**changes: object) -> Facts:
    return Facts.from_json(body(**changes))


def largest_facts() -> Facts:
    """Everything as long as the wire allows, in a script that takes many tokens."""
    objects = [
        {
            **OBJECT,
            "label": f"\U00020000{chr(0xA000 + i)}" + "\ua4d0\u16a0\u1401" * 16,
            "images": 100_000,
            "confidence": 0.87 - i / 1000,
            "first_seen": "2020-01-01T00:00:00+01:00",
            "box": [0.0, 0.0, 0.003, 0.9],
        }
        for i in range(50)
    ]
    return facts(camera="\ua4d0\u16a0\u1401\u2fa1" * 25, image_count=100_000, objects=objects)
