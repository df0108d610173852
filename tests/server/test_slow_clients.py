"""Slow clients do not block others."""

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web
from aiohttp.test_utils import TestClient
import pytest

from inference_server.api import body
from inference_server.detection.base import Detector
from inference_server.detection.detector_manager import DetectorManager
from inference_server.detection.service import DetectionService
from inference_server.http.listener import listen
from inference_server.http.runner import create_runner
from inference_server.settings import Settings
from tests.server.support import JPEG, check_problem, eventually, no_assessor, serve

pytestmark = pytest.mark.asyncio(loop_scope="module")
Client = TestClient[web.Request, web.Application]


async def test_a_stalled_body_times_out(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "TIMEOUT", 0.05)

    async def endless() -> AsyncIterator[bytes]:
        yield b"\xff\xd8\xff"
        await asyncio.Event().wait()

    response = await client.post("/v1/detect", data=endless(), headers=JPEG)
    problem = await check_problem(response, 408, "request_timeout")
    assert problem["retryable"] is True


async def test_a_connection_that_never_finishes_a_request_is_closed() -> None:
    runner = create_runner(web.Application(), idle_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    for begun in (b"", b"GET /v1/li"):
        reader, writer = await asyncio.open_connection(*runner.addresses[0])
        writer.write(begun)
        async with asyncio.timeout(60):
            assert await reader.read() == b""
        writer.close()
    await runner.cleanup()


async def test_a_client_that_never_reads_its_response_is_disconnected() -> None:
    async def large(_: web.Request) -> web.Response:
        return web.Response(body=b"a" * 10_000_000)

    app = web.Application()
    app.router.add_get("/", large)
    runner = create_runner(app)
    await runner.setup()
    await listen(runner, "127.0.0.1", 0, send_timeout=0.3)
    server = runner.server
    assert server
    reader, writer = await asyncio.open_connection(*runner.addresses[0], limit=1)
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    await reader.read(1)
    await eventually(lambda: not server.connections)
    writer.close()
    await runner.cleanup()


async def test_images_that_are_still_arriving_count_towards_the_queue_limit(
    settings: Settings, detector: Detector, photo: bytes
) -> None:
    service = DetectionService(DetectorManager(lambda: detector), queue_limit=1)
    client = await serve(settings, service, no_assessor())
    await service.detectors.settled.wait()
    arriving, released = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield photo[:100]
        arriving.set()
        await released.wait()
        yield photo[100:]

    first = asyncio.create_task(client.post("/v1/detect", data=slow(), headers=JPEG))
    await arriving.wait()
    await check_problem(
        await client.post("/v1/detect", data=photo, headers=JPEG), 429, "overloaded"
    )
    released.set()
    assert (await first).status == 200
    assert service.waiting == 0
    await client.close()


async def test_too_long_facts_without_a_length_are_refused(client: Client) -> None:
    async def too_long() -> AsyncIterator[bytes]:
        for _ in range(80):  # more than three images take
            yield b" " * 65_536

    headers = {"Content-Type": "application/json"}
    response = await client.post("/v1/assess", data=too_long(), headers=headers)
    await check_problem(response, 413, "body_too_large")
