"""What the server's tests share besides fixtures."""

import asyncio
from collections.abc import Sequence
from functools import cache
import io
from pathlib import Path
from threading import Event
from time import perf_counter
from typing import Any
from uuid import UUID

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from jsonschema import Draft202012Validator
from PIL import Image, ImageDraw
import yaml

from inference_server.app import create_app
from inference_server.assessment.assessor_service import AssessorService
from inference_server.detection.base import Detector, DetectorInfo, ImageResult, PreparedImage
from inference_server.detection.service import DetectionService
from inference_server.gpu.gpu_monitor import GpuMonitor
from inference_server.observability.metrics import Metrics
from inference_server.observability.tracing import Tracing
from inference_server.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "a-token-for-tests"
INSTANCE_ID = UUID("5f3f3a52-8c35-4c1f-9d5c-0f6b5a0a4e1d")
JPEG = {"Content-Type": "image/jpeg"}


class Clock:
    """Stands in for a module's time.perf_counter; it can be put forward."""

    def __init__(self) -> None:
        self.ahead = 0.0  # seconds

    def __call__(self) -> float:
        return perf_counter() + self.ahead


class Gate:
    """Wraps a detector and, once it is loaded, holds every batch back until it is opened."""

    def __init__(self, detector: Detector) -> None:
        self.detector = detector
        self.entered = Event()
        self.opened = Event()
        self.seen = 0
        self.batches: list[int] = []
        self._loaded = False

    @property
    def info(self) -> DetectorInfo:
        return self.detector.info

    def prepare(self, data: bytes) -> PreparedImage:
        return self.detector.prepare(data)

    def detect(
        self, pictures: Sequence[PreparedImage], thresholds: Sequence[float]
    ) -> list[ImageResult]:
        if not self._loaded:  # the canary, which belongs to loading
            self._loaded = True
            return self.detector.detect(pictures, thresholds)
        self.seen += len(pictures)
        self.batches.append(len(pictures))
        self.entered.set()
        assert self.opened.wait(120)
        return self.detector.detect(pictures, thresholds)


def draw(width: int = 320, height: int = 240) -> Image.Image:
    """Draw a picture none of whose eight orientations looks like another."""
    picture = Image.radial_gradient("L").resize((width, height)).convert("RGB")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((width // 10, height // 10, width // 3, height // 2), fill=(200, 30, 30))
    pen.ellipse((width // 2, height // 2, width - 20, height - 20), fill=(20, 160, 220))
    return picture


def encode(picture: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
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


async def eventually(check: Any, timeout: float = 60) -> None:
    """Return when the check holds; for what no signal tells of."""
    async with asyncio.timeout(timeout):
        while not check():  # noqa: ASYNC110 - the state is looked at from outside
            await asyncio.sleep(0.01)


@cache
def _openapi() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "inference_server/openapi.yaml").read_text()))


def check_schema(name: str, answer: object) -> None:
    """Hold an answer against its schema in openapi.yaml."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": _openapi()["components"]}
    Draft202012Validator(schema).validate(answer)


async def check_problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """Hold an error answer against everything that is true of every problem; return it."""
    assert answer.status == status
    assert answer.content_type == "application/problem+json"
    problem = dict(await answer.json())
    check_schema("Problem", problem)
    assert problem["code"] == code
    assert problem["status"] == status
    assert problem["type"] == f"urn:hsi:problem:{code}"
    assert problem["request_id"] == answer.headers["X-Request-ID"]
    return problem
