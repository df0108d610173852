"""Build the first bytes of JPEGs as cameras write them."""

import struct


def jpeg(*segments: bytes) -> bytes:
    """Return a JPEG's head made of these segments, without the image data."""
    return b"\xff\xd8" + b"".join(segments) + b"\xff\xda"


def segment(marker: int, content: bytes) -> bytes:
    """Return one marker segment."""
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def exif(time: str | None, offset: str | None = None, *, order: str = "<") -> bytes:
    """Return an EXIF segment with DateTimeOriginal and optionally OffsetTimeOriginal."""
    fields = [(0x9003, time), (0x9011, offset)]
    texts = [(tag, text.encode() + b"\0") for tag, text in fields if text is not None]
    first = (
        struct.pack(f"{order}H", 2)
        + _entry(order, 0x010F, 2, 5, 90)
        + _entry(order, 0x8769, 4, 1, 38)
    )
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    directory, values = struct.pack(f"{order}H", len(texts)), b""
    start = 38 + 2 + 12 * len(texts) + 4
    for tag, text in texts:
        directory += _entry(order, tag, 2, len(text), start + len(values))
        values += text
    tiff = head + first + b"\0\0\0\0" + directory + b"\0\0\0\0" + values
    return segment(0xE1, b"Exif\0\0" + tiff)


def _entry(order: str, tag: int, kind: int, count: int, value: int) -> bytes:
    return struct.pack(f"{order}HHII", tag, kind, count, value)
