"""Start the compared servers, each in its own process."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import os
from pathlib import Path
import socket
import subprocess
import time

from testbed.services.inference_server import ROOT
from testbed.services.ports import free_port

_START = 300.0  # seconds; loading torch is slow on a busy machine


class PeerError(Exception):
    """A peer cannot run here; the message gives the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A peer that listens."""

    url: str
    pid: int  # leads a session of its own


@contextmanager
def peer(module: str, *arguments: str, python: Path, log: Path) -> Iterator[Peer]:
    """Run a module of `benchmarks.server.peers`; raise PeerError if it does not start."""
    if not python.exists():
        raise PeerError(f"there is no {python.relative_to(ROOT)}")
    port = free_port()
    command = [str(python), "-m", f"benchmarks.server.peers.{module}", *arguments, str(port)]
    environ = {**os.environ, "YOLO_CONFIG_DIR": str(log.parent), "YOLO_OFFLINE": "true"}
    with log.open("wb") as errors:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            start_new_session=True,  # so that its children end with it
        )
    try:
        _wait(process, port, log)
        yield Peer(url=f"http://127.0.0.1:{port}", pid=process.pid)
    finally:
        _end(process)


def cpu_seconds(pid: int) -> float:
    """Return the CPU time so far of a session leader and all its descendants."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue  # the process has ended
        if int(fields[3]) == pid:
            ticks += sum(map(int, fields[11:15]))  # of the process and its ended children
    return ticks / os.sysconf("SC_CLK_TCK")


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _START
    while time.monotonic() < deadline:
        if process.poll() is not None:
            lines = log.read_text(errors="replace").strip().splitlines() or ["it ended"]
            raise PeerError(lines[-1])
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.2)
    raise PeerError(f"it did not listen within {_START:g} s")


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (15, 9):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            continue
    process.wait()
