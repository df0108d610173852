"""The real server process, the real client, and a relay between them that checks each response."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
import json
from pathlib import Path
import subprocess
from typing import Any

import aiohttp
from aiohttp import web
import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable
from testbed.services.inference_server import PYTHON, ROOT, TEST_DETECTOR, InferenceServer

# isort: split
from hsi_core.domain.settings import Settings
from hsi_core.inference.client import InferenceClient
from tests.contract.openapi import validate_answer, validate_request

ASSESSOR_TIMEOUT = 120.0  # seconds


class Relay:
    """Forwards requests unchanged; validates responses and accepted requests by openapi.yaml."""

    def __init__(self) -> None:
        self.target = ""
        self.url = ""
        self.answers = 0
        self.faults: list[Exception] = []

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        sent = await request.read()
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                request.method,
                f"{self.target}{request.rel_url}",
                headers=request.headers,
                data=sent,
            ) as answer,
        ):
            body = await answer.read()
        self.answers += 1
        try:
            if answer.status == 200 and request.content_type == "application/json":
                validate_request(request.method, request.path, json.loads(sent))
            validate_answer(
                request.method, request.path, answer.status, answer.content_type, json.loads(body)
            )
        except Exception as err:  # noqa: BLE001 - raised at the end of the test
            self.faults.append(err)
        return web.Response(
            status=answer.status,
            body=body,
            headers={
                name: value
                for name, value in answer.headers.items()
                if name in {"Content-Type", "Retry-After", "X-Request-ID"}
            },
        )


def _request_of_any_size(*parts: Any) -> web.BaseRequest:
    limit = 64 * 1024 * 1024  # bytes
    loop = asyncio.get_running_loop()
    return web.BaseRequest(*parts, loop, client_max_size=limit)  # type: ignore[arg-type, misc]  # five parts


@pytest.fixture
async def relay() -> AsyncIterator[Relay]:
    """Fail a test whose server responds against the API."""
    passing = Relay()
    relaying = web.Server(passing.handle, request_factory=_request_of_any_size)
    runner = web.ServerRunner(relaying, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    passing.url = f"http://{host}:{port}"
    yield passing
    await runner.cleanup()
    assert not passing.faults, passing.faults
    assert passing.answers, "no request was sent"


@pytest.fixture
async def connect(relay: Relay) -> AsyncIterator[Callable[..., InferenceClient]]:
    """Make the real client of a server, over the relay."""
    async with aiohttp.ClientSession() as session:

        def make(server: InferenceServer, token: str | None = None) -> InferenceClient:
            relay.target = server.url
            return InferenceClient(session, relay.url, token or server.token, settings=Settings())

        yield make


@pytest.fixture(scope="session")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the test model, or one of its shape with random weights."""
    if (TEST_DETECTOR / "model.safetensors").is_file():
        return TEST_DETECTOR
    folder = tmp_path_factory.mktemp("detector")
    script = (
        "import sys, pathlib; from tests.server.detectors import make_random_detector;"
        "make_random_detector(pathlib.Path(sys.argv[1]))"
    )
    subprocess.run([PYTHON, "-c", script, folder], cwd=ROOT, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def server(detector: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InferenceServer]:
    """Run the server with a detector and the embedded language model."""
    folder = tmp_path_factory.mktemp("server")
    with InferenceServer(folder, detector=detector, llm_backend="embedded") as running:
        yield running


@pytest.fixture
async def assessor(server: InferenceServer) -> None:
    """Wait until the language model is loaded; the server has no signal for it but its state."""
    async with asyncio.timeout(ASSESSOR_TIMEOUT):
        while (state := (await asyncio.to_thread(server.ready)).get("assessor")) == "loading":  # noqa: ASYNC110 - polled over HTTP
            await asyncio.sleep(0.2)
    assert state == "ready"


@pytest.fixture(scope="session")
def detectorless_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InferenceServer]:
    """Run the server with no model where its model should be."""
    folder = tmp_path_factory.mktemp("detectorless")
    running = InferenceServer(folder, detector=folder / "no-such-model")
    running.start(wait_ready=False)
    yield running
    running.stop()
