"""Reading the capture time fields of a JPEG's EXIF block."""

from collections.abc import Iterator
from dataclasses import dataclass
import struct
from typing import Literal

_EXIF_POINTER = 0x8769
# A time, and the offset that belongs to it.
_ORIGINAL = (0x9003, 0x9011)
_DIGITIZED = (0x9004, 0x9012)
_CHANGED = (0x0132, 0x9010)  # the first of them in the main directory
_ASCII = 2
_LONG = 4
_MAX_ENTRIES = 512  # in one directory; cameras write a few dozen
_MAX_TEXT = 64  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ExifTime:
    """The fields as written: `2026:11:23 13:19:03`, and `+01:00` or `Z` if present."""

    text: str
    offset: str | None
    is_change: bool = False  # when the file was last changed, which a camera writes as it captures


def exif_times(head: bytes) -> tuple[ExifTime, ...]:
    """Return the times in a JPEG's first bytes: when it was captured, digitized, last changed.

    A field that contradicts the format is left out, and does not affect the others.
    """
    tiff = _exif_block(head)
    if tiff is None:
        return ()
    try:
        return tuple(_Tiff(tiff).times())
    except struct.error, _MalformedError:
        return ()


class _MalformedError(Exception):
    """The block contradicts its own format."""


class _Tiff:
    """The TIFF structure within an EXIF block; every offset is checked before it is followed."""

    def __init__(self, data: bytes) -> None:
        order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])
        if order is None:
            raise _MalformedError
        self._data = data
        self._order = order
        self._byteorder: Literal["little", "big"] = "little" if order == "<" else "big"

    def times(self) -> Iterator[ExifTime]:
        (main,) = self._unpack("I", 4)
        exif = self._pointer(main, _EXIF_POINTER)
        for directory, tag, offset_tag in (
            (exif, *_ORIGINAL),
            (exif, *_DIGITIZED),
            (main, *_CHANGED),
        ):
            text = None if directory is None else self._text(directory, tag)
            if text is not None:
                offset = None if exif is None else self._text(exif, offset_tag)
                yield ExifTime(text=text, offset=offset, is_change=directory == main)

    def _pointer(self, directory: int, tag: int) -> int | None:
        try:
            raw = self._entry(directory, tag, _LONG)
        except struct.error, _MalformedError:
            return None
        return None if raw is None else int.from_bytes(raw, self._byteorder)

    def _text(self, directory: int, tag: int) -> str | None:
        try:
            raw = self._entry(directory, tag, _ASCII)
            return None if raw is None else raw.partition(b"\0")[0].decode("ascii").strip()
        except struct.error, _MalformedError, UnicodeDecodeError:
            return None

    def _entry(self, directory: int, tag: int, kind: int) -> bytes | None:
        """Return the bytes of an entry's value; None if there is no such entry."""
        (count,) = self._unpack("H", directory)
        for index in range(min(count, _MAX_ENTRIES)):
            start = directory + 2 + 12 * index
            found, found_kind, length = self._unpack("HHI", start)
            if found != tag:
                continue
            size = length * (4 if kind == _LONG else 1)
            if found_kind != kind or not 0 < size <= _MAX_TEXT or (kind == _LONG and size != 4):
                raise _MalformedError
            (offset,) = (start + 8,) if size <= 4 else self._unpack("I", start + 8)
            value = self._data[offset : offset + size]
            if len(value) != size:
                raise _MalformedError
            return value
        return None

    def _unpack(self, layout: str, offset: int) -> tuple[int, ...]:
        return struct.unpack_from(self._order + layout, self._data, offset)


def _exif_block(head: bytes) -> bytes | None:
    """Return the TIFF bytes of the first EXIF segment that is complete within the head."""
    if not head.startswith(b"\xff\xd8"):
        return None
    position = 2
    while position + 4 <= len(head) and head[position] == 0xFF:
        marker = head[position + 1]
        if marker == 0xFF:  # padding
            position += 1
            continue
        if marker in {0xD9, 0xDA}:  # the image data begins or ends
            return None
        size = int.from_bytes(head[position + 2 : position + 4])
        segment = head[position + 4 : position + 2 + size]
        if marker == 0xE1 and segment.startswith(b"Exif\0\0"):
            return segment[6:]
        position += 2 + max(size, 2)
    return None
