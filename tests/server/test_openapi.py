"""Responses of the running server match openapi.yaml, for generated requests."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
import threading
from typing import Any

from aiohttp import web
from hypothesis import HealthCheck, Phase, settings as hypothesis_settings, strategies as st
import pytest
import schemathesis
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import positive_data_acceptance

from inference_server.app import create_app
from inference_server.detection.base import Detector
from inference_server.detection.detector_manager import DetectorManager
from inference_server.detection.service import DetectionService
from inference_server.http.runner import create_runner
from inference_server.observability.metrics import Metrics
from inference_server.settings import Settings
from tests.server.support import INSTANCE_ID, ROOT, TOKEN, draw, encode, no_assessor

UNLOAD = "/v1/models/unload"
EXAMPLES = 10  # requests per operation, besides one for each bound

# Random bytes are never an image: every second body is one.
IMAGES = st.sampled_from([encode(draw(64, 48), kind) for kind in ("JPEG", "PNG", "WEBP")])
for media_type in ("image/jpeg", "image/png", "image/webp", "application/octet-stream"):
    schemathesis.openapi.media_type(media_type, IMAGES | st.binary(max_size=200))

API = schemathesis.openapi.from_path(
    ROOT / "inference_server/openapi.yaml",
    config=SchemathesisConfig.from_dict(
        {"seed": 20, "generation": {"max-examples": EXAMPLES, "deterministic": True}}
    ),
)


@contextmanager
def served(settings: Settings, detector: Detector) -> Iterator[str]:
    """Run the app on an event loop in its own thread; return its address."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def start() -> web.AppRunner:
        service = DetectionService(DetectorManager(lambda: detector), queue_limit=32)
        app = create_app(
            settings,
            instance_id=INSTANCE_ID,
            detection=service,
            assessor_service=no_assessor(),
            metrics=Metrics(),
            wrong_burst=100_000.0,  # the generated requests have many wrong tokens
        )
        runner = create_runner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        await service.detectors.settled.wait()
        return runner

    runner = asyncio.run_coroutine_threadsafe(start(), loop).result(60)
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture(scope="module")
def address(settings: Settings, detector: Detector) -> Iterator[str]:
    with served(settings, detector) as url:
        yield url


few_examples = hypothesis_settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@API.exclude(path=UNLOAD).parametrize()
@few_examples
def test_responses_match_the_schema(case: Case[Any], address: str) -> None:
    check(case, address)


@API.include(path=UNLOAD).parametrize()
@few_examples
def test_responses_of_unloading_match_the_schema(case: Case[Any], address: str) -> None:
    check(case, address)


def check(case: Case[Any], address: str) -> None:
    response = case.call_and_validate(
        base_url=address,
        headers={"Authorization": f"Bearer {TOKEN}"},
        timeout=60,
        excluded_checks=[
            not_a_server_error,  # openapi.yaml declares 501 and 503
            positive_data_acceptance,  # any bytes match the schema, but few are an image
        ],
    )
    assert response.status_code != 500
