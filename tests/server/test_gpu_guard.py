"""A process that has lost its GPU exits, so that a new one replaces it."""

from dataclasses import replace
import http.client
import json
from pathlib import Path
import subprocess
import sys
from threading import Event
import time

import pytest
import torch

from inference_server.detection.base import Detector, DetectorInfo, DetectorLoadError
from inference_server.detection.gpu_guard import GpuGuard, probe_gpu
from inference_server.settings import Settings
from testbed.services.inference_server import InferenceServer
from tests.server.support import ROOT, check_schema


class OnDevice:
    """A real detector that reports another device."""

    def __init__(self, detector: Detector, device: str) -> None:
        self.info: DetectorInfo = replace(detector.info, device=device)
        self.prepare, self.detect = detector.prepare, detector.detect


def test_a_gpu_that_ran_a_detector_is_lost_after_three_failures(
    settings: Settings, detector: Detector
) -> None:
    lost: list[str] = []
    wrong: str | None = "AcceleratorError: CUDA error"
    device = "cpu"
    guard = GpuGuard(
        lambda _: OnDevice(detector, device),
        on_lost=lambda: lost.append("lost"),
        probe=lambda: wrong,
    )
    for device in ("cpu", "cuda:0 (a card)"):
        assert guard.load(settings).info.device == device

    def fail(times: int) -> None:
        for _ in range(times):
            with pytest.raises(DetectorLoadError, match="has lost the GPU"):
                guard.load(settings)

    fail(2)
    wrong = None  # it recovered
    guard.load(settings)
    wrong = "AcceleratorError: CUDA error"
    fail(2)
    assert lost == []
    fail(1)
    assert lost == ["lost"]


def test_a_hanging_gpu_counts_as_lost(settings: Settings, detector: Detector) -> None:
    released = Event()

    def probe() -> str:
        return str(released.wait(30))

    guard = GpuGuard(
        lambda _: OnDevice(detector, "cuda:0"),
        on_lost=lambda: None,
        probe=probe,
        probe_timeout=0.05,
    )
    guard.load(settings)
    with pytest.raises(DetectorLoadError):
        guard.load(settings)
    released.set()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_the_probe_names_the_error_without_a_gpu() -> None:
    assert "CUDA" in str(probe_gpu())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no NVIDIA GPU")
def test_the_probe_detects_a_permanent_cuda_fault() -> None:
    code = (
        "import torch; from inference_server.detection.gpu_guard import probe_gpu; print(probe_gpu())\n"
        "try:\n"
        " torch.zeros(1, device='cuda')[torch.tensor([9], device='cuda')].cpu()\n"
        "except RuntimeError: print(probe_gpu())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    well, lost = done.stdout.splitlines()
    assert well == "None"
    assert "CUDA error" in lost


def test_a_server_that_lost_its_gpu_answers_all_requests_and_exits(
    detector_folder: Path, tmp_path: Path
) -> None:
    lose = tmp_path / "lost"
    server = InferenceServer(
        tmp_path,
        detector=detector_folder,
        python=Path(sys.executable),
        environ={"LOSE_GPU": str(lose), "CANARY_INTERVAL": "1"},
        module="tests.server.lost_gpu_server",
    )
    server.start()
    process = server.process

    def connect() -> http.client.HTTPConnection:
        return http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=30)

    token = {"Authorization": f"Bearer {server.token}"}
    running = connect()
    running.putrequest("POST", "/v1/models/load")
    for name, value in {**token, "Content-Type": "application/json", "Content-Length": 16}.items():
        running.putheader(name, str(value))
    running.endheaders()

    lose.touch()
    health: dict[str, object] = {}
    deadline = time.monotonic() + 120
    while "has lost the GPU" not in str(health):
        assert time.monotonic() < deadline
        time.sleep(0.05)
        polling = connect()
        polling.request("GET", "/v1/health", headers=token)
        health = json.load(polling.getresponse())["detector"]
    ready = server.ready()
    check_schema("Ready", ready)
    assert (ready["ready"], ready["reason"]) == (False, "gpu_lost")
    polling.request("GET", "/v1/live")
    assert polling.getresponse().status == 200

    while "Stopping" not in server.log_path.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert process.poll() is None
    running.send(b'{"name": "none"}')
    assert running.getresponse().status == 404
    assert process.wait(60) == 3
    assert "start the server again" in server.log_path.read_text().splitlines()[-1]
    server.stop()
