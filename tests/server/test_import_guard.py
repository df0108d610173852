"""What broke off while it was imported is told as it was, and mended where another process can."""

from collections.abc import Callable
import json
from pathlib import Path
import subprocess
import sys
import time
import urllib.request

import pytest

from testbed.services.inference_server import InferenceServer
from tests.server.support import ROOT, check_schema

# Python runs a module of this name at its start: here it spoils torch in the middle of its import.
SPOILER = """
from pathlib import Path
import sys

class Spoiler:
    def find_spec(self, name, path=None, target=None):
        spoilt = Path(__file__).with_name("spoilt")
        if name == "torch.nn" and spoilt.exists():
            if spoilt.read_text() == "once":
                spoilt.unlink()
            raise OSError(5, "Input/output error")

sys.meta_path.insert(0, Spoiler())
"""


@pytest.fixture
def start(tmp_path: Path, detector_folder: Path) -> Callable[[str], InferenceServer]:
    def start(spoilt: str) -> InferenceServer:
        (tmp_path / "sitecustomize.py").write_text(SPOILER)
        (tmp_path / "spoilt").write_text(spoilt)
        server = InferenceServer(
            tmp_path,
            detector=detector_folder,
            python=Path(sys.executable),
            environ={"PYTHONPATH": str(tmp_path)},
        )
        server._command = (sys.executable, "-m", "tests.server.impatient_server")
        server.start(wait_ready=False)
        return server

    return start


def log_has(server: InferenceServer, text: str, times: int = 1) -> None:
    deadline = time.monotonic() + 60
    while server.log_path.read_text().count(text) < times:
        assert time.monotonic() < deadline, server.log_path.read_text()
        time.sleep(0.05)


def test_a_broken_installation_is_told_as_it_first_was_however_often_it_is_tried(
    start: Callable[[str], InferenceServer],
) -> None:
    server = start("always")
    try:
        log_has(server, "Another process cannot import them either: OSError", times=2)
        asked = urllib.request.Request(
            f"{server.url}/v1/health", headers={"Authorization": f"Bearer {server.token}"}
        )
        with urllib.request.urlopen(asked, timeout=10) as answer:
            health = json.load(answer)
        check_schema("Health", health)
        assert health["detector"]["error"] == (
            "The import of torch broke off (OSError: [Errno 5] Input/output error). "
            "Restart the server; where that does not help, install it again."
        )
        assert server.log_path.read_text().count("There is no detector") == 1
        assert server.running
    finally:
        server.stop()


def test_where_another_process_can_import_it_the_server_ends_to_be_started_again(
    start: Callable[[str], InferenceServer],
) -> None:
    server = start("once")
    process = server._process
    assert process
    assert process.wait(90) == 3
    log = server.log_path.read_text()
    assert "Input/output error" in log
    assert "start the server again" in log.splitlines()[-1]
    server.stop()
    server.start()  # raises where it does not become ready
    server.stop()


@pytest.mark.parametrize(
    ("hidden", "said"),
    [
        ("transformers", "The package transformers is not installed. Install the server with"),
        ("torch", "The package torch is not installed. Install the server with"),
        ("safetensors._safetensors_rust", "cannot be imported (ModuleNotFoundError: No module"),
    ],
)
def test_what_is_not_installed_is_named(detector_folder: Path, hidden: str, said: str) -> None:
    program = f"""
import sys
from pathlib import Path
from inference_server.detection.base import DetectorLoadError
from inference_server.detection.loading import load_detector
from inference_server.settings import Settings

class Hider:
    def find_spec(self, name, path=None, target=None):
        if name == {hidden!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Hider())
for _ in range(2):
    try:
        load_detector(Settings(detector_model=Path({str(detector_folder)!r})))
    except DetectorLoadError as err:
        print(err)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    first, second = done.stdout.splitlines()
    assert said in first
    assert second == first
