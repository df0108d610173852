"""A scripted HTTP server on a real socket, and clients for it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
import json
from typing import Any

import aiohttp
from aiohttp import web
import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable
from testbed.fake_inference_server import TOKEN, FakeInferenceServer

# isort: split
from hsi_core.domain.settings import Settings
from hsi_core.inference.client import InferenceClient
from hsi_core.inference.pool import ServerPool
from hsi_core.inference.server import Server


@dataclass(slots=True)
class ScriptedServer:
    """The next responses of the server, and the requests it has received."""

    status: int = 200
    body: bytes = b"{}"
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    hold: bool = False  # receive the request and never respond
    requests: list[web.BaseRequest] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    def respond(
        self, value: object, status: int = 200, content_type: str = "application/json"
    ) -> None:
        """Respond with this JSON."""
        self.status, self.content_type = status, content_type
        self.body = json.dumps(value).encode()

    def refuse(self, status: int, code: str, *, retryable: bool, **more: object) -> None:
        """Respond with problem details."""
        self.respond(
            {
                "type": f"urn:hsi:problem:{code}",
                "title": code,
                "status": status,
                "detail": f"because of {code}",
                "code": code,
                "retryable": retryable,
                "request_id": "r1",
                **more,
            },
            status,
            "application/problem+json",
        )


@pytest.fixture
def server() -> ScriptedServer:
    return ScriptedServer()


@pytest.fixture
async def address(server: ScriptedServer) -> AsyncIterator[str]:
    stopping = asyncio.Event()

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        server.requests.append(request)
        server.bodies.append(await request.read())
        server.asked.set()
        if server.hold:
            await stopping.wait()
        headers = {"Content-Type": server.content_type, **server.headers}
        return web.Response(status=server.status, body=server.body, headers=headers)

    runner = web.ServerRunner(web.Server(answer), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    yield f"http://127.0.0.1:{port}"
    stopping.set()
    await runner.cleanup()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
def settings() -> Settings:
    return Settings(connect_timeout=2.0, detect_timeout=5.0, assess_timeout=5.0)


@pytest.fixture
def connect(session: aiohttp.ClientSession, settings: Settings) -> Callable[..., InferenceClient]:
    def make(url: str, token: str | None = "s3cret", **changed: Any) -> InferenceClient:
        return InferenceClient(session, url, token, settings=replace(settings, **changed))

    return make


@pytest.fixture
def client(connect: Callable[..., InferenceClient], address: str) -> InferenceClient:
    return connect(address)


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SETTINGS = Settings(connect_timeout=2.0, detect_timeout=5.0, breaker_recovery=60.0)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def first() -> AsyncIterator[FakeInferenceServer]:
    server = FakeInferenceServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def second() -> AsyncIterator[FakeInferenceServer]:
    server = FakeInferenceServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def make(clock: Clock) -> AsyncIterator[Callable[..., ServerPool]]:
    """Make pools of servers; nothing listens to their failures and changes."""
    async with aiohttp.ClientSession() as session:

        def of(*servers: FakeInferenceServer) -> ServerPool:
            return ServerPool(
                [
                    Server(
                        InferenceClient(session, server.url, TOKEN, settings=SETTINGS),
                        settings=SETTINGS,
                        now=lambda: NOON,
                        clock=clock,
                        on_change=lambda kind: None,
                        on_failure=lambda server, error: None,
                    )
                    for server in servers
                ]
            )

        yield of
