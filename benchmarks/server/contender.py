"""A server that is measured in turns with others."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.server.clients import Target, ask
from benchmarks.server.processes import cpu_seconds

CLIENTS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one turn showed."""

    rate: float  # images a second
    cpu_ms: float  # of the processors, for an image; other programs hardly change it


@dataclass(frozen=True, slots=True, kw_only=True)
class OneClient:
    """What one client saw, in milliseconds."""

    beyond_ms: float  # the wait less the model's own time, the middle one
    cpu_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A server; `pid` leads its session."""

    target: Target
    pid: int

    def measure(self, images: Sequence[Path], seconds: float) -> Measured:
        """Ask with many clients."""
        before = cpu_seconds(self.pid)
        answers = ask(self.target, images, clients=CLIENTS, seconds=seconds)
        spent = cpu_seconds(self.pid) - before
        # One more was asked for at first, so that the clock starts warm.
        return Measured(rate=answers.rate, cpu_ms=spent / (len(answers.waits_ms) + 1) * 1000)

    def measure_one(self, images: Sequence[Path], seconds: float) -> OneClient:
        """Measure with one client; the server must report its timings."""
        before = cpu_seconds(self.pid)
        answers = ask(self.target, images, clients=1, seconds=seconds)
        spent = cpu_seconds(self.pid) - before
        return OneClient(
            beyond_ms=median(answers.beyond_ms), cpu_ms=spent / (len(answers.waits_ms) + 1) * 1000
        )
