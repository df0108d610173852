"""The bounded queue of images; cancelled requests leave it."""

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web
from aiohttp.test_utils import TestClient
import pytest

from inference_server.detection.base import Detector
from inference_server.detection.detector_manager import DetectorManager
from inference_server.detection.service import DetectionService
from inference_server.errors import DetectorUnavailableError, OverloadedError
from inference_server.settings import Settings
from tests.server.support import JPEG, Gate, check_problem, eventually, no_assessor, serve


@pytest.fixture
def gate(detector: Detector) -> Gate:
    return Gate(detector)


@pytest.fixture
async def service(gate: Gate) -> AsyncIterator[DetectionService]:
    service = DetectionService(DetectorManager(lambda: gate), queue_limit=2)
    service.detectors.start()
    await service.detectors.settled.wait()
    yield service
    gate.opened.set()
    await service.detectors.stop()


async def entered(gate: Gate) -> None:
    assert await asyncio.to_thread(gate.entered.wait, 60)


async def test_a_full_queue_refuses_images_with_a_retry_time(
    settings: Settings, gate: Gate, photo: bytes
) -> None:
    service = DetectionService(DetectorManager(lambda: gate), queue_limit=1)
    client: TestClient[web.Request, web.Application]
    client = await serve(settings, service, no_assessor())
    await service.detectors.settled.wait()
    first = asyncio.create_task(client.post("/v1/detect", data=photo, headers=JPEG))
    await entered(gate)
    response = await client.post("/v1/detect", data=photo, headers=JPEG)
    problem = await check_problem(response, 429, "overloaded")
    assert problem["retryable"] is True
    assert int(response.headers["Retry-After"]) == problem["retry_after_s"] >= 1
    assert (await client.get("/v1/ready")).status == 200  # a full queue is no failure
    gate.opened.set()
    assert (await first).status == 200
    assert (await client.post("/v1/detect", data=photo, headers=JPEG)).status == 200
    await client.close()


async def test_a_cancelled_request_leaves_the_queue_unprocessed(
    service: DetectionService, gate: Gate, photo: bytes
) -> None:
    working = asyncio.create_task(service.detect(photo, 0.5))
    await entered(gate)
    waiting = asyncio.create_task(service.detect(photo, 0.5))
    await asyncio.sleep(0)
    with pytest.raises(OverloadedError):
        service.check_capacity()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    service.check_capacity()
    gate.opened.set()
    await working
    await service.detect(photo, 0.5)
    assert gate.image_count == 2


async def test_a_request_cancelled_during_its_batch_does_not_affect_the_next(
    service: DetectionService, gate: Gate, photo: bytes
) -> None:
    working = asyncio.create_task(service.detect(photo, 0.5))
    await entered(gate)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    gate.opened.set()
    assert (await service.detect(photo, 0.5)).width == 320


async def test_requests_to_a_hanging_detector_fail_when_it_is_unloaded(
    gate: Gate, photo: bytes
) -> None:
    service = DetectionService(DetectorManager(lambda: gate, close_timeout=0.05), queue_limit=2)
    service.detectors.start()
    await service.detectors.settled.wait()
    requests = [asyncio.create_task(service.detect(photo, 0.5)) for _ in range(2)]
    await entered(gate)  # with one image; the other is queued
    await service.detectors.unload()
    async with asyncio.timeout(10):
        for response in await asyncio.gather(*requests, return_exceptions=True):
            assert isinstance(response, DetectorUnavailableError)
    gate.opened.set()
    await service.detectors.stop()


async def test_the_event_loop_is_not_blocked_by_the_detector(
    service: DetectionService, gate: Gate, photo: bytes
) -> None:
    working = asyncio.create_task(service.detect(photo, 0.5))
    await entered(gate)
    async with asyncio.timeout(60):
        await asyncio.sleep(0.01)
    assert not working.done()
    gate.opened.set()
    result = await working
    assert result.timings.infer > 0


async def test_an_image_that_cannot_be_decoded_frees_its_place(
    service: DetectionService, gate: Gate, photo: bytes
) -> None:
    gate.opened.set()
    for _ in range(3):
        with pytest.raises(Exception, match="not a JPEG"):
            await service.detect(b"no image", 0.5)
    assert (await service.detect(photo, 0.5)).height == 240


async def test_waiting_counts_as_queue_time(
    service: DetectionService, gate: Gate, photo: bytes
) -> None:
    first = asyncio.create_task(service.detect(photo, 0.5))
    await entered(gate)
    second = asyncio.create_task(service.detect(photo, 0.5))
    await eventually(lambda: service.waiting == 2)
    await asyncio.sleep(0.1)
    gate.opened.set()
    await first
    assert (await second).timings.queue > 50


async def test_images_are_refused_before_a_detector_is_loaded(
    detector: Detector, photo: bytes
) -> None:
    service = DetectionService(DetectorManager(lambda: detector), queue_limit=2)
    with pytest.raises(DetectorUnavailableError, match="loading"):
        await service.detect(photo, 0.5)
    await service.detectors.stop()
