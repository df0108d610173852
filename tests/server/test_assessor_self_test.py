"""The periodic self-test of a language model, its GPU share, and downloads."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient
import pytest

from inference_server.assessment.assessor_service import AssessorService
from inference_server.assessment.base import DownloadProgress, SelfTestResult
from inference_server.detection.base import Detector
from inference_server.detection.detector_manager import DetectorManager
from inference_server.detection.service import DetectionService
from inference_server.errors import (
    AssessorCrashedError,
    AssessorFailedError,
    AssessorTimeoutError,
    AssessorUnavailableError,
)
from inference_server.observability.metrics import Metrics
from inference_server.settings import Settings
from tests.server.support import check_problem, check_schema, eventually, no_assessor, serve
from tests.server.test_assess import FACTS, Scripted

Client = TestClient[web.Request, web.Application]
Start = Callable[[AssessorService], Awaitable[Client]]

LONG, ALWAYS = 1000.0, 1e-9  # seconds
ON_GPU = SelfTestResult(tokens_per_second=80.0, gpu_share=1.0)
ON_CPU = SelfTestResult(tokens_per_second=6.0, gpu_share=0.0)


@pytest.fixture
def scripted() -> Scripted:
    return Scripted()


@pytest.fixture
async def start(settings: Settings, detector: Detector) -> AsyncIterator[Start]:
    clients: list[Client] = []

    async def start(assessor_service: AssessorService) -> Client:
        detection = DetectionService(DetectorManager(lambda: detector), queue_limit=4)
        client = await serve(settings, detection, assessor_service, metrics=Metrics())
        clients.append(client)
        if assessor_service.backend:
            await eventually(lambda: assessor_service.status.state == "ready")
        return client

    yield start
    for client in clients:
        await client.close()


async def health_of(client: Client) -> dict[str, Any]:
    health = await (await client.get("/v1/health")).json()
    check_schema("Health", health)
    return dict(health["assessor"])


async def recheck(assessor_service: AssessorService, scripted: Scripted) -> None:
    """Have the service check the backend; return when it has."""
    before = scripted.checks
    assessor_service.recheck()
    await eventually(lambda: scripted.checks > before)
    await asyncio.sleep(0)


async def test_the_gpu_share_is_reported(start: Start, scripted: Scripted) -> None:
    scripted.self_test_result = SelfTestResult(tokens_per_second=41.5, gpu_share=0.75)
    client = await start(AssessorService(lambda: scripted, timeout=60))

    health = await health_of(client)

    assert (health["gpu_share"], health["tokens_per_second"]) == (0.75, 41.5)
    assert health["proven_at"]
    assert health["fallback"] is None
    figures = await (await client.get("/metrics")).text()
    assert 'hsi_llm_gpu_share{model="scripted"} 0.75' in figures
    assert 'hsi_llm_gpu_lost{model="scripted"} 0.0' in figures


async def test_a_lost_gpu_is_reported_until_it_is_used_again(
    start: Start, scripted: Scripted
) -> None:
    scripted.self_test_result = ON_GPU
    assessor_service = AssessorService(lambda: scripted, timeout=60, self_test_interval=ALWAYS)
    client = await start(assessor_service)

    scripted.self_test_result = ON_CPU
    await recheck(assessor_service, scripted)
    await eventually(lambda: assessor_service.fallback is not None)
    health = await health_of(client)
    assert health["state"] == "ready"  # it still answers
    assert "0% of the language model is on the GPU" in health["fallback"]
    assert (await (await client.get("/v1/health")).json())["status"] != "ok"
    assert 'hsi_llm_gpu_lost{model="scripted"} 1.0' in await (await client.get("/metrics")).text()

    scripted.self_test_result = ON_GPU
    await recheck(assessor_service, scripted)
    await eventually(lambda: assessor_service.fallback is None)
    assert (await health_of(client))["fallback"] is None


async def test_a_model_that_never_used_a_gpu_has_no_fallback(
    start: Start, scripted: Scripted
) -> None:
    scripted.self_test_result = ON_CPU
    assessor_service = AssessorService(lambda: scripted, timeout=60, self_test_interval=ALWAYS)
    client = await start(assessor_service)
    await recheck(assessor_service, scripted)

    health = await health_of(client)
    assert (health["gpu_share"], health["fallback"]) == (0.0, None)


async def test_another_models_gpu_share_is_no_loss(start: Start, scripted: Scripted) -> None:
    scripted.self_test_result = ON_GPU
    assessor_service = AssessorService(lambda: scripted, timeout=60, self_test_interval=ALWAYS)
    await start(assessor_service)

    scripted.self_test_result, scripted.model_digest = ON_CPU, "another"
    await recheck(assessor_service, scripted)
    await eventually(lambda: assessor_service.gpu_share == 0.0)

    assert assessor_service.fallback is None


async def test_an_assessment_replaces_a_self_test(start: Start, scripted: Scripted) -> None:
    assessor_service = AssessorService(lambda: scripted, timeout=60, self_test_interval=LONG)
    client = await start(assessor_service)
    self_tests = scripted.self_tests

    assert (await client.post("/v1/assess", json=FACTS)).status == 200
    await recheck(assessor_service, scripted)

    assert scripted.self_tests == self_tests


async def test_no_self_test_runs_during_an_assessment(start: Start, scripted: Scripted) -> None:
    assessor_service = AssessorService(lambda: scripted, timeout=60, self_test_interval=ALWAYS)
    client = await start(assessor_service)
    scripted.waits = True
    request = asyncio.create_task(client.post("/v1/assess", json=FACTS))
    await scripted.called.wait()
    self_tests = scripted.self_tests

    await recheck(assessor_service, scripted)

    assert scripted.self_tests == self_tests
    request.cancel()


async def test_a_crash_is_a_lack_of_capacity_until_it_repeats_on_one_event(
    start: Start, scripted: Scripted
) -> None:
    assessor_service = AssessorService(lambda: scripted, timeout=60, self_test_interval=LONG)
    client = await start(assessor_service)
    scripted.error = AssessorCrashedError("the runner has unexpectedly stopped")
    other = {**FACTS, "camera": "Another camera"}

    for _ in range(3):
        for event in (FACTS, other):
            response = await client.post("/v1/assess", json=event)
            problem = await check_problem(response, 503, "assessor_unavailable")
            assert "unexpectedly stopped" in problem["detail"]
            assert problem["retry_after_s"]
    # This event may be the cause.
    await check_problem(await client.post("/v1/assess", json=FACTS), 502, "assessor_failed")


async def test_a_failed_model_is_not_ready_while_another_event_waits(
    start: Start, scripted: Scripted
) -> None:
    assessor_service = AssessorService(lambda: scripted, timeout=60, self_test_interval=ALWAYS)
    client = await start(assessor_service)
    scripted.waits = True
    waiting = asyncio.create_task(client.post("/v1/assess", json=FACTS))
    await scripted.called.wait()

    scripted.waits, scripted.error = False, AssessorFailedError("it broke off")
    await check_problem(await client.post("/v1/assess", json=FACTS), 502, "assessor_failed")
    scripted.error, before = None, scripted.checks
    await eventually(lambda: scripted.checks > before)  # reachable is not enough
    await asyncio.sleep(0)
    health = await health_of(client)
    assert (health["state"], health["problem"]) == ("failed", "assessor_failed")

    waiting.cancel()
    await scripted.cancelled.wait()
    await recheck(assessor_service, scripted)
    await eventually(lambda: assessor_service.status.state == "ready")


async def test_a_model_that_times_out_is_not_ready_until_it_answers_again(
    start: Start, scripted: Scripted
) -> None:
    assessor_service = AssessorService(lambda: scripted, timeout=60, self_test_interval=ALWAYS)
    client = await start(assessor_service)

    scripted.self_test_error = AssessorTimeoutError("no answer")
    await recheck(assessor_service, scripted)
    await eventually(lambda: assessor_service.status.state == "failed")
    health = await health_of(client)
    assert (health["problem"], health["error"]) == ("assessor_timeout", "no answer")

    await recheck(assessor_service, scripted)  # reachable is not enough
    assert assessor_service.status.state == "failed"

    scripted.self_test_error = None
    await recheck(assessor_service, scripted)
    await eventually(lambda: assessor_service.status.state == "ready")


async def test_three_timeouts_in_a_row_fail_a_model_that_is_always_busy(
    start: Start, scripted: Scripted
) -> None:
    assessor_service = AssessorService(lambda: scripted, timeout=0.1, self_test_interval=LONG)
    client = await start(assessor_service)
    scripted.waits, scripted.self_test_error = True, AssessorTimeoutError("no answer")
    for _ in range(2):
        await check_problem(await client.post("/v1/assess", json=FACTS), 504, "assessor_timeout")
    assert assessor_service.status.state == "ready"  # it may be slow
    await check_problem(await client.post("/v1/assess", json=FACTS), 504, "assessor_timeout")
    health = await health_of(client)
    assert (health["state"], health["problem"]) == ("failed", "assessor_timeout")

    scripted.waits = False
    assert (await client.post("/v1/assess", json=FACTS)).status == 200
    assert assessor_service.status.state == "ready"


async def test_an_interval_of_zero_disables_self_tests(start: Start, scripted: Scripted) -> None:
    assessor_service = AssessorService(lambda: scripted, timeout=60, self_test_interval=0)
    await start(assessor_service)
    await recheck(assessor_service, scripted)

    assert scripted.self_tests == 0


async def test_a_download_is_reported_and_followed_by_a_check(
    start: Start, scripted: Scripted
) -> None:
    assessor_service = AssessorService(lambda: scripted, timeout=60)
    client = await start(assessor_service)
    assert (await health_of(client))["pull"] is None

    response = await client.post("/v1/models/pull")
    assert response.status == 202
    check_schema("Pull", await response.json())
    scripted.progress(DownloadProgress(completed_bytes=1, total_bytes=4))
    pull = (await health_of(client))["pull"]
    assert (pull["state"], pull["completed_bytes"], pull["total_bytes"]) == ("running", 1, 4)
    assert (await (await client.get("/v1/models/pull")).json())["pull"] == pull

    before = scripted.checks
    scripted.download.set_result(None)
    await eventually(lambda: scripted.checks > before)
    assert (await health_of(client))["pull"]["state"] == "done"


async def test_a_failed_download_is_reported_and_can_be_retried(
    start: Start, scripted: Scripted
) -> None:
    client = await start(AssessorService(lambda: scripted, timeout=60))
    await client.post("/v1/models/pull")
    await asyncio.sleep(0)

    scripted.download.set_exception(AssessorUnavailableError("the disk is full"))
    await eventually(scripted.download.done)
    pull = (await health_of(client))["pull"]
    assert (pull["state"], pull["error"]) == ("failed", "the disk is full")

    scripted.download = asyncio.Future()
    again = await (await client.post("/v1/models/pull")).json()
    assert (again["state"], again["error"]) == ("running", None)


async def test_without_a_language_model_a_download_is_refused(start: Start) -> None:
    client = await start(no_assessor())

    await check_problem(await client.post("/v1/models/pull"), 501, "assessor_absent")
