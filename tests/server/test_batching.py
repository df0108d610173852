"""Batches of queued images, their errors and their deadlines."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
import time

from aiohttp import web
from aiohttp.test_utils import TestClient
import pytest

from inference_server import deadline as deadline_module
from inference_server.deadline import NEVER, Deadline
from inference_server.detection import batch_queue as queue_module
from inference_server.detection.base import Detector, ImageResult, PreparedImage
from inference_server.detection.detector_manager import DetectorManager
from inference_server.detection.service import DetectionResult, DetectionService
from inference_server.errors import DeadlineExceededError, InvalidImageError, OverloadedError
from inference_server.settings import Settings
from tests.server.support import (
    JPEG,
    Clock,
    Gate,
    check_problem,
    draw,
    encode,
    eventually,
    no_assessor,
    serve,
)


@pytest.fixture
def gate(detector: Detector) -> Gate:
    return Gate(detector)


@asynccontextmanager
async def running(
    gate: Gate, *, batch_max: int | None = 16, batch_wait: float = 0.0
) -> AsyncIterator[DetectionService]:
    service = DetectionService(
        DetectorManager(lambda: gate, batch_max=batch_max, batch_wait=batch_wait), queue_limit=40
    )
    service.detectors.start()
    await service.detectors.settled.wait()
    yield service
    gate.opened.set()
    await service.detectors.stop()


async def entered(gate: Gate) -> None:
    assert await asyncio.to_thread(gate.entered.wait, 60)


async def record_batch_time(
    seconds: float,
    service: DetectionService,
    gate: Gate,
    photo: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Process one image that appears to take `seconds`; leave the gate open."""
    clock = Clock()
    monkeypatch.setattr(queue_module, "perf_counter", clock)
    slow = asyncio.create_task(service.detect(photo, 0.5))
    await entered(gate)
    clock.ahead = seconds
    gate.opened.set()
    await slow


async def queue_behind_one(
    service: DetectionService, gate: Gate, images: Sequence[bytes], deadline: Deadline = NEVER
) -> list[asyncio.Task[DetectionResult]]:
    """Occupy the detector with the first image, queue the others, and return all tasks."""
    first = asyncio.create_task(service.detect(images[0], 0.2))
    await entered(gate)
    tasks = [asyncio.create_task(service.detect(data, 0.2, deadline)) for data in images[1:]]
    await eventually(lambda: service.detectors.require_runner().queued == len(tasks))
    return [first, *tasks]


@pytest.mark.parametrize(
    ("batch_max", "waiting", "batches"),
    [
        (16, 7, [1, 4, 2, 1]),
        (16, 17, [1, 16, 1]),
        (6, 9, [1, 4, 4, 1]),
        (1, 3, [1, 1, 1, 1]),
        (None, 3, [1, 1, 1, 1]),  # the best batch size of a detector on the CPU
    ],
)
async def test_queued_images_form_batches_of_powers_of_two(
    gate: Gate, photo: bytes, batch_max: int | None, waiting: int, batches: list[int]
) -> None:
    async with running(gate, batch_max=batch_max) as service:
        tasks = await queue_behind_one(service, gate, [photo] * (waiting + 1))
        gate.opened.set()
        await asyncio.gather(*tasks)
    assert gate.batches == batches


async def test_each_request_gets_the_detections_of_its_own_image(
    gate: Gate, detector: Detector
) -> None:
    images = [encode(draw(200 + 20 * number, 240), quality=90) for number in range(5)]
    alone = [detector.detect([detector.prepare(data)], [0.2])[0].detections for data in images]
    async with running(gate) as service:
        tasks = await queue_behind_one(service, gate, images)
        gate.opened.set()
        results = await asyncio.gather(*tasks)
    assert gate.batches == [1, 4]
    assert [result.width for result in results] == [200, 220, 240, 260, 280]
    for result, expected in zip(results, alone, strict=True):
        assert [found.label for found in result.detections] == [found.label for found in expected]
        for found, other in zip(result.detections, expected, strict=True):
            assert found.confidence == pytest.approx(other.confidence, abs=1e-3)
            assert found.box == pytest.approx(other.box, abs=1e-3)


class FailsOnFlatImages(Gate):
    """A detector that fails on a batch with a very flat image."""

    def detect(
        self, images: Sequence[PreparedImage], thresholds: Sequence[float]
    ) -> list[ImageResult]:
        if any(image.height == 50 for image in images):
            self.batches.append(len(images))
            raise RuntimeError("the detector's output is not finite")
        return super().detect(images, thresholds)


async def test_an_image_that_fails_does_not_fail_its_batch(
    detector: Detector, photo: bytes
) -> None:
    gate = FailsOnFlatImages(detector)
    bad = encode(draw(640, 50), "PNG")
    async with running(gate) as service:
        tasks = await queue_behind_one(service, gate, [photo, photo, bad, photo, photo])
        gate.opened.set()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    assert gate.batches[:6] == [1, 4, 1, 1, 1, 1]  # then the self-test
    assert [type(result).__name__ for result in results] == [
        "DetectionResult",
        "DetectionResult",
        "RuntimeError",
        "DetectionResult",
        "DetectionResult",
    ]


