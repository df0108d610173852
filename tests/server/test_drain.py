"""A stopping server answers the requests it has received and announces that connections close."""

import asyncio
from dataclasses import dataclass
import os
from pathlib import Path
import sys

import aiohttp
from aiohttp import web
import pytest

from inference_server.http.drain import Drain
from inference_server.http.listener import listen
from inference_server.http.problems import problem_details
from inference_server.http.runner import create_runner
from inference_server.observability.metrics import Metrics
from testbed.services.inference_server import InferenceServer
from tests.server.support import check_problem, eventually

BUSY, IDLE, LATE, NEW = 24, 24, 24, 40  # clients


@dataclass
class Client:
    """A kept connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    request: bytes
    answered: int = 0
    closing: bool = False  # the server has announced it

    def send(self) -> None:
        self.writer.write(self.request)

    async def read(self) -> None:
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        await self.reader.readexactly(int(length))
        self.closing = b"connection: close" in head.lower()
        self.answered += 1

    async def ask_until_closing(self) -> None:
        while not self.closing:
            self.send()
            await self.read()
        assert await self.reader.read() == b""


@pytest.fixture
def server(tmp_path: Path) -> InferenceServer:
    server = InferenceServer(tmp_path, detector=tmp_path / "none", python=Path(sys.executable))
    server.start(wait_ready=False)
    return server


async def test_every_request_is_answered_and_kept_connections_are_closed(
    server: InferenceServer,
) -> None:
    port = int(server.url.rpartition(":")[2])
    token = f"Host: x\r\nAuthorization: Bearer {server.token}\r\n"
    health = f"GET /v1/health HTTP/1.1\r\n{token}\r\n".encode()
    image = f"POST /v1/detect HTTP/1.1\r\n{token}Content-Type: image/jpeg\r\n".encode()
    image += b"Content-Length: 50000\r\n\r\n" + b"\xff" * 50_000

    async def connect(number: int) -> Client:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        return Client(reader, writer, image if number % 2 else health)

    kept = [await connect(number) for number in range(BUSY + IDLE + LATE)]
    for client in kept:
        client.send()
        await client.read()
    busy, idle, late = kept[:BUSY], kept[BUSY : BUSY + IDLE], kept[BUSY + IDLE :]
    requests = [asyncio.create_task(client.ask_until_closing()) for client in busy]
    await eventually(lambda: min(client.answered for client in busy) > 4)
    new = [await connect(0) for _ in range(NEW)]  # which the server may not have accepted yet
    for client in new:
        client.send()
    process = server.process
    os.kill(server.pid, 15)
    async with asyncio.timeout(60):
        requests += [asyncio.create_task(client.ask_until_closing()) for client in late]
        await asyncio.gather(*requests, *(client.read() for client in new))
        for client in idle:
            assert await client.reader.read() == b""
        with pytest.raises(OSError, match="Connect call failed"):
            await connect(0)
    assert await asyncio.to_thread(process.wait, 60) == 0
    for client in kept + new:
        client.writer.close()
    server.stop()


async def test_a_server_without_connections_stops_at_once() -> None:
    runner = create_runner(web.Application())
    await runner.setup()
    await listen(runner, "127.0.0.1", 0)
    async with aiohttp.ClientSession() as session:  # an earlier connection
        await session.get(f"http://127.0.0.1:{runner.addresses[0][1]}/")
    async with asyncio.timeout(60):
        await Drain(goodbye=3600.0).stop(runner, timeout=3600.0)
        await runner.cleanup()


async def test_a_request_that_outlasts_the_drain_gets_an_error_that_allows_a_retry() -> None:
    begun = asyncio.Event()

    async def never(_: web.Request) -> web.Response:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    drain = Drain()
    app = web.Application(middlewares=[problem_details(Metrics()), drain.middleware()])
    app.router.add_get("/", never)
    drain.install(app)
    runner = create_runner(app)
    await runner.setup()
    await listen(runner, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    async with aiohttp.ClientSession() as session:
        request = asyncio.create_task(session.get(url, headers={"X-Request-ID": "mine"}))
        await begun.wait()
        async with asyncio.timeout(60):
            await drain.stop(runner, timeout=0.2)
            await runner.cleanup()
            response = await request
        problem = await check_problem(response, 503, "stopping")
        assert (problem["retryable"], problem["request_id"]) == (True, "mine")
        assert response.headers["Connection"] == "close"
