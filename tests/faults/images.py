"""Distinct JPEG files of a few drawn scenes."""

from functools import cache
import random

from testbed.drawing.scenes import draw, jpeg

SCENES = 24
_START = b"\xff\xd8"


def make_image(scene: int, number: int) -> bytes:
    """Return a JPEG of the scene; each number gives a distinct file."""
    drawn = _drawn(scene % SCENES)
    text = f"image {number}".encode()
    comment = b"\xff\xfe" + (len(text) + 2).to_bytes(2) + text
    return _START + comment + drawn.removeprefix(_START)


@cache
def _drawn(scene: int) -> bytes:
    labels = random.Random(scene).choice(((), ("person",), ("person", "dog"), ("car",)))
    return jpeg(draw(scene, size=(320, 240), labels=labels), quality=80)
