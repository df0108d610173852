"""Loading, reloading and unloading detectors while the server runs."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
import gc
from pathlib import Path
import shutil
from threading import Event
import time
from typing import Any
import weakref

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient
import pytest

from inference_server.detection import detector_manager
from inference_server.detection.base import Detector
from inference_server.detection.detector_manager import DetectorManager
from inference_server.detection.loading import load_detector
from inference_server.detection.service import DetectionService
from inference_server.errors import ModelBusyError
from inference_server.settings import Settings
from tests.server.detectors import make_random_detector
from tests.server.support import (
    JPEG,
    Gate,
    check_problem,
    check_schema,
    eventually,
    no_assessor,
    serve,
)

Client = TestClient[web.Request, web.Application]


@pytest.fixture
def models(tmp_path: Path, detector_folder: Path) -> Path:
    """Return a models folder with two detectors, a broken one, and entries that are none."""
    folder = tmp_path / "models"
    shutil.copytree(detector_folder, folder / "first")
    make_random_detector(folder / "second", seed=8)
    shutil.copytree(folder / "second", folder / "broken")
    (folder / "broken/model.safetensors").write_bytes(b"nothing")
    (folder / "empty").mkdir()
    make_random_detector(tmp_path / "outside", seed=9)
    (folder / "link").symlink_to(tmp_path / "outside")
    shutil.copytree(folder / "second", folder / ".hidden")
    return folder


@pytest.fixture
async def client(settings: Settings, models: Path) -> AsyncIterator[Client]:
    settings = replace(settings, detector_model=models / "first")
    service = DetectionService(DetectorManager(lambda: load_detector(settings)), queue_limit=8)
    client = await serve(settings, service, no_assessor())
    await service.detectors.settled.wait()
    yield client
    await client.close()


async def detector_of(response: ClientResponse) -> dict[str, Any]:
    assert response.status == 200, await response.text()
    body = await response.json()
    check_schema("Models", body)
    return dict(body["detector"])


async def test_a_detector_is_loaded_by_name(client: Client, photo: bytes) -> None:
    listed = await detector_of(await client.get("/v1/models"))
    assert listed["loaded"] == "first"
    assert [each["name"] for each in listed["available"]] == ["broken", "first", "second"]
    assert (await detector_of(await client.post("/v1/models/load", json={"name": "second"})))[
        "loaded"
    ] == "second"
    response = await client.post("/v1/detect", data=photo, headers=JPEG)
    assert (await response.json())["model"] == "second"
    assert (await detector_of(await client.post("/v1/models/reload")))["loaded"] == "second"


@pytest.mark.parametrize(
    "name", ["third", "../outside", "/etc", "first/../second", ".hidden", "link", "empty", "", "."]
)
async def test_a_name_outside_the_models_folder_is_not_found(client: Client, name: str) -> None:
    response = await client.post("/v1/models/load", json={"name": name})
    await check_problem(response, 404, "not_found")
    assert (await detector_of(await client.get("/v1/models")))["loaded"] == "first"


@pytest.mark.parametrize(
    ("body", "status"), [(b"{", 400), (b"[]", 422), (b'{"name": 1}', 422), (b"x" * 5000, 413)]
)
async def test_an_invalid_request_keeps_the_loaded_detector(
    client: Client, body: bytes, status: int
) -> None:
    response = await client.post(
        "/v1/models/load", data=body, headers={"Content-Type": "application/json"}
    )
    assert response.status == status
    assert (await detector_of(await client.get("/v1/models")))["loaded"] == "first"


async def test_a_failed_load_keeps_the_previous_detector(client: Client, photo: bytes) -> None:
    response = await client.post("/v1/models/load", json={"name": "broken"})
    problem = await check_problem(response, 422, "model_load_failed")
    assert "cannot be loaded" in problem["detail"]
    response = await client.post("/v1/detect", data=photo, headers=JPEG)
    assert (await response.json())["model"] == "first"
    assert (await client.get("/v1/ready")).status == 200


async def test_an_unloaded_server_refuses_images_until_a_detector_is_loaded(
    client: Client, photo: bytes
) -> None:
    unloaded = await detector_of(await client.post("/v1/models/unload"))
    assert (unloaded["state"], unloaded["loaded"]) == ("absent", None)
    ready = await client.get("/v1/ready")
    assert ready.status == 503
    assert (await ready.json())["reason"] == "unloaded"
    response = await client.post("/v1/detect", data=photo, headers=JPEG)
    problem = await check_problem(response, 503, "detector_unavailable")
    assert "unloaded on request" in problem["detail"]
    assert (await detector_of(await client.post("/v1/models/reload")))["loaded"] == "first"
    assert (await client.post("/v1/detect", data=photo, headers=JPEG)).status == 200


async def test_running_requests_finish_on_the_previous_detector(
    settings: Settings, detector: Detector, models: Path, photo: bytes
) -> None:
    gate = Gate(detector)
    settings = replace(settings, detector_model=models / "second")
    service = DetectionService(DetectorManager(lambda: gate), queue_limit=8)
    client = await serve(settings, service, no_assessor())
    await service.detectors.settled.wait()
    running = [
        asyncio.create_task(client.post("/v1/detect", data=photo, headers=JPEG)) for _ in range(3)
    ]
    await eventually(lambda: service.detectors.require_runner().queued == 2)
    assert (await detector_of(await client.post("/v1/models/load", json={"name": "second"})))[
        "loaded"
    ] == "second"
    response = await client.post("/v1/detect", data=photo, headers=JPEG)
    assert (await response.json())["model"] == "second"
    gate.opened.set()
    for response in await asyncio.gather(*running):
        assert response.status == 200
        assert (await response.json())["model"] == detector.info.model
    await client.close()


async def test_a_second_load_at_the_same_time_is_refused(
    settings: Settings, detector: Detector
) -> None:
    released = Event()
    loads = 0

    def load() -> Detector:
        nonlocal loads
        loads += 1
        if loads > 1:
            assert released.wait(120)
        return detector

    service = DetectionService(DetectorManager(load), queue_limit=4)
    client = await serve(settings, service, no_assessor())
    await service.detectors.settled.wait()
    first = asyncio.create_task(client.post("/v1/models/reload"))
    await eventually(lambda: loads == 2)
    for path in ("reload", "unload"):
        await check_problem(await client.post(f"/v1/models/{path}"), 409, "model_busy")
    released.set()
    assert (await first).status == 200
    await client.close()


async def test_a_disconnected_client_cannot_start_a_second_load(detector: Detector) -> None:
    loading, released = Event(), Event()

    def load() -> Detector:
        loading.set()
        assert released.wait(120)
        return detector

    service = DetectionService(DetectorManager(lambda: detector), queue_limit=8)
    service.detectors.start()
    await service.detectors.settled.wait()
    cancelled = asyncio.create_task(service.detectors.switch(load))
    await eventually(loading.is_set)
    cancelled.cancel()
    await asyncio.wait({cancelled})
    with pytest.raises(ModelBusyError):
        await service.detectors.switch(load)
    loading.clear()
    released.set()

    async def unloaded() -> bool:
        try:
            await service.detectors.unload()
        except ModelBusyError:
            return False
        return True

    async with asyncio.timeout(60):
        while not await unloaded():  # noqa: ASYNC110 - polls a thread's state
            await asyncio.sleep(0.01)
    assert not loading.is_set()
    await service.detectors.stop()


async def test_a_load_on_request_is_refused_while_the_first_load_runs(detector: Detector) -> None:
    released = Event()

    def load() -> Detector:
        assert released.wait(120)
        return detector

    service = DetectionService(DetectorManager(load), queue_limit=8)
    service.detectors.start()
    await asyncio.sleep(0)
    with pytest.raises(ModelBusyError):
        await service.detectors.switch(load)
    released.set()
    await service.detectors.settled.wait()
    assert service.detectors.status.state == "ready"
    await service.detectors.switch(load)
    await service.detectors.stop()


async def test_an_unloaded_detector_is_freed_before_gpu_memory_is_released(
    detector: Detector, photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A remaining reference would keep GPU memory that a language model may need."""
    loaded: list[weakref.ref[Gate]] = []
    left: list[Gate | None] = []

    def release() -> None:
        until = time.monotonic() + 10
        while loaded[0]() and time.monotonic() < until:  # a thread may be about to end
            gc.collect()
            time.sleep(0.01)
        left.append(loaded[0]())

    monkeypatch.setattr(detector_manager, "release_gpu_memory", release)

    def load() -> Detector:
        gate = Gate(detector)
        gate.opened.set()
        loaded.append(weakref.ref(gate))
        return gate

    service = DetectionService(DetectorManager(load), queue_limit=8)
    service.detectors.start()
    await service.detectors.settled.wait()
    await service.detect(photo, 0.5)
    await service.detectors.unload()
    await service.detectors.stop()
    assert left == [None]
