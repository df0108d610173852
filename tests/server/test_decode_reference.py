"""Decoded images match Pillow's, and shrunk ones lead to the same detections."""

import io

import numpy as np
from PIL import Image, ImageOps
import pytest
import torch

from inference_server.detection.base import Detector
from inference_server.detection.decoding.decode import decode
from inference_server.detection.decoding.preprocess import InputSize, to_input
from inference_server.detection.postprocess import overlaps
from inference_server.detection.selection.parity import LEAST_IOU, SCORE_TOLERANCE
from testbed.drawing.scenes import draw as draw_scene
from tests.server.support import draw, encode

LIMIT = 50_000_000
# Differences of the detector's input, in levels of 255, after decoding at a smaller scale.
SHRUNK_MEAN = 0.5
SHRUNK_MAX = 12


def with_orientation(data: bytes, kind: str, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encode(Image.open(io.BytesIO(data)), kind, exif=exif)


def camera_image(width: int, height: int, seed: int = 3) -> Image.Image:
    """Draw a scene with a camera's noise."""
    scene = draw_scene(seed).image.convert("RGB").resize((width, height), Image.Resampling.BICUBIC)
    noise = np.random.default_rng(seed).normal(0, 3, (height, width, 1))
    return Image.fromarray((np.asarray(scene) + noise).clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize(
    ("data", "levels"),
    [
        pytest.param(encode(draw(321, 241), quality=85), 1, id="jpeg"),
        pytest.param(encode(draw(321, 241), progressive=True), 1, id="progressive jpeg"),
        pytest.param(encode(draw(321, 241), subsampling=1), 1, id="4:2:2 jpeg"),
        pytest.param(encode(draw(321, 241).convert("L")), 1, id="grey jpeg"),
        pytest.param(encode(draw(321, 241).convert("CMYK")), 0, id="cmyk jpeg"),
        *(
            pytest.param(
                with_orientation(encode(draw(321, 241)), "JPEG", turn), 1, id=f"exif {turn}"
            )
            for turn in range(2, 9)
        ),
        pytest.param(encode(draw(321, 241), "PNG"), 0, id="png"),
        pytest.param(encode(draw(321, 241).convert("P"), "PNG"), 0, id="png with a palette"),
        pytest.param(with_orientation(encode(draw(321, 241)), "PNG", 6), 0, id="rotated png"),
        pytest.param(encode(draw(321, 241), "WEBP", quality=80), 0, id="webp"),
        pytest.param(with_orientation(encode(draw(321, 241)), "WEBP", 8), 0, id="rotated webp"),
    ],
)
def test_pixels_match_pillows(data: bytes, levels: int) -> None:
    with Image.open(io.BytesIO(data)) as image:
        expected = np.asarray(ImageOps.exif_transpose(image).convert("RGB")).astype(int)
    decoded = decode(data, max_pixels=LIMIT)
    assert (decoded.height, decoded.width) == expected.shape[:2]
    assert np.abs(decoded.pixels.astype(int) - expected).max() <= levels


@pytest.mark.parametrize(
    ("width", "height", "side", "rows"),
    [
        (1920, 1080, 640, 1080),  # half would be smaller than the input
        (2560, 1440, 640, 720),
        (3840, 2160, 640, 1080),
        (1920, 1080, 256, 540),  # a quarter would be too close to the input
        (3840, 2160, 256, 540),
        (1922, 1081, 256, 1081),  # odd sides cannot be halved
        (200, 100, 256, 100),
    ],
)
def test_a_jpeg_is_decoded_at_the_smallest_sufficient_scale(
    width: int, height: int, side: int, rows: int
) -> None:
    data = encode(camera_image(width, height), quality=85)
    size = InputSize(height=side, width=side)
    shrunk, full = decode(data, max_pixels=LIMIT, size=size), decode(data, max_pixels=LIMIT)
    assert (shrunk.width, shrunk.height) == (full.width, full.height) == (width, height)
    assert shrunk.pixels.shape[0] == rows
    difference = (to_input(shrunk.pixels, size).float() - to_input(full.pixels, size)).abs()
    assert difference.mean() <= SHRUNK_MEAN
    assert difference.max() <= SHRUNK_MAX


def test_a_rotated_shrunk_image_is_set_upright() -> None:
    data = with_orientation(encode(camera_image(1600, 800), quality=90), "JPEG", 6)
    size = InputSize(height=600, width=300)
    shrunk, full = decode(data, max_pixels=LIMIT, size=size), decode(data, max_pixels=LIMIT)
    assert (shrunk.width, shrunk.height) == (800, 1600)
    assert shrunk.pixels.shape == (800, 400, 3)
    difference = (to_input(shrunk.pixels, size).float() - to_input(full.pixels, size)).abs()
    assert difference.mean() <= SHRUNK_MEAN


@pytest.mark.parametrize("left", [0.3, 0.9, 0.999])
def test_a_truncated_image_is_refused_when_shrunk(left: float) -> None:
    from inference_server.errors import InvalidImageError

    data = encode(camera_image(1280, 720))
    with pytest.raises(InvalidImageError):
        decode(data[: int(len(data) * left)], max_pixels=LIMIT, size=InputSize(height=64, width=64))


def test_shrinking_changes_no_detection(detector: Detector) -> None:
    """Uses scenes outside the training data, in a camera's resolution."""
    compared = 0
    for seed in range(8):
        image = camera_image(1920, 1440, seed)
        shrunk = detector.prepare(encode(image, quality=88))
        whole = detector.prepare(encode(image, "PNG"))  # a PNG is always decoded at full scale
        ours, theirs = (found.detections for found in detector.detect([shrunk, whole], [0.05] * 2))
        for one in theirs:
            if one.confidence < 0.5:
                continue
            compared += 1
            alike = [
                each
                for each in ours
                if each.label == one.label
                and abs(each.confidence - one.confidence) <= SCORE_TOLERANCE
                and overlaps(torch.tensor([each.box]), torch.tensor([one.box])) >= LEAST_IOU
            ]
            assert alike, f"{one} of scene {seed} is not found in the shrunk image"
    assert compared
