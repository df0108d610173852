"""The periodic self-test of a loaded detector, and what a failure leads to."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from threading import Event

import pytest

from inference_server.detection import detector_runner as runner_module
from inference_server.detection.base import Detector, DetectorInfo, ImageResult, PreparedImage
from inference_server.detection.detector_manager import DetectorManager
from inference_server.detection.self_test import SelfTest, SelfTestError
from inference_server.detection.service import DetectionService
from inference_server.settings import Settings
from tests.server.support import JPEG, check_problem, check_schema, eventually, no_assessor, serve


class Faulty:
    """A real detector whose results tests can falsify while it runs."""

    def __init__(self, detector: Detector) -> None:
        self.detector = detector
        self.batches = 0
        self.falsify: Callable[[ImageResult], ImageResult] = lambda found: found

    @property
    def info(self) -> DetectorInfo:
        return self.detector.info

    def prepare(self, data: bytes) -> PreparedImage:
        return self.detector.prepare(data)

    def detect(
        self, images: Sequence[PreparedImage], thresholds: Sequence[float]
    ) -> list[ImageResult]:
        self.batches += 1
        return [self.falsify(found) for found in self.detector.detect(images, thresholds)]


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


@pytest.mark.parametrize("falsify", [blind, drifted, moved])
def test_other_detections_than_after_loading_fail_the_self_test(
    detector: Detector, falsify: Callable[[ImageResult], ImageResult]
) -> None:
    faulty = Faulty(detector)
    self_test = SelfTest(faulty)
    self_test.check()
    faulty.falsify = falsify
    with pytest.raises(SelfTestError, match="misses"):
        self_test.check()


@pytest.mark.parametrize(
    ("falsify", "expected_reason"), [(blind, "misses 5 of the 5"), (broken, "CUDA error")]
)
async def test_a_detector_that_fails_its_self_test_is_replaced(
    settings: Settings,
    detector: Detector,
    photo: bytes,
    caplog: pytest.LogCaptureFixture,
    falsify: Callable[[ImageResult], ImageResult],
    expected_reason: str,
) -> None:
    repaired = asyncio.Event()
    faulty = Faulty(detector)
    loaded: list[Detector] = [faulty]

    def load() -> Detector:
        if loaded:
            return loaded.pop()
        if not repaired.is_set():
            raise RuntimeError("not yet")
        return detector

    service = DetectionService(
        DetectorManager(load, self_test_interval=0.05, retry_delay=0.05), queue_limit=4
    )
    client = await serve(settings, service, no_assessor())
    await service.detectors.settled.wait()
    assert (await client.get("/v1/ready")).status == 200
    before = datetime.now(UTC).replace(microsecond=0)
    caplog.clear()
    faulty.falsify = falsify
    await eventually(lambda: "No detector is loaded" in caplog.text)
    assert expected_reason in caplog.records[0].getMessage()
    response = await client.get("/v1/ready")
    assert response.status == 503
    ready = await response.json()
    check_schema("Ready", ready)
    assert ready["reason"] in {"canary_failed", "load_failed"}
    assert datetime.fromisoformat(ready["since"]) >= before
    health = await (await client.get("/v1/health")).json()
    check_schema("Health", health)
    assert health["status"] == "unavailable"
    assert health["detector"]["proven_at"] is None
    response = await client.post("/v1/detect", data=photo, headers=JPEG)
    await check_problem(response, 503, "detector_unavailable")

    repaired.set()
    await eventually(lambda: service.detectors.status.state == "ready")
    assert (await client.get("/v1/ready")).status == 200
    assert (await client.post("/v1/detect", data=photo, headers=JPEG)).status == 200
    await client.close()


async def test_a_processed_image_counts_as_success_and_a_failed_one_triggers_the_self_test(
    settings: Settings, detector: Detector, photo: bytes
) -> None:
    faulty = Faulty(detector)
    service = DetectionService(
        DetectorManager(lambda: faulty, self_test_interval=3600), queue_limit=4
    )
    client = await serve(settings, service, no_assessor())
    await service.detectors.settled.wait()
    first = service.detectors.require_runner().verified_at
    assert (await client.post("/v1/detect", data=photo, headers=JPEG)).status == 200
    assert service.detectors.require_runner().verified_at > first
    assert faulty.batches == 2  # the self-test after loading and the image

    def once(found: ImageResult) -> ImageResult:
        faulty.falsify = lambda found: found
        raise RuntimeError("this image fails")

    faulty.falsify = once
    response = await client.post("/v1/detect", data=photo, headers=JPEG)
    await check_problem(response, 500, "internal")
    await eventually(lambda: faulty.batches == 4)
    assert service.detectors.status.state == "ready"
    await client.close()


async def test_a_detector_that_hangs_in_its_self_test_is_replaced(
    settings: Settings, detector: Detector
) -> None:
    released, replace_now = Event(), Event()
    hanging = Faulty(detector)
    loaded: list[Detector] = [hanging]

    def load() -> Detector:
        if loaded:
            return loaded.pop()
        assert replace_now.wait(120)
        return detector

    service = DetectionService(
        DetectorManager(load, self_test_interval=0.1, self_test_timeout=1.0), queue_limit=4
    )
    client = await serve(settings, service, no_assessor())
    await service.detectors.settled.wait()
    hanging.falsify = lambda found: (released.wait(120), found)[1]
    await eventually(lambda: service.detectors.runner is None)
    replace_now.set()
    # The next detector has its own thread.
    await eventually(lambda: service.detectors.status.state == "ready")
    released.set()
    await client.close()


async def test_a_detector_without_success_for_too_long_is_not_ready(
    settings: Settings, detector: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = DetectionService(DetectorManager(lambda: detector), queue_limit=4)
    client = await serve(settings, service, no_assessor())
    await service.detectors.settled.wait()
    monkeypatch.setattr(runner_module, "monotonic", lambda: 1e12)
    response = await client.get("/v1/ready")
    assert response.status == 503
    assert (await response.json())["reason"] == "unproven"
    await client.close()