async def test_an_image_that_cannot_be_decoded_joins_no_batch(gate: Gate, photo: bytes) -> None:
    gate.opened.set()
    async with running(gate) as service:
        results = await asyncio.gather(
            service.detect(photo, 0.5), service.detect(b"none", 0.5), return_exceptions=True
        )
    assert isinstance(results[1], InvalidImageError)
    assert gate.image_count == 1


async def test_a_batch_waits_briefly_for_images_being_decoded(gate: Gate) -> None:
    gate.opened.set()
    small, large = encode(draw(64, 48)), encode(draw(2600, 1800), "PNG")
    async with running(gate, batch_max=2, batch_wait=30) as service:
        await asyncio.gather(service.detect(large, 0.5), service.detect(small, 0.5))
        assert gate.batches == [2]
        started = time.perf_counter()
        await service.detect(small, 0.5)  # nothing else is coming
        assert time.perf_counter() - started < 15


async def test_a_queued_image_past_its_deadline_is_refused_and_not_processed(
    gate: Gate, photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(deadline_module, "perf_counter", clock)
    async with running(gate) as service:
        first, *others = await queue_behind_one(service, gate, [photo] * 3, Deadline.after(600))
        patient = asyncio.create_task(service.detect(photo, 0.5, Deadline.after(6000)))
        await eventually(lambda: service.detectors.require_runner().queued == 3)
        clock.ahead = 601
        gate.opened.set()
        for task in others:
            with pytest.raises(DeadlineExceededError):
                await task
        await asyncio.gather(first, patient)
    assert gate.batches == [1, 1]


async def test_a_deadline_expires_while_the_detector_hangs(gate: Gate, photo: bytes) -> None:
    async with running(gate) as service:
        hanging = asyncio.create_task(service.detect(photo, 0.5))
        await entered(gate)
        with pytest.raises(DeadlineExceededError):
            await service.detect(photo, 0.5, Deadline.after(0.5))
        assert not hanging.done()
        gate.opened.set()
        await hanging
    assert gate.image_count == 1


async def test_an_image_that_would_miss_its_deadline_is_not_started(
    gate: Gate, photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(gate, batch_max=1) as service:
        await record_batch_time(600, service, gate, photo, monkeypatch)
        with pytest.raises(DeadlineExceededError):
            await service.detect(photo, 0.5, Deadline.after(590))
        assert gate.image_count == 1
        await service.detect(photo, 0.5, Deadline.after(590))  # the estimate was lowered
        assert gate.image_count == 2


async def test_an_image_that_would_wait_past_its_deadline_is_refused_at_once(
    gate: Gate, photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(gate, batch_max=1) as service:
        await record_batch_time(100, service, gate, photo, monkeypatch)
        gate.opened.clear()
        gate.entered.clear()
        tasks = await queue_behind_one(service, gate, [photo] * 4)
        with pytest.raises(OverloadedError) as caught:
            await service.detect(b"not decoded", 0.5, Deadline.after(400))
        assert (caught.value.retry_after_s or 0) >= 400
        service.check_capacity(Deadline.after(6000))
        gate.opened.set()
        await asyncio.gather(*tasks)
        service.check_capacity(Deadline.after(400))


async def test_an_expired_image_is_not_decoded(gate: Gate) -> None:
    async with running(gate) as service:
        with pytest.raises(DeadlineExceededError):
            await service.detect(b"no image at all", 0.5, Deadline(at=time.perf_counter()))


async def test_the_deadline_is_read_from_the_requests_header(
    settings: Settings, gate: Gate, photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(deadline_module, "perf_counter", clock)
    service = DetectionService(DetectorManager(lambda: gate), queue_limit=4)
    client: TestClient[web.Request, web.Application]
    client = await serve(settings, service, no_assessor())
    await service.detectors.settled.wait()
    first = asyncio.create_task(client.post("/v1/detect", data=photo, headers=JPEG))
    await entered(gate)
    late = asyncio.create_task(
        client.post("/v1/detect", data=photo, headers=JPEG | {"X-Deadline-Ms": "600000"})
    )
    await eventually(lambda: service.detectors.require_runner().queued == 1)
    clock.ahead = 601
    gate.opened.set()
    problem = await check_problem(await late, 503, "deadline_exceeded")
    assert problem["retryable"] is True
    assert (await first).status == 200
    for wrong in ("0", "-5", "1e3", "soon", "3600001", "99999999", "٣"):
        headers = JPEG | {"X-Deadline-Ms": wrong}
        response = await client.post("/v1/detect", data=photo, headers=headers)
        await check_problem(response, 400, "invalid_request")
    await client.close()
    assert gate.image_count == 1
