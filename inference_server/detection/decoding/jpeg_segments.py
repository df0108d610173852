"""Walk a JPEG's segments as libjpeg does, damaged or not."""

from collections.abc import Iterator
from dataclasses import dataclass
import re
import struct
from typing import Final

from inference_server.errors import InvalidImageError

START_OF_FRAME: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
COMPRESSIONS: Final = frozenset({0xC0, 0xC1, 0xC2})  # with Huffman coding: all that cameras use
PROGRESSIVE: Final = frozenset({0xC2})
# A scan of it costs ten times as much for the same pixels, and no camera uses it.
ARITHMETIC: Final = frozenset({0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
EXIF: Final = 0xE1
START_OF_SCAN: Final = 0xDA
_END_OF_IMAGE = 0xD9
_NO_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without content
# libjpeg ignores the bytes before a marker, fill bytes, and FF 00.
_MARKER = re.compile(rb"\xff[^\x00\xff]")
# Within a scan it ignores restart markers, and what is no marker of a JPEG.
_MARKER_AFTER_SCAN = re.compile(rb"\xff[\xc0-\xcf\xd8-\xfe]")
_SCAN_MARK = b"\xff\xda"
_MAX_SEGMENTS = 5000  # of a header; metadata of 20 MiB is 330
# The decoder needs no others: JFIF and Adobe tell the colours.
_APPLICATION = frozenset(range(0xE1, 0xF0)) - {0xEE}
_COMMENT = 0xFE


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A segment with the start and end of its content."""

    marker: int
    start: int
    end: int


def read_segments(data: bytes) -> Iterator[Segment]:
    """Yield the segments up to and including the first start of a scan.

    Raises InvalidImageError or struct.error if the header ends before.
    """
    position = 2
    for _ in range(_MAX_SEGMENTS):
        found = _MARKER.search(data, position)
        if not found or data[found.end() - 1] == _END_OF_IMAGE:
            raise InvalidImageError("The image's header is incomplete.")
        marker, position = data[found.end() - 1], found.end()
        if marker in _NO_LENGTH:
            continue
        end = _segment_end(data, position)
        yield Segment(marker=marker, start=position + 2, end=end)
        if marker == START_OF_SCAN:
            return
        position = end
    raise InvalidImageError(f"The image's header has more than {_MAX_SEGMENTS} segments.")


def count_scans(data: bytes, first: Segment, *, exact_above: int) -> int:
    """Return the number of scans from the `first` on, or a larger one of up to `exact_above`.

    Raises InvalidImageError or struct.error.
    """
    # Every scan has these bytes, and few images more of them: in thumbnails, and behind the end.
    if (count := data.count(_SCAN_MARK)) <= exact_above:
        return count
    position, scans = first.end, 1
    for _ in range(_MAX_SEGMENTS):
        if not (found := _MARKER_AFTER_SCAN.search(data, position)):
            return scans
        marker, position = data[found.end() - 1], found.end()
        if marker == _END_OF_IMAGE:
            return scans
        if marker == START_OF_SCAN:
            scans += 1
        if marker not in _NO_LENGTH and position + 2 <= len(data):
            position = _segment_end(data, position)
    raise InvalidImageError(f"The image has more than {_MAX_SEGMENTS} segments.")


def without_metadata(data: bytes) -> bytes:
    """Return the image without metadata, comments, and bytes between segments.

    Raises as read_segments().
    """
    parts = [data[:2]]
    for segment in read_segments(data):
        if segment.marker == START_OF_SCAN:
            parts.append(data[segment.start - 4 :])
        elif segment.marker not in _APPLICATION and segment.marker != _COMMENT:
            parts.append(data[segment.start - 4 : segment.end])
    return b"".join(parts)


def _segment_end(data: bytes, position: int) -> int:
    length: int = struct.unpack_from(">H", data, position)[0]
    return position + max(length, 2)  # libjpeg reads on after an impossible length
