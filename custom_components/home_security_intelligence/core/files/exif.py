"""Reading the capture time fields of a JPEG's EXIF block."""

from dataclasses import dataclass
import struct

_EXIF_POINTER = 0x8769
_DATE_TIME_ORIGINAL = 0x9003
_OFFSET_TIME_ORIGINAL = 0x9011
_ASCII = 2
_LONG = 4
_MAX_ENTRIES = 512  # in one directory; cameras write a few dozen
_MAX_TEXT = 64  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ExifTime:
    """The fields as written: `2026:11:23 13:19:03`, and `+01:00` if present."""

    text: str
    offset: str | None


def exif_time(head: bytes) -> ExifTime | None:
    """Return the time of capture from a JPEG's first bytes; None if there is none to trust."""
    tiff = _exif_block(head)
    if tiff is None:
        return None
    try:
        return _Tiff(tiff).capture_time()
    except struct.error, _MalformedError:
        return None


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

    def capture_time(self) -> ExifTime | None:
        (first,) = self._unpack("I", 4)
        pointer = self._entry(first, _EXIF_POINTER, _LONG)
        if pointer is None:
            return None
        (exif,) = struct.unpack(f"{self._order}I", pointer)
        text = self._text(exif, _DATE_TIME_ORIGINAL)
        if text is None:
            return None
        return ExifTime(text=text, offset=self._text(exif, _OFFSET_TIME_ORIGINAL))

    def _text(self, directory: int, tag: int) -> str | None:
        raw = self._entry(directory, tag, _ASCII)
        if raw is None:
            return None
        try:
            return raw.partition(b"\0")[0].decode("ascii").strip()
        except UnicodeDecodeError as err:
            raise _MalformedError from err

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
