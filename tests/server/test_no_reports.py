"""No dependency of the server reports its use to other hosts."""

import json
import os
from pathlib import Path
import subprocess
import sys
import urllib.request

import pytest

from testbed.services.inference_server import InferenceServer
from tests.server.support import ROOT

# Python imports sitecustomize at its start, in the server and in the processes that it starts.
WATCHER = """
import os, sys

def watch(event, args):
    if event in {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname"}:
        host = args[0] if event != "socket.connect" else args[1][0] if args[1] else ""
        with open(os.environ["WATCHED"], "a", encoding="utf-8") as file:
            print(host, file=file)

sys.addaudithook(watch)
"""
OWN = {"127.0.0.1", "localhost", "None", "::1"}


@pytest.fixture
def watched(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which Python records the hosts that it contacts."""
    (tmp_path / "sitecustomize.py").write_text(WATCHER)
    (tmp_path / "home").mkdir()
    return {
        "PYTHONPATH": str(tmp_path),
        "WATCHED": str(tmp_path / "watched"),
        "HOME": str(tmp_path / "home"),  # where packages store whether they may report
        "CI": "",  # some do not report from CI
    }


def other_hosts(watched: dict[str, str]) -> set[str]:
    file = Path(watched["WATCHED"])
    return set(file.read_text().split()) - OWN if file.exists() else set()


def test_no_import_contacts_another_host(watched: dict[str, str]) -> None:
    program = "import inference_server.detection.runtimes.openvino, openvino"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=os.environ | watched, check=True)
    assert other_hosts(watched) == set()
    assert list(Path(watched["HOME"]).iterdir()) == []


@pytest.mark.slow  # scripts/test --slow
@pytest.mark.parametrize("runtime", ["openvino", "onnxruntime"])
def test_a_server_that_detects_and_assesses_contacts_no_other_host(
    tmp_path: Path, detector_folder: Path, photo: bytes, runtime: str, watched: dict[str, str]
) -> None:
    server = InferenceServer(
        tmp_path,
        detector=detector_folder,
        llm_backend="embedded" if runtime == "openvino" else "none",
        python=Path(sys.executable),
        environ={**watched, "DETECTOR_RUNTIME": runtime},
    )
    with server:
        request = urllib.request.Request(
            f"{server.url}/v1/detect",
            photo,
            {"Authorization": f"Bearer {server.token}", "Content-Type": "image/jpeg"},
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            assert json.load(response)["detections"] is not None
    assert other_hosts(watched) == set()
    assert not (Path(watched["HOME"]) / "intel").exists()
