"""The CUDA runtime without graphs on the CPU, and with graphs if there is a GPU."""

from dataclasses import replace

import pytest
import torch

from inference_server.detection.base import DetectorLoadError
from inference_server.detection.checkpoint import Checkpoint, load_checkpoint
from inference_server.detection.detector_manager import DetectorManager
from inference_server.detection.loading import load_detector
from inference_server.detection.rtdetr import RtDetr
from inference_server.detection.runtimes.base import RawModel, RawOutput
from inference_server.detection.runtimes.cuda import BATCHES, CudaRuntime, without_checks
from inference_server.detection.runtimes.torch_cpu import TorchRuntime
from inference_server.detection.selection.parity import check_image, check_parity
from inference_server.detection.selection.reference import Reference
from inference_server.detection.selection.selection import Selection
from inference_server.detection.selection.synthetic_images import synthetic_images
from inference_server.detection.service import DetectionService
from inference_server.settings import Device, Settings
from tests.server.support import JPEG, check_problem, no_assessor, serve


@pytest.fixture(scope="module")
def checkpoint(settings: Settings) -> Checkpoint:
    return load_checkpoint(settings.detector_model)


@pytest.fixture(scope="module")
def runtime(checkpoint: Checkpoint) -> CudaRuntime:
    return CudaRuntime(checkpoint, torch.device("cpu"), precision="fp32", graphs=False)


@pytest.mark.parametrize("count", [1, 3])
def test_a_padded_batch_returns_one_output_per_image(
    runtime: CudaRuntime, checkpoint: Checkpoint, count: int
) -> None:
    images = torch.stack((synthetic_images(checkpoint.size) * 4)[:count])
    runtime.infer(images.flip(0))  # leaves other images in the padding
    batched, alone = runtime.infer(images), TorchRuntime(checkpoint).infer(images[-1:])
    assert len(batched.logits) == len(batched.boxes) == len(batched.candidates) == count
    torch.testing.assert_close(batched.logits[-1:], alone.logits, atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(batched.boxes[-1:], alone.boxes, atol=1e-3, rtol=1e-3)


def test_it_passes_the_parity_gate(runtime: CudaRuntime, checkpoint: Checkpoint) -> None:
    parity = check_parity(Reference(checkpoint), runtime, synthetic_images(checkpoint.size)[:1])
    assert parity.score_difference < 1e-3


def test_the_checkpoints_own_model_stays_unchanged(settings: Settings) -> None:
    checkpoint = load_checkpoint(settings.detector_model)
    CudaRuntime(checkpoint, torch.device("cpu"), precision="fp32", graphs=False)
    # The runtime converts its copy to channels_last.
    assert all(weights.is_contiguous() for weights in checkpoint.model.parameters())


def test_the_model_reads_no_values_while_it_computes(checkpoint: Checkpoint) -> None:
    """A CUDA graph cannot read values; the meta device, which has none, raises if one is read."""
    model = RawModel(load_checkpoint(checkpoint.folder).model).to("meta")
    size = checkpoint.size
    with without_checks(), torch.inference_mode(), torch.device("meta"):
        for count in BATCHES[:2]:
            logits, _, candidates = model(torch.zeros(count, 3, size.height, size.width))
            assert logits.shape[0] == candidates.shape[0] == count


class LimitedMemory:
    """A runtime whose device has memory for `room` images."""

    name, device, precision, best_batch = "full", "cpu", "fp32", 4

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._runtime = TorchRuntime(checkpoint)
        self.room = 4
        self.batches: list[int] = []

    def infer(self, batch: torch.Tensor) -> RawOutput:
        self.batches.append(len(batch))
        if len(batch) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return self._runtime.infer(batch)


async def test_an_image_that_does_not_fit_into_memory_is_refused_for_a_retry(
    settings: Settings, checkpoint: Checkpoint, photo: bytes
) -> None:
    runtime = LimitedMemory(checkpoint)
    detector = RtDetr(checkpoint, Selection(runtime=runtime), max_pixels=10**6)
    service = DetectionService(DetectorManager(lambda: detector, batch_wait=5.0), queue_limit=4)
    client = await serve(settings, service, no_assessor())
    await service.detectors.settled.wait()
    runtime.room = 0
    response = await client.post("/v1/detect", data=photo, headers=JPEG)
    problem = await check_problem(response, 503, "detector_out_of_memory")
    assert problem["retryable"] is True
    assert int(response.headers["Retry-After"]) >= 1
    runtime.room = 4
    response = await client.post("/v1/detect", data=photo, headers=JPEG)
    assert response.status == 200
    await client.close()


async def test_the_images_of_a_batch_that_does_not_fit_are_processed_one_by_one(
    checkpoint: Checkpoint, photo: bytes
) -> None:
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    from inference_server.detection.batch_queue import BatchLimits, InferenceQueue

    runtime = LimitedMemory(checkpoint)
    detector = RtDetr(checkpoint, Selection(runtime=runtime), max_pixels=10**6)
    runtime.room, runtime.batches = 1, []
    thread = ThreadPoolExecutor(1)
    queue = InferenceQueue(
        detector,
        thread,
        limits=BatchLimits(max_size=4, max_wait=0),
        on_batch=lambda _: None,
    )
    images = [detector.prepare(photo)] * 4
    results = asyncio.gather(*(queue.detect(image, 0.3) for image in images))
    await asyncio.sleep(0)
    work = asyncio.create_task(queue.process_batches())
    assert [found.batch for found in await results] == [1, 1, 1, 1]
    assert runtime.batches == [4, 1, 1, 1, 1]
    work.cancel()
    thread.shutdown()


def test_a_broken_gpu_falls_back_to_the_cpu_and_is_reported(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    auto = replace(settings, device=Device.AUTO)
    info = load_detector(auto).info
    assert info.device == "cpu"
    assert info.fallback
    for candidate in (
        "fp16 with CUDA graphs",
        "fp16 without CUDA graphs",
        "fp32 without CUDA graphs",
    ):
        assert f"torch in {candidate} on the GPU failed to run" in info.fallback
    assert info.fallback.endswith("Used instead: torch on the CPU.")
    assert info.fallback in caplog.text
    with pytest.raises(DetectorLoadError, match="on the GPU failed to run"):
        load_detector(replace(settings, device=Device.CUDA))


def test_a_gpu_without_free_memory_fails_the_load_for_a_retry(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(CudaRuntime, "__init__", no_room)
    with pytest.raises(DetectorLoadError, match="CUDA out of memory"):
        load_detector(replace(settings, device=Device.AUTO))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no NVIDIA GPU")
@pytest.mark.parametrize("count", [1, 3, 16])
def test_cuda_graphs_pass_the_parity_gate_for_each_image(
    settings: Settings, checkpoint: Checkpoint, count: int
) -> None:
    info = load_detector(replace(settings, device=Device.CUDA)).info
    assert info.device.startswith("cuda:0")
    assert info.runtime.endswith("CUDA graphs")
    assert info.precision == "fp16"
    assert info.fallback is None
    recorded = CudaRuntime(checkpoint, torch.device("cuda", 0), precision="fp32", graphs=True)
    images = torch.stack((synthetic_images(checkpoint.size) * 4)[:count])
    for _ in range(2):  # replays the same graph
        output = recorded.infer(images)
        for index in (0, count - 1):
            check_image(Reference(checkpoint), images[index], output.image(index), "a CUDA graph")
        recorded.infer(images.flip(0))
