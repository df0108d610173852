"""Build the first bytes of JPEGs as cameras write them."""

import struct


def jpeg(*segments: bytes) -> bytes:
    """Return a JPEG's head made of these segments, without the image data."""
    return b"\xff\xd8" + b"".join(segments) + b"\xff\xda"


def segment(marker: int, content: bytes) -> bytes:
    """Return one marker segment."""
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def exif(
    time: str | None,
    offset: str | None = None,
    *,
    digitized: str | None = None,
    digitized_offset: str | None = None,
    changed: str | None = None,
    order: str = "<",
) -> bytes:
    """Return an EXIF segment with the times and offsets that are given.

    `time` is DateTimeOriginal with OffsetTimeOriginal, `digitized` DateTimeDigitized, `changed`
    DateTime of the main directory.
    """
    first = [(0x010F, None), (0x0132, changed), (0x8769, "")]
    second = [(0x9003, time), (0x9004, digitized), (0x9011, offset), (0x9012, digitized_offset)]
    main = [(tag, text) for tag, text in first if text is not None or tag == 0x010F]
    texts = [(tag, text.encode() + b"\0") for tag, text in second if text is not None]
    exif_at = 8 + 2 + 12 * len(main) + 4
    values_at = exif_at + 2 + 12 * len(texts) + 4
    values = b""
    head = struct.pack(f"{order}H", len(main))
    for tag, text in main:
        if tag == 0x8769:
            head += _entry(order, tag, 4, 1, exif_at)
        elif text is None:
            head += _entry(order, tag, 2, 5, 90)
        else:
            head += _entry(order, tag, 2, len(text) + 1, values_at + len(values))
            values += text.encode() + b"\0"
    directory = struct.pack(f"{order}H", len(texts))
    for tag, raw in texts:
        if len(raw) <= 4:  # a short text is in the entry itself
            directory += struct.pack(f"{order}HHI", tag, 2, len(raw)) + raw.ljust(4, b"\0")
            continue
        directory += _entry(order, tag, 2, len(raw), values_at + len(values))
        values += raw
    begin = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    tiff = begin + head + b"\0\0\0\0" + directory + b"\0\0\0\0" + values
    return segment(0xE1, b"Exif\0\0" + tiff)


def _entry(order: str, tag: int, kind: int, count: int, value: int) -> bytes:
    return struct.pack(f"{order}HHII", tag, kind, count, value)
