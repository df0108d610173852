"""Shared parts of the pipeline benchmarks: the fake server, cameras, figures."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
import json
import os
from pathlib import Path
import socket
import statistics
import subprocess
import sys
import time

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.domain.models import Camera
from hsi_core.domain.settings import Settings
from hsi_core.pipeline.pipeline import PipelineConfig
from testbed.services.ports import free_port

CAMERAS = ("front", "yard", "garage", "gate")


@contextmanager
def instant_server(*, hangs_in_assess: bool = False, slow: bool = False) -> Iterator[str]:
    """Run the fake inference server in its own process; yield its URL."""
    port = free_port()
    command = [sys.executable, "-m", "testbed.fake_inference_server", str(port)]
    process = subprocess.Popen([*command, *["hang"] * hangs_in_assess, *["slow"] * slow])
    try:
        _wait_until_listening(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def config(url: str, root: Path, settings: Settings) -> PipelineConfig:
    """Return the configuration of a pipeline for the benchmarks' cameras; makes their folders."""
    for name in CAMERAS:
        (root / name).mkdir(parents=True, exist_ok=True)
    return PipelineConfig(
        database_url=url,
        camera_root=root,
        cameras=tuple(Camera(folder=name, name=name) for name in CAMERAS),
        settings=settings,
    )


def milliseconds(seconds: Sequence[float]) -> dict[str, float]:
    """Return the percentiles of durations, in milliseconds."""
    ordered = sorted(seconds)
    return {
        "p50": round(statistics.median(ordered) * 1000, 1),
        "p95": round(ordered[int(len(ordered) * 0.95)] * 1000, 1),
        "p99": round(ordered[int(len(ordered) * 0.99)] * 1000, 1),
        "max": round(ordered[-1] * 1000, 1),
    }


def compare_delays(
    name: str, ours: Sequence[float], bare: Sequence[float], *, goal_p50: float, goal_p95: float
) -> dict[str, object]:
    """Return delays in seconds as figures in milliseconds, beside the bare way and the goals (ms)."""
    figures, baseline = milliseconds(ours), milliseconds(bare)
    return {
        name: figures,
        "bare_ms": baseline,
        "ratio_to_bare_p50": round(figures["p50"] / baseline["p50"], 2),
        "ratio_to_goal_p50": round(figures["p50"] / goal_p50, 2),
        "ratio_to_goal_p95": round(figures["p95"] / goal_p95, 2),
    }


def resident_mb() -> float:
    """Return this process's resident memory in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def children_cpu() -> dict[str, float]:
    """Return the CPU seconds of this process's descendants, by process name."""
    found: dict[int, tuple[int, str, float]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # the process has ended
            name, _, rest = stat.read_text().partition("(")[2].rpartition(") ")
            fields = rest.split()
            ticks = sum(map(int, fields[11:15]))  # of the process and its ended children
            found[int(stat.parent.name)] = (int(fields[1]), name, ticks / os.sysconf("SC_CLK_TCK"))
    used: dict[str, float] = {}
    for pid, (_, name, seconds) in found.items():
        if os.getpid() in _ancestors(pid, found):
            used[name] = used.get(name, 0.0) + seconds
    return used


def show(figures: dict[str, object], target: Path | None) -> None:
    """Print the figures with the load average; write them to `target` too, if given."""
    text = json.dumps({"load_average": round(os.getloadavg()[0], 1), **figures}, indent=2)
    print(text)
    if target is not None:
        target.write_text(text + "\n")


def _ancestors(pid: int, processes: Mapping[int, tuple[int, str, float]]) -> Iterator[int]:
    while pid in processes:
        pid = processes[pid][0]
        yield pid


def _wait_until_listening(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            probe.settimeout(0.1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("the instant server does not listen")
