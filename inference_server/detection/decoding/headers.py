"""Read an image's format, size and orientation without decoding pixels."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
import struct

from inference_server.detection.decoding.jpeg_segments import (
    ARITHMETIC,
    COMPRESSIONS,
    EXIF,
    PROGRESSIVE,
    START_OF_FRAME,
    START_OF_SCAN,
    count_scans,
    read_segments,
)
from inference_server.errors import InvalidImageError

_JPEG_MAGIC = b"\xff\xd8\xff"
_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_EXIF_MAGIC = b"Exif\x00\x00"
_ORIENTATION_TAG = 0x0112
_FEW_SCANS = 20  # of a progressive JPEG of any size; encoders write about ten
_MAX_CHUNKS = 65_536  # of a PNG or WebP; each costs as much as a thousand bytes of pixels


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
    scans: int = 1  # of a JPEG, at most; the cost of decoding is this times the pixels
    progressive: bool = False
    components: int = 3  # of a JPEG

    @property
    def pixels(self) -> int:
        """Width x height."""
        return self.width * self.height


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


def _read_jpeg(data: bytes) -> ImageHeader:
    orientation, frame, scan = 1, None, None
    for segment in read_segments(data):
        if segment.marker in START_OF_FRAME:
            frame = frame or segment  # the decoder refuses a second one
        elif segment.marker == START_OF_SCAN:
            scan = segment
        elif segment.marker == EXIF and data.startswith(_EXIF_MAGIC, segment.start, segment.end):
            orientation = read_orientation(data[segment.start + len(_EXIF_MAGIC) : segment.end])
    if frame is None or scan is None:
        raise InvalidImageError("The image's header is corrupt.")
    if frame.marker in ARITHMETIC:
        raise InvalidImageError("The image uses arithmetic coding; send Huffman coding.")
    if frame.marker not in COMPRESSIONS:
        raise InvalidImageError("The image is not a baseline or progressive JPEG.")
    bits, height, width, components = struct.unpack_from(">BHHB", data, frame.start)
    progressive = frame.marker in PROGRESSIVE
    scans = 1  # one of all components: the decoder refuses a second one
    if progressive:
        scans = count_scans(data, scan, exact_above=_FEW_SCANS)
    elif data[scan.start] < components:
        scans = count_scans(data, scan, exact_above=components)
    return ImageHeader(
        format=ImageFormat.JPEG,
        width=width,
        height=height,
        orientation=orientation,
        plain=bits == 8 and components in {1, 3},
        scans=scans,
        progressive=progressive,
        components=components,
    )


def _read_png(data: bytes) -> ImageHeader:
    width, height = struct.unpack_from(">II", data, 16)
    chunks = _as_dict(_png_chunks(data))
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
        exif = _as_dict(_webp_chunks(data)).get(b"EXIF", b"")
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


def _as_dict(chunks: Iterator[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    found = dict(islice(chunks, _MAX_CHUNKS))
    if next(chunks, None):
        raise InvalidImageError(f"The image has more than {_MAX_CHUNKS} chunks.")
    return found
