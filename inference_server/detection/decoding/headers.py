"""Read an image's format, size and orientation without decoding pixels."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
import struct

from inference_server.errors import InvalidImageError

_JPEG_MAGIC = b"\xff\xd8\xff"
_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_EXIF_MAGIC = b"Exif\x00\x00"
_ORIENTATION_TAG = 0x0112
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_START_OF_SCAN = 0xDA
_NO_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without content


class ImageFormat(StrEnum):
    """The format of the bytes, regardless of the content type."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageHeader:
    """Data of an image's header; width and height are as stored, before orientation."""

    format: ImageFormat
    width: int
    height: int
    orientation: int = 1  # 1-8 as in EXIF
    plain: bool = True  # False for JPEGs other than 8 bit grey or YCbCr
    progressive: bool = False


def read_header(data: bytes) -> ImageHeader:
    """Read the header; raises InvalidImageError."""
    if not data:
        raise InvalidImageError("The request has no body; send the image's bytes.")
    try:
        if data.startswith(_JPEG_MAGIC):
            header = _read_jpeg(data)
        elif data.startswith(_PNG_MAGIC):
            header = _read_png(data)
        elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            header = _read_webp(data)
        else:
            raise InvalidImageError("The body is not a JPEG, PNG or WebP image.")
    except (struct.error, IndexError) as err:
        raise InvalidImageError("The image's header is incomplete.") from err
    if not header.width or not header.height:
        raise InvalidImageError("The image's header has no size.")
    return header


def read_orientation(exif: bytes) -> int:
    """Return the EXIF orientation of a TIFF structure; 1 if there is no valid one."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return 1
    try:
        (directory,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, directory)
        for index in range(count):
            tag, kind, _, value = struct.unpack_from(
                f"{order}HHIH", exif, directory + 2 + index * 12
            )
            if tag == _ORIENTATION_TAG:
                return value if kind == 3 and 1 <= value <= 8 else 1
    except struct.error:
        pass  # broken EXIF data does not make the image unreadable
    return 1


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield each marker up to the first scan with the start and end of its content.

    Raises InvalidImageError, IndexError or struct.error if they are corrupt.
    """
    position = 2
    while True:
        if data[position] != 0xFF:
            raise InvalidImageError("The image's header is corrupt.")
        while data[position] == 0xFF:  # fill bytes may precede a marker
            position += 1
        marker = data[position]
        position += 1
        if marker in _NO_LENGTH:
            continue
        (length,) = struct.unpack_from(">H", data, position)
        if length < 2:
            raise InvalidImageError("The image's header is corrupt.")
        yield marker, position + 2, position + length
        if marker == _START_OF_SCAN:
            return
        position += length


def _read_jpeg(data: bytes) -> ImageHeader:
    orientation = 1
    for marker, start, end in _jpeg_segments(data):
        if marker in _START_OF_FRAME:
            bits, height, width, components = struct.unpack_from(">BHHB", data, start)
            return ImageHeader(
                format=ImageFormat.JPEG,
                width=width,
                height=height,
                orientation=orientation,
                plain=bits == 8 and components in {1, 3} and marker in {0xC0, 0xC1, 0xC2},
                progressive=marker in _PROGRESSIVE,
            )
        segment = data[start:end]
        if marker == 0xE1 and segment.startswith(_EXIF_MAGIC):
            orientation = read_orientation(segment[len(_EXIF_MAGIC) :])
    raise InvalidImageError("The image's header is corrupt.")  # a scan without a frame


def _read_png(data: bytes) -> ImageHeader:
    width, height = struct.unpack_from(">II", data, 16)
    chunks = dict(_png_chunks(data))
    if b"IEND" not in chunks:
        raise InvalidImageError("The image is truncated.")
    orientation = read_orientation(chunks.get(b"eXIf", b""))
    return ImageHeader(format=ImageFormat.PNG, width=width, height=height, orientation=orientation)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = len(_PNG_MAGIC)
    while position + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, position)
        kind = data[position + 4 : position + 8]
        end = position + 12 + length
        if end <= len(data):
            yield kind, data[position + 8 : end - 4] if kind == b"eXIf" else b""
        position = end


def _read_webp(data: bytes) -> ImageHeader:
    (size,) = struct.unpack_from("<I", data, 4)
    if size + 8 > len(data):
        raise InvalidImageError("The image is truncated.")
    kind = data[12:16]
    orientation = 1
    if kind == b"VP8X":
        width = int.from_bytes(data[24:27], "little") + 1
        height = int.from_bytes(data[27:30], "little") + 1
        exif = dict(_webp_chunks(data)).get(b"EXIF", b"")
        # Some encoders add JPEG's prefix.
        orientation = read_orientation(exif.removeprefix(_EXIF_MAGIC))
    elif kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8 ":
        width, height = (value & 0x3FFF for value in struct.unpack_from("<HH", data, 26))
    else:
        raise InvalidImageError("The image's header is corrupt.")
    return ImageHeader(format=ImageFormat.WEBP, width=width, height=height, orientation=orientation)


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 12
    while position + 8 <= len(data):
        kind = data[position : position + 4]
        (length,) = struct.unpack_from("<I", data, position + 4)
        yield kind, data[position + 8 : position + 8 + length] if kind == b"EXIF" else b""
        position += 8 + length + length % 2
