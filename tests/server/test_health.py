"""/v1/live, /v1/ready and /v1/health report the true state."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
import json
from pathlib import Path
import shutil
from threading import Event
from typing import Any

import pytest

from inference_server.assessment.assessor_service import AssessorService
from inference_server.detection.base import Detector
from inference_server.detection.detector_manager import DetectorManager
from inference_server.detection.loading import load_detector
from inference_server.detection.service import DetectionService
from inference_server.errors import AssessorUnavailableError
from inference_server.observability.component_status import ComponentState
from inference_server.settings import Device, Settings
from tests.server.detectors import make_random_detector
from tests.server.support import (
    INSTANCE_ID,
    JPEG,
    check_problem,
    check_schema,
    eventually,
    no_assessor,
    serve,
)


async def health_of(
    settings: Settings,
    load: Callable[[], Detector],
    assessor_service: AssessorService | None = None,
) -> tuple[dict[str, Any], int, dict[str, Any]]:
    """Return the server's health, its readiness status and its readiness after the first load."""
    service = DetectionService(DetectorManager(load), queue_limit=4)
    client = await serve(settings, service, assessor_service or no_assessor())
    await service.detectors.settled.wait()
    health = await (await client.get("/v1/health")).json()
    ready = await client.get("/v1/ready")
    readiness = await ready.json()
    await client.close()
    check_schema("Health", health)
    check_schema("Ready", readiness)
    return health, ready.status, readiness


async def test_live_responds_at_once_and_tells_nothing_else(
    settings: Settings, detector: Detector
) -> None:
    released = Event()
    service = DetectionService(
        DetectorManager(lambda: (released.wait(120), detector)[1]), queue_limit=4
    )
    client = await serve(settings, service, no_assessor())
    live = await (await client.get("/v1/live")).json()
    check_schema("Live", live)
    assert live == {"status": "live"}
    ready = await client.get("/v1/ready")
    assert ready.status == 503
    assert (await ready.json())["detector"] == "loading"
    response = await client.post("/v1/detect", data=b"x", headers=JPEG)
    problem = await check_problem(response, 503, "detector_unavailable")
    assert problem["retry_after_s"] > 0
    released.set()
    await service.detectors.settled.wait()
    assert (await client.get("/v1/ready")).status == 200
    await client.close()


async def test_a_loaded_detector_is_described(settings: Settings, detector: Detector) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    health, status, ready = await health_of(settings, lambda: detector)
    assert status == 200
    assert datetime.fromisoformat(ready.pop("since")) >= before
    assert ready == {"ready": True, "reason": None, "detector": "ready", "assessor": "absent"}
    assert health["status"] == "ok"
    assert health["instance_id"] == str(INSTANCE_ID)
    part = health["detector"]
    assert datetime.fromisoformat(part.pop("since")) >= before
    assert datetime.fromisoformat(part.pop("proven_at")) >= before
    assert part == {
        "state": "ready",
        "model": "test-detector",
        "device": "cpu",
        "runtime": detector.info.runtime,
        "labels": list(detector.info.labels),
        "precision": "fp32",
        "batch_most": 1,
        "test_model": True,
        "fallback": None,
        "parity": None,
        "error": None,
        "pictures": 0,
    }


async def test_the_error_for_a_missing_folder_says_what_to_do(
    settings: Settings, tmp_path: Path
) -> None:
    settings = replace(settings, detector_model=tmp_path / "nothing")
    health, status, ready = await health_of(settings, lambda: load_detector(settings))
    assert status == 503
    assert ready["ready"] is False
    assert (ready["detector"], ready["reason"]) == ("failed", "load_failed")
    assert health["status"] == "unavailable"
    assert "scripts/download-models" in health["detector"]["error"]
    assert str(tmp_path / "nothing") in health["detector"]["error"]
    assert health["detector"]["model"] is None


def without_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def with_half_the_weights(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:100_000])


