"""A server that is measured in turns with others."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.server.clients import Target, send_for
from benchmarks.server.processes import cpu_seconds

CLIENTS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Throughput and CPU time of one turn."""

    rate: float  # images a second
    cpu_ms: float  # CPU time per image; hardly depends on other programs


@dataclass(frozen=True, slots=True, kw_only=True)
class OneClient:
    """Medians with one client, in milliseconds per image."""

    beyond_ms: float  # latency less the model's own time
    cpu_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A server to compare; `pid` leads its session."""

    target: Target
    pid: int

    def measure(self, images: Sequence[Path], seconds: float) -> Measured:
        """Measure with many clients."""
        before = cpu_seconds(self.pid)
        responses = send_for(self.target, images, clients=CLIENTS, seconds=seconds)
        spent = cpu_seconds(self.pid) - before
        # Plus the warm-up request.
        return Measured(rate=responses.rate, cpu_ms=spent / (len(responses.waits_ms) + 1) * 1000)

    def measure_one(self, images: Sequence[Path], seconds: float) -> OneClient:
        """Measure with one client; the server must report its timings."""
        before = cpu_seconds(self.pid)
        responses = send_for(self.target, images, clients=1, seconds=seconds)
        spent = cpu_seconds(self.pid) - before
        return OneClient(
            beyond_ms=median(responses.beyond_ms),
            cpu_ms=spent / (len(responses.waits_ms) + 1) * 1000,
        )
