"""A real small detector and a server that runs it."""

from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestClient
import hypothesis
import pytest
import pytest_asyncio

from inference_server.detection.base import Detector
from inference_server.detection.detector_manager import DetectorManager
from inference_server.detection.loading import load_detector
from inference_server.detection.service import DetectionService
from inference_server.settings import DetectorRuntime, Device, Settings
from tests.server.detectors import make_random_detector
from tests.server.support import ROOT, TOKEN, draw, encode, no_assessor, serve

# No deadline: durations depend on the machine's load. Derandomized: a failure repeats.
hypothesis.settings.register_profile(
    "tests",
    deadline=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("tests")


@pytest.fixture(scope="session")
def detector_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small real RT-DETRv2: the trained one, else the same shape with random weights."""
    trained = ROOT / ".models/test-detector"
    if (trained / "model.safetensors").is_file():
        return trained
    folder = tmp_path_factory.mktemp("models") / "test-detector"
    make_random_detector(folder)
    return folder


@pytest.fixture(scope="session")
def settings(detector_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(
        api_tokens=(TOKEN,),
        detector_model=detector_folder,
        device=Device.CPU,
        detector_runtime=DetectorRuntime.TORCH,
        max_body_bytes=2_000_000,
        state_dir=tmp_path_factory.mktemp("state"),
    )


@pytest.fixture(scope="session")
def detector(settings: Settings) -> Detector:
    return load_detector(settings)


@pytest.fixture(scope="session")
def photo() -> bytes:
    return encode(draw(), quality=90)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(
    settings: Settings, detector: Detector
) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    """Return a client of a server that is ready and has no language model."""
    detection = DetectionService(DetectorManager(lambda: detector), queue_limit=4)
    client = await serve(settings, detection, no_assessor())
    await detection.detectors.settled.wait()
    yield client
    await client.close()
