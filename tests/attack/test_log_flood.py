"""Clients without a token learn nothing, and cannot fill the disk."""

import asyncio
from collections.abc import AsyncIterator
import json
import logging

from aiohttp import ClientSession, web
import pytest

from inference_server.app import create_app
from inference_server.detection.base import Detector
from inference_server.detection.detector_manager import DetectorManager
from inference_server.detection.service import DetectionService
from inference_server.http.runner import create_runner
from inference_server.observability import logs
from inference_server.observability.refusal_log import RefusalLog
from inference_server.settings import LogLevel, Settings
from tests.server.support import INSTANCE_ID, TOKEN, no_assessor

MAX_LINE = 1000  # characters


class Lines(logging.Handler):
    """Collects lines as the server logs them."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logs.JsonFormatter())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    logs.configure(LogLevel.INFO)
    handler = Lines()
    logging.getLogger().addHandler(handler)
    return handler.lines


@pytest.fixture
async def address() -> AsyncIterator[str]:
    """Return the address of a server without a detector."""

    def load() -> Detector:
        raise RuntimeError("there is none")

    service = DetectionService(DetectorManager(load), queue_limit=4)
    app = create_app(
        Settings(api_tokens=(TOKEN,)),
        instance_id=INSTANCE_ID,
        detection=service,
        assessor_service=no_assessor(),
    )
    runner = create_runner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await service.detectors.settled.wait()
    yield f"127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param("GET", "/v1/health", id="wrong token"),
        pytest.param("POST", "/v1/ready", id="wrong method"),
        pytest.param("GET", "/v2/" + "x" * 4000, id="long path"),
        pytest.param("X" * 4000, "/v1/detect", id="long method"),
    ],
)
async def test_refusals_of_one_address_take_few_lines(
    address: str, lines: list[str], method: str, path: str
) -> None:
    before = len(lines)
    async with ClientSession(headers={"Authorization": "Bearer wrong"}) as session:
        for _ in range(200):
            async with session.request(method, f"http://{address}{path}") as answer:
                assert 400 <= answer.status < 500
    assert len(lines[before:]) <= 1
    assert all(len(line) < MAX_LINE for line in lines[before:])


async def exchange(address: str, data: bytes) -> bytes:
    host, _, port = address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(data)
    answer = await reader.read()
    writer.close()
    return answer


async def test_malformed_requests_of_one_address_take_one_line(
    address: str, lines: list[str]
) -> None:
    before = len(lines)
    for _ in range(50):
        await exchange(address, b"GET /\x01" + b"x" * 3000 + b" HTTP/1.1\r\nA b\r\n\r\n")
    assert len(lines[before:]) == 1


async def test_authorized_requests_have_a_line_each(address: str, lines: list[str]) -> None:
    before = len(lines)
    async with ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as session:
        for _ in range(3):
            await session.post(f"http://{address}/v1/detect")
    assert len(lines[before:]) == 3


@pytest.mark.parametrize(
    "request_", [b"GET /v1/live HTTP/1.1\r\nConnection: close\r\n\r\n", b"NO HTTP\r\n\r\n"]
)
async def test_answers_do_not_tell_versions(address: str, request_: bytes) -> None:
    head, _, body = (await exchange(address, request_)).partition(b"\r\n\r\n")
    assert b"aiohttp" not in head
    assert b"Python" not in head
    if b" 200 " in head:
        assert json.loads(body) == {"status": "live"}


def test_refusals_are_counted_at_the_end_of_the_interval(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = 0.0
    refusals = RefusalLog(logging.getLogger("refusals"), interval=60, clock=lambda: now)
    with caplog.at_level(logging.INFO, "refusals"):
        for number in range(200):
            for _ in range(3):
                refusals.record(f"10.0.0.{number}", "Answered")
        first = len(caplog.records)
        now = 61.0
        refusals.record("10.0.0.1", "Answered")
    assert first <= 100
    assert len(caplog.records) <= 2 * first + 2
    text = caplog.text
    assert "Refused 2 more requests within 60 s" in text
    assert f"Refused {3 * (200 - first)} more requests" in text  # of other addresses
