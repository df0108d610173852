"""A detector has to prove again and again that it works."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from threading import Event

import pytest

from inference_server.detection import engine as engine_module
from inference_server.detection.base import Detector, DetectorInfo, ImageResult, PreparedImage
from inference_server.detection.engine_manager import EngineManager
from inference_server.detection.self_test import SelfTest, SelfTestError
from inference_server.detection.service import DetectionService
from inference_server.settings import Settings
from tests.server.support import JPEG, check_problem, check_schema, eventually, no_assessor, serve


class Faulty:
    """A real detector that can be broken while it runs."""

    def __init__(self, detector: Detector) -> None:
        self.detector = detector
        self.looks = 0
        self.spoil: Callable[[ImageResult], ImageResult] = lambda found: found

    @property
    def info(self) -> DetectorInfo:
        return self.detector.info

    def prepare(self, data: bytes) -> PreparedImage:
        return self.detector.prepare(data)

    def detect(
        self, images: Sequence[PreparedImage], thresholds: Sequence[float]
    ) -> list[ImageResult]:
        self.looks += 1
        return [self.spoil(found) for found in self.detector.detect(images, thresholds)]


def blind(found: ImageResult) -> ImageResult:
    return replace(found, detections=())


def drifted(found: ImageResult) -> ImageResult:
    return replace(
        found,
        detections=tuple(
            replace(each, confidence=each.confidence / 2) for each in found.detections
        ),
    )


def moved(found: ImageResult) -> ImageResult:
    return replace(
        found,
        detections=tuple(
            replace(each, box=(each.box[0] / 2, each.box[1], each.box[2] / 2, each.box[3]))
            for each in found.detections
        ),
    )


def broken(found: ImageResult) -> ImageResult:
    raise RuntimeError("CUDA error: an illegal memory access was encountered")


@pytest.mark.parametrize("spoil", [blind, drifted, moved])
def test_a_detector_that_finds_something_else_is_noticed(
    detector: Detector, spoil: Callable[[ImageResult], ImageResult]
) -> None:
    faulty = Faulty(detector)
    canary = SelfTest(faulty)
    canary.check()
    faulty.spoil = spoil
    with pytest.raises(SelfTestError, match="misses"):
        canary.check()


@pytest.mark.parametrize(
    ("spoil", "expected_reason"), [(blind, "misses 5 of the 5"), (broken, "CUDA error")]
)
async def test_a_detector_that_breaks_is_not_ready_until_another_is_loaded(
    settings: Settings,
    detector: Detector,
    photo: bytes,
    caplog: pytest.LogCaptureFixture,
    spoil: Callable[[ImageResult], ImageResult],
    expected_reason: str,
) -> None:
    mended = asyncio.Event()
    faulty = Faulty(detector)
    loaded: list[Detector] = [faulty]

    def load() -> Detector:
        if loaded:
            return loaded.pop()
        if not mended.is_set():
            raise RuntimeError("not yet")
        return detector

    service = DetectionService(
        EngineManager(load, self_test_interval=0.05, retry_delay=0.05), queue_limit=4
    )
    client = await serve(settings, service, no_assessor())
    await service.engines.settled.wait()
    assert (await client.get("/v1/ready")).status == 200
    before = datetime.now(UTC).replace(microsecond=0)
    caplog.clear()
    faulty.spoil = spoil
    await eventually(lambda: "No detector is loaded" in caplog.text)
    assert expected_reason in caplog.records[0].getMessage()
    answer = await client.get("/v1/ready")
    assert answer.status == 503
    ready = await answer.json()
    check_schema("Ready", ready)
    assert ready["reason"] in {"canary_failed", "load_failed"}
    assert datetime.fromisoformat(ready["since"]) >= before
    health = await (await client.get("/v1/health")).json()
    check_schema("Health", health)
    assert health["status"] == "unavailable"
    assert health["detector"]["proven_at"] is None
    answer = await client.post("/v1/detect", data=photo, headers=JPEG)
    await check_problem(answer, 503, "detector_unavailable")

    mended.set()
    await eventually(lambda: service.engines.status.state == "ready")
    assert (await client.get("/v1/ready")).status == 200
    assert (await client.post("/v1/detect", data=photo, headers=JPEG)).status == 200
    await client.close()


async def test_an_image_looked_at_is_proof_and_one_it_failed_on_is_doubt(
    settings: Settings, detector: Detector, photo: bytes
) -> None:
    faulty = Faulty(detector)
    service = DetectionService(
        EngineManager(lambda: faulty, self_test_interval=3600), queue_limit=4
    )
    client = await serve(settings, service, no_assessor())
    await service.engines.settled.wait()
    first = service.engines.require_engine().verified_at
    assert (await client.post("/v1/detect", data=photo, headers=JPEG)).status == 200
    assert service.engines.require_engine().verified_at > first
    assert faulty.looks == 2  # the canary when it was loaded, and the image

    def once(found: ImageResult) -> ImageResult:
        faulty.spoil = lambda found: found
        raise RuntimeError("an image it cannot bear")

    faulty.spoil = once
    answer = await client.post("/v1/detect", data=photo, headers=JPEG)
    await check_problem(answer, 500, "internal")
    await eventually(lambda: faulty.looks == 4)
    assert service.engines.status.state == "ready"
    await client.close()


async def test_a_detector_that_hangs_is_not_ready(settings: Settings, detector: Detector) -> None:
    go_on, noticed = Event(), Event()
    hanging = Faulty(detector)
    loaded: list[Detector] = [hanging]

    def load() -> Detector:
        if loaded:
            return loaded.pop()
        assert noticed.wait(120)
        return detector

    service = DetectionService(
        EngineManager(load, self_test_interval=0.1, self_test_timeout=1.0), queue_limit=4
    )
    client = await serve(settings, service, no_assessor())
    await service.engines.settled.wait()
    hanging.spoil = lambda found: (go_on.wait(120), found)[1]
    await eventually(lambda: service.engines.engine is None)
    noticed.set()
    # The next one has a thread of its own.
    await eventually(lambda: service.engines.status.state == "ready")
    go_on.set()
    await client.close()


async def test_an_unproven_detector_is_not_called_ready(
    settings: Settings, detector: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = DetectionService(EngineManager(lambda: detector), queue_limit=4)
    client = await serve(settings, service, no_assessor())
    await service.engines.settled.wait()
    monkeypatch.setattr(engine_module, "monotonic", lambda: 1e12)
    answer = await client.get("/v1/ready")
    assert answer.status == 503
    assert (await answer.json())["reason"] == "unproven"
    await client.close()
