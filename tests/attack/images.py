"""Images that are made to cost a decoder far more than their bytes, or that are damaged."""

import io
import re
import struct
import zlib

from PIL import Image

from tests.server.support import draw, encode

START_OF_SCAN = b"\xff\xda"


def jpeg(*, quality: int = 90, **options: object) -> bytes:
    return encode(draw(), "JPEG", quality=quality, **options)


def resized(data: bytes, width: int, height: int) -> bytes:
    """Return a JPEG whose frame claims another size."""
    changed = bytearray(data)
    frame = re.search(rb"\xff[\xc0-\xc2]\x00[\x0b\x11\x14]\x08", data)
    assert frame
    changed[frame.start() + 5 : frame.start() + 9] = struct.pack(">HH", height, width)
    return bytes(changed)


def with_frame(data: bytes, marker: int) -> bytes:
    """Return a JPEG whose frame claims another compression."""
    frame = data.index(b"\xff\xc0")
    return data[: frame + 1] + bytes([marker]) + data[frame + 2 :]


def progressive_scans(count: int, width: int, height: int) -> bytes:
    """Return a progressive JPEG of that many more scans, none of which brings a pixel."""
    data = encode(Image.new("L", (64, 64), 90), progressive=True)
    last = data.rindex(START_OF_SCAN)
    return resized(data[:last] + data[last:-2] * (count + 1) + data[-2:], width, height)


def sequential_scans(count: int, width: int, height: int, *, mode: str = "RGB") -> bytes:
    """Return a sequential JPEG that repeats a scan of its first component."""
    data = encode(Image.new(mode, (64, 64)), quality=50)
    first = data.index(START_OF_SCAN)
    [component, tables] = data[first + 5 : first + 7]
    scan = START_OF_SCAN + struct.pack(">HBBBBBB", 8, 1, component, tables, 0, 63, 0)
    return resized(data[:first] + (scan + bytes(8)) * count + data[-2:], width, height)


def repeated_scan(count: int, width: int, height: int) -> bytes:
    """Return a sequential JPEG that repeats its scan of all components."""
    data = encode(Image.new("RGB", (64, 64)), quality=50)
    first = data.index(START_OF_SCAN)
    return resized(data[:first] + data[first:-2] * count + data[-2:], width, height)


def comment(declared: int, content: bytes) -> bytes:
    return b"\xff\xfe" + struct.pack(">H", declared + 2) + content


def icc_part(number: int, total: int) -> bytes:
    content = b"ICC_PROFILE\0" + bytes([number, total]) + bytes(100)
    return b"\xff\xe2" + struct.pack(">H", len(content) + 2) + content


def chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def png(width: int, height: int, *, more: bytes = b"", pixels: bytes | None = None) -> bytes:
    """Return a grey PNG with `more` chunks behind the pixels."""
    rows = bytes((width + 1) * height) if pixels is None else pixels
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows, 9))
        + more
        + chunk(b"IEND", b"")
    )


def webp(width: int, height: int) -> bytes:
    """Return a WebP of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", (width, height)).save(buffer, "WEBP", lossless=True, quality=0, method=0)
    return buffer.getvalue()


def webp_of_one_colour(width: int, height: int) -> bytes:
    """Return a WebP of 34 bytes: all five prefix codes have one symbol, which takes no bits."""
    bits, position = 0, 0

    def put(value: int, count: int) -> None:
        nonlocal bits, position
        bits |= value << position
        position += count

    put(0x2F, 8)
    put(width - 1, 14)
    put(height - 1, 14)
    put(0, 1 + 3)  # no alpha, version 0
    put(0, 1 + 1 + 1)  # no transform, no colour cache, no meta prefix codes
    for _ in range(5):
        put(1, 1)  # a simple code
        put(0, 1)  # of one symbol
        put(0, 1)  # of one bit
        put(0, 1)  # which is 0
    content = bits.to_bytes(-(-position // 8) + 1, "little")
    content += bytes(len(content) % 2)
    body = b"WEBPVP8L" + struct.pack("<I", len(content)) + content
    return b"RIFF" + struct.pack("<I", len(body)) + body
