"""What the server counts; where prometheus-client is not installed it counts nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from inference_server.gpu.nvml import GpuSample


@dataclass(frozen=True, slots=True, kw_only=True)
class LlmFigures:
    """How the language model stands; None is what nobody knows."""

    model: str | None
    gpu_share: float | None  # 0-1 of its memory
    tokens_per_second: float | None  # of the last answer
    gpu_lost: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorFigures:
    """How the detector stands."""

    admitted: int  # pictures that arrive, wait or are looked at
    queued: int  # of these, decoded ones whose turn has not come
    ready: bool
    proven_at: datetime | None  # when it was last seen to work
    fallen_back: bool  # it does not run on what it should


class Metrics(Protocol):
    """Takes note of what happened; every method is cheap and called on the event loop."""

    def count_request(self, path: str, status: str, code: str | None) -> None:
        """Count an answered request by its route, and its problem's code if it has one."""

    def observe_stage(self, stage: str, milliseconds: float | None) -> None:
        """Take note of how long a stage took; None where nobody knows."""

    def observe_batch(self, pictures: int) -> None:
        """Take note of a batch that the detector was given."""

    def count_tokens(self, kind: str, tokens: int | None) -> None:
        """Count the language model's tokens; None where nobody knows."""

    def render(
        self, *, detector: DetectorFigures, gpus: Sequence[GpuSample], llm: LlmFigures
    ) -> bytes | None:
        """Return everything in Prometheus' text format; None where nothing is counted."""


class NoMetrics:
    """Counts nothing."""

    def count_request(self, path: str, status: str, code: str | None) -> None:
        """Do nothing."""

    def observe_stage(self, stage: str, milliseconds: float | None) -> None:
        """Do nothing."""

    def observe_batch(self, pictures: int) -> None:
        """Do nothing."""

    def count_tokens(self, kind: str, tokens: int | None) -> None:
        """Do nothing."""

    def render(
        self, *, detector: DetectorFigures, gpus: Sequence[GpuSample], llm: LlmFigures
    ) -> bytes | None:
        """Return nothing."""
        return None


NO_METRICS = NoMetrics()


def create_metrics() -> Metrics:
    """Return metrics that count, where the optional package is there."""
    try:
        from inference_server.observability.prometheus import PrometheusMetrics  # noqa: PLC0415 - an optional package
    except ImportError:
        return NO_METRICS
    return PrometheusMetrics()
