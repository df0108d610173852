"""POST /v1/assess above its limit of requests, and after its deadline."""

import asyncio
from dataclasses import replace

from inference_server.assessment.assessor_service import AssessorService
from inference_server.assessment.base import AssessmentResult
from inference_server.assessment.facts import Facts
from inference_server.detection.base import Detector
from inference_server.detection.detector_manager import DetectorManager
from inference_server.detection.service import DetectionService
from inference_server.settings import Settings
from tests.server.support import check_problem, eventually, serve
from tests.server.test_assess import FACTS, Client, Scripted


class Slow(Scripted):
    """A backend that answers once `released` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.released = asyncio.Event()
        self.running = 0
        self.cancellations = 0

    async def assess(self, facts: Facts) -> AssessmentResult:
        self.running += 1
        try:
            await self.released.wait()
        except asyncio.CancelledError:
            self.cancellations += 1
            raise
        return await super().assess(facts)


async def slow_server(settings: Settings, slow: Slow) -> Client:
    assessor_service = AssessorService(lambda: slow, timeout=30)
    client = await serve(
        replace(settings, assess_limit=2),
        DetectionService(DetectorManager(never_loads), queue_limit=1),
        assessor_service,
    )
    await eventually(lambda: assessor_service.status.state == "ready")
    return client


def never_loads() -> Detector:
    raise RuntimeError("there is none")


async def test_requests_above_the_limit_are_refused_with_a_retry_time(settings: Settings) -> None:
    slow = Slow()
    client = await slow_server(settings, slow)
    running = [asyncio.create_task(client.post("/v1/assess", json=FACTS)) for _ in range(2)]
    await eventually(lambda: slow.running == 2)
    problem = await check_problem(await client.post("/v1/assess", json=FACTS), 429, "overloaded")
    assert problem["retry_after_s"] == 1
    slow.released.set()
    assert [response.status for response in await asyncio.gather(*running)] == [200, 200]
    assert (await client.post("/v1/assess", json=FACTS)).status == 200
    await client.close()


async def test_a_request_past_its_deadline_is_cancelled(settings: Settings) -> None:
    slow = Slow()
    client = await slow_server(settings, slow)
    response = await client.post("/v1/assess", json=FACTS, headers={"X-Deadline-Ms": "1000"})
    await check_problem(response, 504, "assessor_timeout")
    assert slow.cancellations == 1
    response = await client.post("/v1/assess", json=FACTS, headers={"X-Deadline-Ms": "soon"})
    await check_problem(response, 400, "invalid_request")
    await client.close()
