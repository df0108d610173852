"""The demo: one command from files in camera folders to the states of Home Assistant."""

from contextlib import suppress
import json
from pathlib import Path
import signal
import socket
import subprocess
import sys

import pytest

from testbed.demo import scenario
from testbed.services.home_assistant import REPOSITORY

LIMIT = 400  # seconds
COUNTS = {
    state.value: sum(upload.state is state for upload in scenario.uploads(scenario.UTC))
    for state in scenario.FinalState
}


def demo(*arguments: str, folder: Path) -> subprocess.Popen[str]:
    """Start the demo as scripts/demo does, with its temporary files below a folder."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "testbed.demo", *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(REPOSITORY), "TMPDIR": str(folder), "PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def processes_of(folder: Path) -> list[str]:
    """Return the command lines of processes whose temporary files are below the folder."""
    left = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"TMPDIR={folder}".encode() in (process / "environ").read_bytes():
                left.append((process / "cmdline").read_text())
    return left


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a space in its name that PostgreSQL's account may enter."""
    place = tmp_path / "some where"
    place.mkdir()
    for parent in (place, *place.parents):
        if parent.owner() == place.owner() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o055)
    return place


def test_every_image_reaches_its_final_state_and_home_assistant_shows_it(folder: Path) -> None:
    with demo("--once", "--json", "outcome.json", "--port", "0", folder=folder) as process:
        output, _ = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, output
    outcome = json.loads((folder / "outcome.json").read_text())

    assert outcome.keys() == {"images", "events", "entities", "seconds"}
    assert outcome["images"] == {"found": sum(COUNTS.values())} | COUNTS
    for event in outcome["events"]:
        assert event.keys() == {
            "id", "camera", "risk_score", "risk_level", "summary", "state",
        }  # fmt: skip
        assert event["state"] == "closed"
        assert 0 <= event["risk_score"] <= 100
    assert {event["camera"] for event in outcome["events"]} == set(scenario.CAMERAS)
    dead_letters = outcome["entities"]["sensor.home_security_intelligence_dead_letters"]
    assert dead_letters == str(COUNTS["dead"])
    assert all(seconds >= 0 for seconds in outcome["seconds"].values())
    assert [path.name for path in folder.iterdir()] == ["outcome.json"]
    assert processes_of(folder) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_signal_leaves_no_file_and_no_process(number: int, folder: Path) -> None:
    with demo("--port", "0", folder=folder) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "PostgreSQL" in line and "runs" in line:
                break
        process.send_signal(number)
        output, _ = process.communicate(timeout=LIMIT)
    assert process.returncode == 130, output
    assert "Traceback" not in output
    assert list(folder.iterdir()) == []
    assert processes_of(folder) == []


def test_a_port_in_use_is_one_line(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with demo("--port", str(port), folder=folder) as process:
            output, _ = process.communicate(timeout=LIMIT)
    assert process.returncode == 2
    assert output == f"demo: port {port} is in use: choose another by --port\n"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--camera-root", "nowhere"), "nowhere is not a folder"),
        (("--json", "nowhere/outcome.json"), "its folder does not exist"),
        (("--once", "--camera-root", "."), "--once goes with the demo's own images"),
    ],
)
def test_a_wrong_argument_is_named(
    arguments: tuple[str, ...], complaint: str, folder: Path
) -> None:
    with demo(*arguments, folder=folder) as process:
        output, _ = process.communicate(timeout=LIMIT)
    assert process.returncode == 2
    assert complaint in output.splitlines()[-1]
    assert "Traceback" not in output
