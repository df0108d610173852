"""Valid images and facts, to be damaged."""

from dataclasses import dataclass
import io
import json

from PIL import Image

from testbed.drawing.scenes import draw


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Valid images of every kind, and valid facts."""

    images: tuple[bytes, ...]
    facts: bytes


def make_samples() -> Samples:
    """Draw and encode the samples, the same ones each time."""
    scene = draw(3, size=(320, 240)).image
    lying = Image.Exif()
    lying[0x0112] = 6
    return Samples(
        images=(
            _encode(scene, "JPEG", quality=85),
            _encode(scene, "JPEG", quality=60, progressive=True),
            _encode(scene, "JPEG", exif=lying),
            _encode(scene.convert("CMYK"), "JPEG"),
            _encode(scene.convert("L"), "JPEG"),
            _encode(scene, "PNG"),
            _encode(scene.convert("P"), "PNG"),
            _encode(scene.convert("I;16"), "PNG"),
            _encode(scene.convert("RGBA"), "PNG", exif=lying),
            _encode(scene, "WEBP", quality=70),
            _encode(scene, "WEBP", lossless=True, exif=lying),
        ),
        facts=json.dumps(_FACTS).encode(),
    )


def _encode(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


_MOMENT = "2026-11-02T22:14:05+01:00"
_FACTS = {
    "camera": "Front door",
    "started_at": _MOMENT,
    "ended_at": _MOMENT,
    "image_count": 3,
    "part_of_day": "night",
    "armed": True,
    "occupancy": "away",
    "earlier_problem": None,
    "objects": [
        {
            "label": "person",
            "confidence": 0.91,
            "box": [0.2, 0.3, 0.4, 0.9],
            "first_seen": _MOMENT,
            "last_seen": _MOMENT,
            "images": 3,
            "movement": "approaching",
            "zones": ["entry_point"],
        }
    ],
    "rules": {
        "score": 62,
        "low": 50,
        "high": 75,
        "factors": [{"name": "at night", "points": 12}],
    },
}
