"""Images are decoded to upright RGB pixels, or refused with the right error."""

import struct
import time
import zlib

import numpy as np
from PIL import Image, ImageOps
import pytest

from inference_server.detection.decoding.decode import decode
from inference_server.detection.decoding.headers import read_header
from inference_server.errors import ImageTooLargeError, InvalidImageError
from tests.server.support import draw, encode

LIMIT = 50_000_000


def pixels_of(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB")).astype(int)


def difference(data: bytes, expected: Image.Image) -> float:
    """Return the mean difference between a decoded image and the expected one, 0-255."""
    image = decode(data, max_pixels=LIMIT)
    decoded = image.pixels
    assert (image.width, image.height) == expected.size
    assert decoded.shape == (expected.height, expected.width, 3)
    assert decoded.dtype == np.uint8
    return float(np.abs(decoded.astype(int) - pixels_of(expected)).mean())


def oriented(orientation: int, kind: str = "JPEG") -> tuple[bytes, Image.Image]:
    """Return an encoded image with the EXIF orientation, and the upright image."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = draw()
    data = encode(stored, kind, exif=exif, **({"quality": 95} if kind != "PNG" else {}))
    stored.getexif()[0x0112] = orientation
    return data, ImageOps.exif_transpose(stored)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_every_exif_orientation_is_applied(kind: str, orientation: int) -> None:
    data, expected = oriented(orientation, kind)
    assert difference(data, expected) < 2


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_an_unknown_orientation_is_ignored(value: int) -> None:
    data, _ = oriented(value)
    assert difference(data, draw()) < 2


def test_broken_exif_is_ignored() -> None:
    data = encode(draw(), quality=95, exif=b"Exif\x00\x00II*\x00\xff\xff\xff\x00")
    assert difference(data, draw()) < 2


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(encode(draw(), quality=95), id="jpeg"),
        pytest.param(encode(draw(), quality=95, progressive=True), id="progressive jpeg"),
        pytest.param(encode(draw(), quality=95, subsampling=0), id="4:4:4 jpeg"),
        pytest.param(encode(draw(), quality=95, restart_marker_rows=1), id="restart markers"),
        pytest.param(encode(draw().convert("CMYK"), quality=95), id="cmyk jpeg"),
        pytest.param(encode(draw(), "PNG"), id="png"),
        pytest.param(encode(draw().convert("RGBA"), "PNG"), id="png with alpha"),
        pytest.param(encode(draw(), "WEBP", quality=95), id="webp"),
        pytest.param(encode(draw(), "WEBP", lossless=True), id="lossless webp"),
        pytest.param(encode(draw(), quality=95) + b"\x00" * 512, id="jpeg with padding"),
    ],
)
def test_the_formats_of_cameras_are_decoded(data: bytes) -> None:
    assert difference(data, draw()) < 2


def test_grey_images_become_rgb() -> None:
    grey = draw().convert("L")
    assert difference(encode(grey, quality=95), grey) < 2
    assert difference(encode(grey, "PNG"), grey) == 0


def test_sixteen_bit_grey_is_scaled_not_clipped() -> None:
    grey = draw().convert("L")
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    assert difference(encode(deep, "PNG"), grey) == 0


@pytest.mark.parametrize(
    "left", [0.0, 0.001, 0.02, 0.3, 0.7, 0.99, 0.999, "all but 1", "all but 2"]
)
@pytest.mark.parametrize(
    "data",
    [
        pytest.param(encode(draw(1280, 720)), id="jpeg"),
        pytest.param(encode(draw(1280, 720), progressive=True), id="progressive"),
        pytest.param(encode(draw(1280, 720).convert("CMYK")), id="cmyk"),
        pytest.param(encode(draw(1280, 720), "PNG"), id="png"),
        pytest.param(encode(draw(1280, 720), "WEBP"), id="webp"),
    ],
)
def test_a_truncated_image_is_refused(data: bytes, left: float | str) -> None:
    size = len(data) - int(left[-1]) if isinstance(left, str) else int(len(data) * left)
    with pytest.raises(InvalidImageError):
        decode(data[:size], max_pixels=LIMIT)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"hello, this is text", id="text"),
        pytest.param(encode(draw(), "GIF"), id="gif"),
        pytest.param(encode(draw(), "BMP"), id="bmp"),
        pytest.param(b"\xff\xd8\xff" + b"\x00" * 500, id="jpeg signature only"),
        pytest.param(b"\xff\xd8\xff\xe0\x00\x00" * 50, id="segment without a length"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + b"\x00" * 500, id="png signature only"),
        pytest.param(
            b"RIFF\x10\x00\x00\x00WEBPxxxx" + b"\x00" * 50, id="webp without a known chunk"
        ),
    ],
)
def test_data_that_is_no_image_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidImageError):
        decode(data, max_pixels=LIMIT)


def test_damage_in_the_middle_is_refused() -> None:
    data = bytearray(encode(draw(), "PNG"))
    data[len(data) // 2] ^= 0xFF
    with pytest.raises(InvalidImageError):
        decode(bytes(data), max_pixels=LIMIT)


def test_padding_after_the_last_scan_is_accepted_but_no_missing_data() -> None:
    data = encode(draw(), quality=95)
    end = len(data) - 2
    assert difference(data[:end] + bytes(64) + data[end:], draw()) < 2
    with pytest.raises(InvalidImageError, match="premature end"):
        decode(data[: end - 500] + data[end:], max_pixels=LIMIT)


def with_scans(count: int) -> bytes:
    """Return a small progressive image with many scans that add no pixel."""
    data = encode(Image.new("L", (64, 64), 90), progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * count + data[-2:]


def test_an_image_with_too_many_scans_is_refused_before_decoding() -> None:
    with pytest.raises(InvalidImageError, match="more than 100 scans"):
        decode(with_scans(200), max_pixels=LIMIT)


def test_a_jpeg_with_two_sizes_is_refused_before_memory_is_allocated() -> None:
    # 0xFF00 could begin a segment of this length; libjpeg ignores it and uses the frame inside.
    large = jpeg_of(30_000, 30_000)[2:]
    small = b"\xff\xc0\x00\x0b\x08\x00\x0a\x00\x0a\x01\x01\x11\x00"
    data = b"\xff\xd8\xff\x00" + struct.pack(">H", len(large) + 2) + large + small
    with pytest.raises(ImageTooLargeError):
        decode(data, max_pixels=LIMIT)


def test_an_end_marker_in_the_header_is_refused() -> None:
    data = encode(draw())
    with pytest.raises(InvalidImageError):
        decode(b"\xff\xd8\xff\x00\x00\x02\xff\xd9" + data[2:], max_pixels=LIMIT)


def test_an_unknown_sampling_is_refused() -> None:
    data = bytearray(encode(draw()))
    data[data.index(b"\xff\xc0") + 11] = 0x44
    with pytest.raises(InvalidImageError):
        decode(bytes(data), max_pixels=LIMIT)


def test_a_refusal_names_no_memory_address() -> None:
    data = bytearray(encode(draw(), "PNG"))
    data[24] = 3  # an unknown bit depth
    with pytest.raises(InvalidImageError) as refused:
        decode(bytes(data), max_pixels=LIMIT)
    assert "0x" not in refused.value.detail


def png_of(width: int, height: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(b"\x00" * 1000))
        + chunk(b"IEND", b"")
    )


def jpeg_of(width: int, height: int) -> bytes:
    data = bytearray(encode(draw()))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(data)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(png_of(50_000, 50_000), id="png"),
        pytest.param(jpeg_of(50_000, 50_000), id="jpeg"),
    ],
)
def test_a_decompression_bomb_is_refused_by_its_header(data: bytes) -> None:
    started = time.thread_time()
    with pytest.raises(ImageTooLargeError, match="50000 x 50000"):
        decode(data, max_pixels=LIMIT)
    assert time.thread_time() - started < 0.1


def test_an_image_at_the_limit_is_decoded() -> None:
    data = encode(draw(100, 50))
    assert decode(data, max_pixels=5000).pixels.shape == (50, 100, 3)
    with pytest.raises(ImageTooLargeError):
        decode(data, max_pixels=4999)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_header_has_the_stored_size(kind: str) -> None:
    header = read_header(encode(draw(123, 45), kind))
    assert (header.format, header.width, header.height) == (kind.lower(), 123, 45)
