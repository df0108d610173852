"""Tells the JPEGs that every decoder understands alike: what nearly all cameras write."""

import re
import struct

from inference_server.detection.decoding.headers import START_OF_SCAN, jpeg_segments
from inference_server.errors import InvalidImageError

_BASELINE = 0xC0
_HARMLESS = frozenset({0xC4, 0xDB, 0xDD, *range(0xE0, 0xF0), 0xFE})  # tables, APPn, comments
_ADOBE, _YCBCR = 0xEE, 1
_GREY = ((1, 0x11),)  # each component's number and sampling
_COLOURED = tuple(((1, luma), (2, 0x11), (3, 0x11)) for luma in (0x11, 0x21, 0x22))
_IN_ONE_PASS = bytes((0, 63, 0))
# Neither a stuffed byte nor a restart.
_MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7]")


def is_simple(data: bytes) -> bool:
    """Say whether it is a baseline JPEG of one scan and nothing after it, 8 bit grey or YCbCr.

    Of colours sampled as 4:4:4, 4:2:2 or 4:2:0. Its pixels may be broken.
    """
    try:
        return _is_simple(data)
    except (InvalidImageError, IndexError, struct.error):
        return False


def _is_simple(data: bytes) -> bool:
    components = 0
    for marker, start, end in jpeg_segments(data):
        content = data[start:end]
        if marker == _BASELINE and not components:
            components = _components(content)
            if not components:
                return False
        elif marker == START_OF_SCAN:
            if content[0] != components or content[-3:] != _IN_ONE_PASS:
                return False
            found = _MARKER_IN_SCAN.search(data, end)
            return found is not None and data[found.start() :] == b"\xff\xd9"
        elif marker not in _HARMLESS or (marker == _ADOBE and _other_colours(content)):
            return False
    return False


def _other_colours(content: bytes) -> bool:
    return content.startswith(b"Adobe") and content[11] != _YCBCR


def _components(frame: bytes) -> int:
    """Return how many components a simple frame has; 0 where it is none."""
    bits, count = frame[0], frame[5]
    described = tuple((frame[at], frame[at + 1]) for at in range(6, 6 + 3 * count, 3))
    return count if bits == 8 and (described == _GREY or described in _COLOURED) else 0
