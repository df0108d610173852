"""GPU decoding: what the card is given, and how it is tried, with the processor playing it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
import random
import time

import numpy as np
from PIL import Image
import pytest
import torch

from inference_server.detection.decoding.decode import decode
from inference_server.detection.decoding.decoder_parity import check_decoder, drawn_jpegs
from inference_server.detection.decoding.gpu_decode import GpuDecoder, nvjpeg
from inference_server.detection.decoding.preprocess import InputSize, to_input
from inference_server.detection.decoding.simple_jpeg import is_simple
from inference_server.detection.selection.parity import ParityError
from inference_server.errors import ImageTooLargeError, InvalidImageError
from tests.server.cards import LIMIT, SIZE, Card, Pixels, on
from tests.server.support import draw, encode


def exif(orientation: int) -> Image.Exif:
    made = Image.Exif()
    made[0x0112] = orientation
    return made


def with_sampling(value: int) -> bytes:
    data = bytearray(encode(draw()))
    data[data.index(b"\xff\xc0") + 11] = value
    return bytes(data)


SIMPLE = [
    pytest.param(encode(draw()), id="4:2:0"),
    pytest.param(encode(draw(), subsampling=1), id="4:2:2"),
    pytest.param(encode(draw(), subsampling=0), id="4:4:4"),
    pytest.param(encode(draw().convert("L")), id="grey"),
    pytest.param(encode(draw(333, 217)), id="odd size"),
    pytest.param(encode(draw(), restart_marker_rows=1), id="restarts"),
    pytest.param(encode(draw(), optimize=True, exif=exif(6), comment=b"x"), id="turned"),
]
NOT_SIMPLE = [
    pytest.param(encode(draw(), progressive=True), id="progressive"),
    pytest.param(encode(draw().convert("CMYK")), id="cmyk"),
    pytest.param(encode(draw(), keep_rgb=True), id="rgb"),
    pytest.param(encode(draw(), "PNG"), id="png"),
    pytest.param(encode(draw(), "WEBP"), id="webp"),
    pytest.param(with_sampling(0x12), id="4:4:0"),
    pytest.param(with_sampling(0x41), id="4:1:1"),
    pytest.param(encode(draw()) + bytes(512), id="padded"),
    pytest.param(encode(draw()) + encode(draw()), id="two in one file"),
    pytest.param(encode(draw())[:-2], id="without its end"),
    pytest.param(encode(draw())[:300], id="broken off in its header"),
    pytest.param(b"\xff\xd8\xff\x00\x00\x02" + encode(draw())[2:], id="an unknown segment"),
    pytest.param(encode(draw()).replace(b"\xff\xc0", b"\xff\xc1"), id="extended"),
]


@pytest.mark.parametrize("data", SIMPLE)
def test_what_cameras_write_is_for_the_card(data: bytes) -> None:
    card = Card()
    prepared = on(card).prepare(data)
    assert card.asked == 1
    assert prepared is not None
    assert prepared.decode_ms > 0 < prepared.preprocess_ms


@pytest.mark.parametrize("data", NOT_SIMPLE)
def test_all_else_is_the_processors(data: bytes) -> None:
    card = Card()
    assert not is_simple(data)
    assert on(card).prepare(data) is None
    assert card.asked == 0


def test_adobes_colours_are_the_cards_where_they_are_ycbcr() -> None:
    def with_transform(value: int) -> bytes:
        marker = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00" + bytes([value])
        data = encode(draw())
        return data[:2] + marker + data[2:]

    assert is_simple(with_transform(1))
    assert not is_simple(with_transform(0))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_input_is_the_processors_and_upright(orientation: int) -> None:
    data = encode(draw(480, 270), quality=90, exif=exif(orientation))
    prepared, picture = on(Card()).prepare(data), decode(data, max_pixels=LIMIT)
    assert prepared is not None
    assert (prepared.width, prepared.height) == (picture.width, picture.height)
    expected = to_input(picture.pixels, SIZE)
    assert prepared.pixels.shape == expected.shape
    assert prepared.pixels.dtype == torch.uint8
    assert prepared.pixels.is_contiguous()
    assert float((prepared.pixels.float() - expected.float()).abs().mean()) < 1


def test_a_picture_too_large_is_refused_before_the_card_sees_it() -> None:
    card = Card()
    with pytest.raises(ImageTooLargeError):
        on(card, max_pixels=100).prepare(encode(draw()))
    assert card.asked == 0


def damaged(seed: int) -> bytes:
    chance = random.Random(seed)
    data = bytearray(chance.choice(SIMPLE).values[0])  # type: ignore[arg-type] # they are bytes
    scan = data.index(b"\xff\xda") + 14
    for _ in range(chance.choice((1, 1, 3))):
        place = chance.randrange(scan, len(data) - 2)
        match chance.randrange(4):
            case 0:
                data[place] ^= 1 << chance.randrange(8)
            case 1:
                data[place : place + 16] = bytes(len(data[place : place + 16]))
            case 2:
                del data[place : place + chance.randrange(1, 300)]
            case _:
                data[place:place] = chance.randbytes(chance.randrange(1, 40))
    return bytes(data)


def test_the_card_is_given_nothing_that_the_processor_refuses() -> None:
    card = Card()
    decoder = on(card, size=InputSize(height=32, width=32))
    refused = 0
    for seed in range(600):
        data = damaged(seed)
        given = decoder.prepare(data) is not None
        try:
            decode(data, max_pixels=LIMIT)
        except InvalidImageError:
            refused += 1
            assert not given, seed
    assert refused > 200
    assert card.asked > 50


def test_the_gate_lets_pass_what_repeats_colours() -> None:
    check_decoder(on(Card()), SIZE)


def test_the_gate_tries_what_the_card_is_given() -> None:
    assert [what for what, data in drawn_jpegs() if not is_simple(data)] == []


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda pixels: pixels[:, :, ::-1], id="colours swapped"),
        pytest.param(lambda pixels: np.roll(pixels, 1, 1), id="moved by a pixel"),
        pytest.param(lambda pixels: np.roll(pixels, 1, 0), id="moved down by a pixel"),
        pytest.param(lambda pixels: np.full_like(pixels, 128), id="grey"),
        pytest.param(lambda pixels: pixels[:, ::-1], id="mirrored"),
        pytest.param(
            lambda pixels: np.repeat(pixels[:, :, :1], 3, axis=2), id="without its colours"
        ),
        pytest.param(
            lambda pixels: np.concatenate([pixels[:-8], np.full_like(pixels[-8:], 128)]),
            id="without its last rows",
        ),
        pytest.param(
            lambda pixels: np.clip((pixels - 16.0) * 255 / 219, 0, 255).astype(np.uint8),
            id="stretched levels",
        ),
    ],
)
def test_the_gate_refuses(spoil: Callable[[Pixels], Pixels]) -> None:
    with pytest.raises(ParityError, match=r"1920 x 1080 \(4:2:0, orientation 1\) differs"):
        check_decoder(on(Card(spoil), size=InputSize()), InputSize())


def test_a_picture_of_another_size_is_none() -> None:
    decoder = on(Card(lambda pixels: pixels[:-1]))
    with pytest.raises(ValueError, match="it decoded"):
        check_decoder(decoder, SIZE)
    assert decoder.prepare(encode(draw())) is None


def test_threads_take_turns_at_the_card() -> None:
    def after_others_could_have_come(pixels: Pixels) -> Pixels:
        time.sleep(0.002)
        return pixels

    card = Card(after_others_could_have_come)
    decoder = on(card)
    with ThreadPoolExecutor(4) as threads:
        prepared = list(threads.map(decoder.prepare, [encode(draw(960, 540))] * 24))
    assert card.alone
    assert card.asked == 24
    first = prepared[0]
    assert first is not None
    assert all(each is not None and each.pixels.equal(first.pixels) for each in prepared)


@pytest.mark.skipif(
    not torch.cuda.is_available() or find_spec("torchvision") is None,
    reason="there is no NVIDIA GPU, or no torchvision",
)
def test_on_a_gpu_nvjpeg_passes_the_gate_also_while_others_compute() -> None:
    device = torch.device("cuda", 0)
    decoder = GpuDecoder(nvjpeg(device), device, InputSize(), max_pixels=LIMIT)
    check_decoder(decoder, InputSize())
    data = encode(draw(1920, 1080))
    alone = decoder.prepare(data)
    assert alone is not None
    numbers = torch.ones(4096, 4096, device=device)
    with ThreadPoolExecutor(4) as threads:
        for _ in range(20):
            product = numbers @ numbers
            prepared = list(threads.map(decoder.prepare, [data] * 8))
            assert bool((product == 4096).all())
            assert all(each is not None and each.pixels.equal(alone.pixels) for each in prepared)
