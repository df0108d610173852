"""Who decodes: the GPU where it is asked for and passes, else the processor, and it is told."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
import sys

import pytest
import torch

from inference_server.detection.base import UnavailableError
from inference_server.detection.checkpoint import Checkpoint, load_checkpoint
from inference_server.detection.decoding import decoder_selection
from inference_server.detection.decoding.decode import decode
from inference_server.detection.decoding.decoder_parity import drawn_jpegs
from inference_server.detection.decoding.decoder_selection import with_decoder
from inference_server.detection.decoding.gpu_decode import GAVE_UP, GpuDecoder, nvjpeg
from inference_server.detection.decoding.preprocess import to_input
from inference_server.detection.loading import load_detector
from inference_server.detection.rtdetr import RtDetr
from inference_server.detection.runtimes.torch_cpu import TorchRuntime
from inference_server.detection.selection.selection import Choice
from inference_server.detection.service import DetectionService
from inference_server.settings import DetectorDecode, Settings
from tests.server.cards import CPU, LIMIT, SIZE, Card, Pixels, on
from tests.server.support import JPEG, check_problem, draw, encode, no_assessor, serve


def cut_short(data: bytes) -> bytes:
    """Return a picture that broke off, with an end put after what there was."""
    return data[: len(data) * 2 // 3] + b"\xff\xd9"


@dataclass(frozen=True, kw_only=True)
class OnCuda:
    """A runtime that says it is on a GPU."""

    name: str = "torch"
    device: str = "cuda:0 (a card)"
    precision: str = "fp32"
    best_batch: int = 1


@pytest.fixture(scope="module")
def checkpoint(settings: Settings) -> Checkpoint:
    return load_checkpoint(settings.detector_model)


@pytest.fixture
def asked(settings: Settings) -> Settings:
    return replace(settings, detector_decode=DetectorDecode.GPU)


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Card:
    """Return what with_decoder() finds in place of nvJPEG."""
    found = Card()
    monkeypatch.setattr(decoder_selection, "nvjpeg", lambda _: found)
    monkeypatch.setattr(
        decoder_selection,
        "GpuDecoder",
        lambda decoder, _, size, **more: GpuDecoder(decoder, CPU, size, **more),
    )
    return found


def detector_on(card: Card, checkpoint: Checkpoint) -> RtDetr:
    choice = Choice(runtime=TorchRuntime(checkpoint), decoder=on(card, size=checkpoint.size))
    return RtDetr(checkpoint, choice, max_pixels=LIMIT)


def test_the_gpu_decodes_where_it_passes(asked: Settings, card: Card) -> None:
    choice = with_decoder(Choice(runtime=OnCuda()), asked, SIZE)  # type: ignore[arg-type] # computes nothing
    assert choice.decoder is not None
    assert choice.fallback is None
    assert card.asked == len(drawn_jpegs())


def test_the_processor_decodes_unless_asked(settings: Settings, card: Card) -> None:
    choice = with_decoder(Choice(runtime=OnCuda()), settings, SIZE)  # type: ignore[arg-type]
    assert choice.decoder is None
    assert card.asked == 0


@pytest.mark.parametrize(
    ("spoil", "fails", "said"),
    [
        (lambda pixels: pixels[:, :, ::-1], False, "It does not decode as the processor does"),
        (lambda pixels: pixels, True, r"It does not run here (OutOfMemoryError: CUDA out of"),
    ],
)
def test_a_card_that_does_not_pass_leaves_it_to_the_processor_and_it_is_told(
    asked: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    card: Card,
    spoil: Callable[[Pixels], Pixels],
    fails: bool,
    said: str,
) -> None:
    other = Card(spoil)
    other.fails = fails
    monkeypatch.setattr(decoder_selection, "nvjpeg", lambda _: other)
    before = Choice(runtime=OnCuda(), fallback="Another was.")  # type: ignore[arg-type]
    choice = with_decoder(before, asked, SIZE)
    assert choice.decoder is None
    assert choice.fallback
    assert choice.fallback.startswith("Another was. DETECTOR_DECODE=gpu is not to be had: ")
    assert said in choice.fallback
    assert choice.fallback.endswith("Used instead: the processor.")
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert record.message in choice.fallback


def test_without_a_gpu_the_processor_decodes_and_it_is_told(
    asked: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    info = load_detector(asked).info
    assert info.decode == "cpu"
    assert "DETECTOR_DECODE=gpu is not to be had: The detector does not run" in str(info.fallback)
    assert str(info.fallback) in caplog.text


def test_without_torchvision_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(UnavailableError, match="Install the server with its gpu-decode extra"):
        nvjpeg(CPU)


def test_a_torchvision_of_another_build_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = tmp_path / "torchvision"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('operator nms does not exist')")
    monkeypatch.delitem(sys.modules, "torchvision", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UnavailableError, match=r"does not fit this build of torch .*nms"):
        nvjpeg(CPU)


def test_a_card_that_fails_leaves_the_picture_to_the_processor(
    checkpoint: Checkpoint, caplog: pytest.LogCaptureFixture
) -> None:
    card = Card()
    detector, data = detector_on(card, checkpoint), encode(draw())
    assert detector.info.decode == "gpu"
    card.fails = True
    picture = detector.prepare(data)
    assert picture.pixels.equal(to_input(decode(data, max_pixels=LIMIT).pixels, checkpoint.size))
    assert "A picture was decoded by the processor: the GPU failed" in caplog.text
    card.fails = False
    detector.prepare(data)
    assert (detector.info.decode, card.asked) == ("gpu", 2)


def test_a_card_that_keeps_failing_is_given_up_and_it_is_told(
    checkpoint: Checkpoint, caplog: pytest.LogCaptureFixture
) -> None:
    card = Card()
    detector, data = detector_on(card, checkpoint), encode(draw())
    card.fails = True
    for _ in range(12):
        detector.prepare(data)
    assert card.asked == 10
    assert (detector.info.decode, detector.info.fallback) == ("cpu", GAVE_UP)
    assert [record.levelname for record in caplog.records] == ["WARNING", "ERROR"]


async def test_a_server_that_decodes_on_the_gpu_says_so_and_refuses_what_broke_off(
    settings: Settings, checkpoint: Checkpoint
) -> None:
    card = Card()
    detector = detector_on(card, checkpoint)
    service = DetectionService(lambda: detector, queue_limit=4)
    client = await serve(settings, service, no_assessor())
    await service.settled.wait()
    health = await (await client.get("/v1/health")).json()
    assert health["detector"]["decode"] == "gpu"
    whole = encode(draw(960, 540))
    card.asked = 0
    answer = await client.post("/v1/detect", data=whole, headers=JPEG)
    assert answer.status == 200
    assert card.asked == 1
    answer = await client.post("/v1/detect", data=cut_short(whole), headers=JPEG)
    await check_problem(answer, 422, "invalid_image")
    assert card.asked == 1
    await client.close()