def with_a_weight_missing(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    file = folder / "model.safetensors"
    weights = load_file(file)
    del weights[next(name for name in weights if "encoder" in name)]
    save_file(weights, file, metadata={"format": "pt"})


def with_other_labels(folder: Path) -> None:
    file = folder / "config.json"
    config = json.loads(file.read_text())
    config["id2label"]["4"] = "one more"
    config["label2id"]["one more"] = 4
    file.write_text(json.dumps(config))


def with_weights_that_are_not_finite(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    file = folder / "model.safetensors"
    weights = load_file(file)
    next(value for name, value in weights.items() if "backbone" in name).fill_(float("nan"))
    save_file(weights, file, metadata={"format": "pt"})


def with_another_model_type(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": "detr"}')


def with_broken_config(folder: Path) -> None:
    (folder / "config.json").write_text("{")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (without_weights, "cannot be loaded"),
        (with_half_the_weights, "cannot be loaded"),
        (with_a_weight_missing, "1 missing keys, such as"),
        (
            with_weights_that_are_not_finite,
            "cannot be loaded: RuntimeError: the detector's output is not finite",
        ),
        (with_other_labels, "cannot be loaded"),
        (with_another_model_type, "is 'detr', not an RT-DETRv2"),
        (with_broken_config, "cannot be read"),
    ],
)
async def test_a_damaged_checkpoint_is_not_served(
    settings: Settings, tmp_path: Path, damage: Callable[[Path], None], message: str
) -> None:
    folder = tmp_path / "damaged"
    make_random_detector(folder)
    damage(folder)
    settings = replace(settings, detector_model=folder)
    health, status, _ = await health_of(settings, lambda: load_detector(settings))
    assert status == 503
    assert health["detector"]["state"] == "failed"
    assert message in health["detector"]["error"]


async def test_only_the_test_model_is_reported_as_one(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "real"
    make_random_detector(folder)
    file = folder / "config.json"
    config = json.loads(file.read_text())
    del config["hsi_test_model"]
    file.write_text(json.dumps(config))
    shutil.move(folder, tmp_path / "r18")
    settings = replace(settings, detector_model=tmp_path / "r18")
    health, _, _ = await health_of(settings, lambda: load_detector(settings))
    assert health["detector"]["test_model"] is False
    assert health["detector"]["model"] == "r18"


@pytest.mark.parametrize(("device", "reported"), [(Device.AUTO, True), (Device.CPU, False)])
async def test_an_unused_gpu_is_reported(
    settings: Settings,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    device: Device,
    reported: bool,
) -> None:
    (tmp_path / "0000:01:00.0").mkdir()
    settings = replace(settings, device=device)
    health, status, _ = await health_of(
        settings, lambda: load_detector(settings, driver_gpus=tmp_path)
    )
    assert status == 200
    part = health["detector"]
    assert part["device"] == "cpu"
    message = "This machine has an NVIDIA GPU, but this build of torch has no CUDA support"
    assert (message in (part["fallback"] or "")) is reported
    assert (message in caplog.text) is reported


async def test_a_failing_loader_is_reported(settings: Settings) -> None:
    def load() -> Detector:
        raise MemoryError

    health, status, _ = await health_of(settings, load)
    assert status == 503
    assert "MemoryError" in health["detector"]["error"]


async def test_a_detector_that_appears_later_is_loaded_without_a_restart(
    settings: Settings, tmp_path: Path, photo: bytes
) -> None:
    folder = tmp_path / "late"
    settings = replace(settings, detector_model=folder)
    detectors = DetectorManager(lambda: load_detector(settings), retry_delay=0.01)
    client = await serve(settings, DetectionService(detectors, queue_limit=4), no_assessor())
    await detectors.settled.wait()
    assert (await client.get("/v1/ready")).status == 503
    make_random_detector(tmp_path / "made")
    shutil.move(tmp_path / "made", folder)
    await eventually(lambda: detectors.status.state is ComponentState.READY)
    assert (await client.get("/v1/ready")).status == 200
    assert (await client.post("/v1/detect", data=photo, headers=JPEG)).status == 200
    await client.close()


async def test_a_fallback_of_the_detector_is_degraded(
    settings: Settings, detector: Detector
) -> None:
    class FellBack:
        info = replace(detector.info, fallback="The GPU cannot be used.")
        prepare, detect = staticmethod(detector.prepare), staticmethod(detector.detect)

    health, status, _ = await health_of(settings, FellBack)
    assert status == 200
    assert health["status"] == "degraded"
    assert health["detector"]["fallback"] == "The GPU cannot be used."


async def test_a_server_without_its_language_model_is_degraded(
    settings: Settings, detector: Detector
) -> None:
    def create() -> None:
        raise AssessorUnavailableError("The Python package x is not installed.")

    health, status, ready = await health_of(
        settings, lambda: detector, AssessorService(create, timeout=5)
    )
    assert status == 200
    assert ready["ready"] is True
    assert (ready["detector"], ready["assessor"]) == ("ready", "failed")
    assert health["status"] == "degraded"
    assert health["assessor"]["error"] == "The Python package x is not installed."


async def test_stopping_while_loading_does_not_hang(settings: Settings, detector: Detector) -> None:
    released = Event()
    service = DetectionService(
        DetectorManager(lambda: (released.wait(120), detector)[1]), queue_limit=4
    )
    client = await serve(settings, service, no_assessor())
    async with asyncio.timeout(60):
        await client.close()
    released.set()
