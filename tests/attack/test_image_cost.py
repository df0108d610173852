"""No image costs a decoder more than its header proves, and none is refused that viewers show."""

from base64 import b64encode
from collections.abc import Callable
import contextlib
import io
import re
import subprocess
import sys
import time

import numpy as np
from PIL import Image, ImageOps
import pytest

from inference_server.assessment.images import read_image
from inference_server.detection.decoding.decode import decode
from inference_server.errors import ImageTooLargeError, InvalidImageError, ProblemError
from tests.attack import images
from tests.server.support import ROOT, draw, encode

LIMIT = 50_000_000  # pixels, as MAX_PIXELS
HEADER_TIME = 0.1  # seconds of a processor; a refusal by the header takes far less than a decoder


def refuse(data: bytes, error: type[ProblemError], match: str) -> None:
    """Check that an image is refused before it is decoded."""
    started = time.thread_time()
    with pytest.raises(error, match=match):
        decode(data, max_pixels=LIMIT)
    assert time.thread_time() - started < HEADER_TIME


@pytest.mark.parametrize(("width", "height"), [(1, 20_000_000), (20_000_000, 1), (65_536, 2)])
def test_side_that_is_too_long_is_refused_by_the_header(width: int, height: int) -> None:
    refuse(images.png(width, height), ImageTooLargeError, "65535 a side")


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda n: images.progressive_scans(n, 7000, 7100), id="progressive"),
        pytest.param(lambda n: images.sequential_scans(n, 7000, 7100), id="sequential"),
        pytest.param(lambda n: images.sequential_scans(n, 7000, 7000, mode="CMYK"), id="cmyk"),
    ],
)
@pytest.mark.parametrize("count", [25, 2000])
def test_scans_that_bring_no_pixels_are_refused(make: Callable[[int], bytes], count: int) -> None:
    refuse(make(count), InvalidImageError, "more than (20|3|4) scans")


def test_repeated_scan_of_all_components_costs_nothing() -> None:
    once, often = (images.repeated_scan(count, 4000, 4000) for count in (1, 500))

    def cost(data: bytes) -> float:
        started = time.thread_time()
        with contextlib.suppress(InvalidImageError):
            decode(data, max_pixels=LIMIT)
        return time.thread_time() - started

    assert cost(often) < 5 * cost(once) + HEADER_TIME


def test_small_progressive_images_may_have_many_scans() -> None:
    with pytest.raises(InvalidImageError, match="more than 100 scans"):
        decode(images.progressive_scans(120, 64, 64), max_pixels=LIMIT)
    assert decode(images.progressive_scans(60, 64, 64), max_pixels=LIMIT).width == 64


@pytest.mark.parametrize("marker", [0xC3, 0xC5, 0xC9, 0xCA, 0xCB, 0xCF])
def test_compressions_that_no_camera_uses_are_refused(marker: int) -> None:
    refuse(images.with_frame(images.jpeg(), marker), InvalidImageError, "arithmetic|baseline")


def test_thumbnails_count_as_no_scan() -> None:
    thumbnail = b"\xff\xd9\xff\xda" * 500
    data = images.sequential_scans(1, 64, 64)
    segment = images.comment(len(thumbnail), thumbnail)
    with pytest.raises(InvalidImageError) as refused:  # two components have no scan
        decode(data[:2] + segment + data[2:], max_pixels=LIMIT)
    assert "scans" not in refused.value.detail


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\xff\xd8" + b"\xff\xfe\x00\x02" * 100_000, id="jpeg segments"),
        pytest.param(images.png(8, 8, more=images.chunk(b"teXt", b"") * 70_000), id="png chunks"),
    ],
)
def test_endless_metadata_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidImageError, match="more than"):
        decode(data, max_pixels=LIMIT)


def test_formats_that_decode_at_full_size_have_half_the_limit() -> None:
    refuse(images.webp_of_one_colour(7000, 7100), ImageTooLargeError, "half of MAX_PIXELS")
    refuse(images.png(6000, 6000), ImageTooLargeError, "half of MAX_PIXELS")
    assert decode(images.webp_of_one_colour(640, 480), max_pixels=2 * 640 * 480).width == 640


