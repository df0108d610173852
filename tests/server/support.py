"""Helpers of the server's tests: servers, detectors, images and checks of responses."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
import io
import json
import logging
from pathlib import Path
import sys
from threading import Event
from time import perf_counter
from typing import Any
from uuid import UUID

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from jsonschema import Draft202012Validator
from PIL import Image, ImageDraw
import pytest
import yaml

from inference_server.app import create_app
from inference_server.assessment.assessor_service import AssessorService
from inference_server.detection.base import Detector, DetectorInfo, ImageResult, PreparedImage
from inference_server.detection.service import DetectionService
from inference_server.gpu.gpu_monitor import GpuMonitor
from inference_server.observability.logs import JsonFormatter
from inference_server.observability.metrics import Metrics
from inference_server.observability.tracing import Tracing
from inference_server.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "a-token-for-tests"
INSTANCE_ID = UUID("5f3f3a52-8c35-4c1f-9d5c-0f6b5a0a4e1d")
JPEG = {"Content-Type": "image/jpeg"}


class Clock:
    """A time.perf_counter that tests can advance."""

    def __init__(self) -> None:
        self.ahead = 0.0  # seconds

    def __call__(self) -> float:
        return perf_counter() + self.ahead


class Gate:
    """A detector that blocks every batch after its loading until `opened` is set."""

    def __init__(self, detector: Detector) -> None:
        self.detector = detector
        self.entered = Event()
        self.opened = Event()
        self.image_count = 0
        self.batches: list[int] = []
        self._loaded = False

    @property
    def info(self) -> DetectorInfo:
        return self.detector.info

    def prepare(self, data: bytes) -> PreparedImage:
        return self.detector.prepare(data)

    def detect(
        self, images: Sequence[PreparedImage], thresholds: Sequence[float]
    ) -> list[ImageResult]:
        if not self._loaded:  # the self-test that ends loading
            self._loaded = True
            return self.detector.detect(images, thresholds)
        self.image_count += len(images)
        self.batches.append(len(images))
        self.entered.set()
        assert self.opened.wait(120)
        return self.detector.detect(images, thresholds)


def hide_packages(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Make packages look as if they were not installed."""
    for name in names:
        monkeypatch.setitem(sys.modules, name, None)


def draw(width: int = 320, height: int = 240) -> Image.Image:
    """Draw an image that looks different in each of the eight EXIF orientations."""
    image = Image.radial_gradient("L").resize((width, height)).convert("RGB")
    canvas = ImageDraw.Draw(image)
    canvas.rectangle((width // 10, height // 10, width // 3, height // 2), fill=(200, 30, 30))
    canvas.ellipse((width // 2, height // 2, width - 20, height - 20), fill=(20, 160, 220))
    return image


def encode(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


async def serve(
    settings: Settings,
    detection: DetectionService,
    assessor_service: AssessorService,
    *,
    token: str | None = TOKEN,
    gpu: GpuMonitor | None = None,
    metrics: Metrics | None = None,
    tracing: Tracing | None = None,
) -> TestClient[web.Request, web.Application]:
    """Serve the app on a loopback port as the process does; return a client of it."""
    app = create_app(
        settings,
        instance_id=INSTANCE_ID,
        detection=detection,
        assessor_service=assessor_service,
        gpu=gpu,
        metrics=metrics,
        tracing=tracing,
    )
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    server = TestServer(app)
    await server.start_server(access_log=None)
    return TestClient(server, headers=headers)


def no_assessor(timeout: float = 5) -> AssessorService:
    return AssessorService(lambda: None, timeout=timeout)


async def eventually(check: Callable[[], object], timeout: float = 60) -> None:
    """Wait until `check` returns true, for states that have no signal."""
    async with asyncio.timeout(timeout):
        while not check():  # noqa: ASYNC110 - polls a state without a signal
            await asyncio.sleep(0.01)


@contextmanager
def json_log(name: str) -> Iterator[list[dict[str, object]]]:
    """Collect the lines that the named logger and those below it write, parsed from JSON."""
    lines: list[dict[str, object]] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(json.loads(JsonFormatter().format(record)))

    collect, logger = Collect(), logging.getLogger(name)
    logger.addHandler(collect)
    try:
        yield lines
    finally:
        logger.removeHandler(collect)


@cache
def _openapi() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "inference_server/openapi.yaml").read_text()))


def check_schema(name: str, body: object) -> None:
    """Validate a response's body against a schema of openapi.yaml."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": _openapi()["components"]}
    Draft202012Validator(schema).validate(body)


async def check_problem(response: ClientResponse, status: int, code: str) -> dict[str, Any]:
    """Check what holds for every error response; return its problem."""
    assert response.status == status
    assert response.content_type == "application/problem+json"
    problem = dict(await response.json())
    check_schema("Problem", problem)
    assert problem["code"] == code
    assert problem["status"] == status
    assert problem["type"] == f"urn:hsi:problem:{code}"
    assert problem["request_id"] == response.headers["X-Request-ID"]
    return problem
