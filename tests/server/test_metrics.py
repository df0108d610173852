"""GET /metrics."""

import asyncio
from collections.abc import AsyncIterator
import time

from aiohttp import web
from aiohttp.test_utils import TestClient
from prometheus_client.parser import text_string_to_metric_families
import pytest

from inference_server.assessment.assessor_service import AssessorService
from inference_server.assessment.base import (
    AssessmentResult,
    Downloader,
    SelfTestResult,
    Timings,
    Usage,
)
from inference_server.assessment.facts import Facts
from inference_server.detection.base import Detector
from inference_server.detection.detector_manager import DetectorManager
from inference_server.detection.service import DetectionService
from inference_server.errors import PullUnsupportedError
from inference_server.observability.component_status import ComponentState
from inference_server.observability.metrics import Metrics
from inference_server.settings import Settings
from tests.server.assessment.bodies import body
from tests.server.support import JPEG, Gate, check_problem, eventually, no_assessor, serve

Client = TestClient[web.Request, web.Application]


class Scripted:
    """A language model with a constant answer."""

    backend = "ollama"
    model = "scripted"
    model_digest = None
    vision = None

    async def start(self) -> None: ...
    async def check(self) -> None: ...
    async def close(self) -> None: ...

    async def self_test(self) -> SelfTestResult:
        return SelfTestResult(tokens_per_second=40.0, gpu_share=0.75)

    def downloader(self) -> Downloader:
        raise PullUnsupportedError("not here")

    async def assess(self, facts: Facts) -> AssessmentResult:
        return AssessmentResult(
            risk_score=10,
            summary="s",
            reasoning="r",
            backend=self.backend,
            model=self.model,
            model_digest=None,
            prompt_version="1",
            usage=Usage(prompt_tokens=300, completion_tokens=None),
            timings_ms=Timings(prefill=120.0, generate=None, total=500.0),
        )


@pytest.fixture
async def client(settings: Settings, detector: Detector) -> AsyncIterator[Client]:
    metrics = Metrics()
    service = DetectionService(DetectorManager(lambda: detector, metrics=metrics), queue_limit=4)
    assessor_service = AssessorService(Scripted, timeout=5)
    client = await serve(settings, service, assessor_service, metrics=metrics)
    await service.detectors.settled.wait()
    await eventually(lambda: assessor_service.status.state is ComponentState.READY)
    yield client
    await client.close()


async def scrape(client: Client) -> dict[str, float]:
    """Return samples as `name{label=value}`."""
    response = await client.get("/metrics")
    assert response.status == 200
    assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(await response.text()):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


async def test_requests_stages_and_failures_are_counted(client: Client, photo: bytes) -> None:
    for data in (photo, photo, b"no image"):
        await client.post("/v1/detect", data=data, headers=JPEG)
    await client.get("/unknown/path")
    figures = await scrape(client)
    assert figures["hsi_requests_total{path=/v1/detect,status=200}"] == 2
    assert figures["hsi_requests_total{path=/v1/detect,status=422}"] == 1
    assert figures["hsi_requests_total{path=other,status=404}"] == 1
    assert not [name for name in figures if "unknown" in name]
    assert figures["hsi_failures_total{code=invalid_image}"] == 1
    for stage in ("queue", "decode", "preprocess", "infer", "postprocess"):
        assert figures[f"hsi_stage_seconds_count{{stage={stage}}}"] == 2
    assert figures["hsi_batch_images_sum{}"] == figures["hsi_batch_images_count{}"] == 2
    assert figures["process_resident_memory_bytes{}"] > 1_000_000


async def test_the_state_of_the_detector_is_a_metric(client: Client) -> None:
    figures = await scrape(client)
    assert figures["hsi_detector_ready{}"] == 1
    assert figures["hsi_detector_fallback{}"] == 0
    assert figures["hsi_detector_proven_timestamp_seconds{}"] == pytest.approx(time.time(), abs=60)
    await client.post("/v1/models/unload")
    assert (await scrape(client))["hsi_detector_ready{}"] == 0


async def test_stage_durations_are_in_seconds(client: Client, photo: bytes) -> None:
    response = await client.post("/v1/detect", data=photo, headers=JPEG)
    infer_ms = (await response.json())["timings_ms"]["infer"]
    figures = await scrape(client)
    assert figures["hsi_stage_seconds_sum{stage=infer}"] == pytest.approx(infer_ms / 1000, abs=1e-4)


async def test_tokens_and_timings_of_the_language_model_are_counted(client: Client) -> None:
    response = await client.post("/v1/assess", json=body())
    assert response.status == 200, await response.text()
    figures = await scrape(client)
    assert figures["hsi_tokens_total{kind=prompt}"] == 300
    assert figures["hsi_stage_seconds_sum{stage=prefill}"] == pytest.approx(0.12)
    # Values that the backend does not report have no metric.
    assert not [name for name in figures if "generate" in name or "completion" in name]


async def test_the_queue_depth_is_a_metric(
    settings: Settings, detector: Detector, photo: bytes
) -> None:
    gate = Gate(detector)
    metrics = Metrics()
    service = DetectionService(DetectorManager(lambda: gate, metrics=metrics), queue_limit=4)
    client = await serve(settings, service, no_assessor(), metrics=metrics)
    await service.detectors.settled.wait()
    tasks = [
        asyncio.create_task(client.post("/v1/detect", data=photo, headers=JPEG)) for _ in range(3)
    ]
    await eventually(
        lambda: gate.entered.is_set() and service.detectors.require_runner().queued == 2
    )
    figures = await scrape(client)
    assert figures["hsi_images_admitted{}"] == 3
    assert figures["hsi_queue_depth{}"] == 2
    gate.opened.set()
    await asyncio.gather(*tasks)
    assert (await scrape(client))["hsi_queue_depth{}"] == 0
    await client.close()


async def test_metrics_require_the_token(client: Client) -> None:
    response = await client.get("/metrics", headers={"Authorization": "Bearer wrong"})
    await check_problem(response, 401, "unauthorized")
    assert (await scrape(client))["hsi_failures_total{code=unauthorized}"] == 1