_PEAK = """
import resource
from inference_server.detection.decoding.decode import decode
from inference_server.detection.decoding.preprocess import InputSize, to_input
from tests.attack import images
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
decode(images.png(8, 8), max_pixels=1000)
tall = images.png(1, 65_535)
before = peak()
to_input(decode(tall, max_pixels=50_000_000).pixels, InputSize())
print(peak() - before)
webp = images.webp_of_one_colour(5000, 4900)
for _ in range(3):
    decode(webp, max_pixels=50_000_000)
print(peak() - before)
"""


def test_memory_of_an_image_is_bounded() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PEAK], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    tall, webp = map(int, done.stdout.split())  # MiB
    assert tall < 40  # the width first would take 120 MiB
    assert webp < 24.5 * 25  # bytes a pixel


@pytest.mark.parametrize("content", [b"", b"a"])
def test_exception_of_a_decoder_is_the_fault_of_the_input(
    content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    data = images.png(64, 64, more=images.chunk(b"iCCP", content))
    with caplog.at_level("INFO"), pytest.raises(InvalidImageError):
        decode(data, max_pixels=LIMIT)
    assert "Error" in caplog.text  # the exception's class


def test_images_for_the_language_model_have_the_same_limits() -> None:
    for data in (images.png(1, 70_000), images.progressive_scans(200, 64, 64)):
        with pytest.raises(Exception, match=r"65535|scans"):
            read_image(b64encode(data).decode())
    assert read_image(b64encode(images.jpeg()).decode())


SOUND = images.jpeg()
RESTARTS = images.jpeg(restart_marker_rows=1)
EXIF = Image.Exif()
EXIF[0x0112] = 6  # orientation
LYING = encode(draw(), exif=EXIF)


def with_stray_bytes(data: bytes) -> bytes:
    return re.sub(rb"(\xff[\xd0-\xd7])", lambda found: b"\0\1\2" + found[1], data)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(SOUND[:2] + images.comment(10, b"x" * 18) + SOUND[2:], id="8 bytes more"),
        pytest.param(SOUND[:2] + images.comment(10, b"x" * 618) + SOUND[2:], id="608 bytes more"),
        pytest.param(SOUND[:2] + images.comment(30, b"x" * 26) + SOUND[2:], id="bytes missing"),
        pytest.param(LYING[:2] + images.comment(10, b"x" * 50) + LYING[2:], id="before exif"),
        pytest.param(with_stray_bytes(RESTARTS), id="stray bytes before restart markers"),
        pytest.param(
            SOUND[:2] + images.icc_part(1, 3) + images.icc_part(3, 3) + SOUND[2:], id="icc part"
        ),
    ],
)
def test_damage_that_viewers_tolerate_is_read_as_pillow_reads_it(data: bytes) -> None:
    image = decode(data, max_pixels=LIMIT)
    with Image.open(io.BytesIO(data)) as opened:
        expected = np.asarray(ImageOps.exif_transpose(opened).convert("RGB")).astype(int)
    assert image.damage
    assert image.pixels.shape == expected.shape
    assert np.abs(image.pixels - expected).max() <= 1


@pytest.mark.parametrize("end", [b"", b"\xff\xd9"])
def test_damaged_image_that_breaks_off_is_refused(end: bytes) -> None:
    data = SOUND[:2] + images.comment(10, b"x" * 50) + SOUND[2 : len(SOUND) // 2] + end
    with pytest.raises(InvalidImageError, match=r"(?i)premature end"):
        decode(data, max_pixels=LIMIT)


def test_sound_image_has_no_damage() -> None:
    assert decode(SOUND, max_pixels=LIMIT).damage is None
    padded = SOUND[:-2] + bytes(64) + SOUND[-2:]  # of the last scan, as some cameras do
    assert decode(padded, max_pixels=LIMIT).damage is None
