"""Fuzzed requests get a valid response or none; scripts/test-fuzz sends more of them."""

import json

from aiohttp import web
import pytest

from inference_server.app import create_app
from inference_server.assessment.facts import Facts
from inference_server.detection.base import Detector
from inference_server.detection.detector_manager import DetectorManager
from inference_server.detection.service import DetectionService
from inference_server.http.runner import create_runner
from inference_server.settings import Settings
from testbed.fuzz.answers import Answer, complaint
from testbed.fuzz.attack import attack
from testbed.fuzz.cases import make_case
from testbed.fuzz.samples import Samples, make_samples
from tests.server.support import INSTANCE_ID, TOKEN, no_assessor

SEED = 20
REQUESTS = 200


@pytest.fixture(scope="module")
def samples() -> Samples:
    return make_samples()


async def test_damaged_images_and_requests_get_valid_responses(
    settings: Settings, detector: Detector, samples: Samples
) -> None:
    service = DetectionService(DetectorManager(lambda: detector), queue_limit=32)
    app = create_app(
        settings, instance_id=INSTANCE_ID, detection=service, assessor_service=no_assessor()
    )
    runner = create_runner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await service.detectors.settled.wait()
    report = await attack(
        runner.addresses[0][1], TOKEN, samples, seed=SEED, numbers=range(REQUESTS), at_once=8
    )
    await runner.cleanup()
    assert report.complaints == []
    statuses = {status for _, status in report.outcomes}
    assert {
        "200",
        "400",
        "404",
        "422",
        "501",
    } <= statuses  # the requests reached the code they target


def test_the_samples_are_valid_before_they_are_damaged(
    samples: Samples, detector: Detector
) -> None:
    Facts.from_json(json.loads(samples.facts))
    for image in samples.images:
        detector.prepare(image)


def test_a_case_is_reproducible(samples: Samples) -> None:
    assert make_case(1, 7, samples, "t") == make_case(1, 7, samples, "t")
    assert make_case(1, 7, samples, "t") != make_case(2, 7, samples, "t")


@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        (Answer(status=500, headers={}, body=b""), "status 500"),
        (Answer(status=400, headers={}, body=b"no"), "status 400 as None"),
        (
            Answer(status=400, headers={"content-type": "application/problem+json"}, body=b"{}"),
            "status 400 with an incomplete problem",
        ),
        (Answer(status=200, headers={}, body=b""), None),
    ],
)
def test_invalid_responses_are_reported(answer: Answer, wrong: str | None) -> None:
    assert complaint(answer) == wrong
