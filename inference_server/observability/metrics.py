"""Count what the server does, for Prometheus."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

from inference_server.gpu.nvml import GpuSample

_SECONDS: Final = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LlmGauges:
    """State of the language model; None is unknown."""

    model: str | None
    gpu_share: float | None  # 0-1 of its memory
    tokens_per_second: float | None  # of the last answer
    gpu_lost: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorGauges:
    """State of the detector."""

    admitted: int  # images arriving, waiting or in progress
    queued: int  # of these, decoded ones that wait for a batch
    ready: bool
    proven_at: datetime | None  # when it last detected in an image or passed its self-test
    fallen_back: bool  # it does not run on what the settings ask for


_GPU_GAUGES: Final[Mapping[str, tuple[str, Callable[[GpuSample], float | None]]]] = {
    "utilization_ratio": (
        "Share of the last sampling period in which the GPU was busy.",
        lambda gpu: None if gpu.utilization_percent is None else gpu.utilization_percent / 100,
    ),
    "memory_used_bytes": ("GPU memory in use.", lambda gpu: gpu.memory_used_bytes),
    "memory_total_bytes": ("Total GPU memory.", lambda gpu: gpu.memory_total_bytes),
    "temperature_celsius": ("GPU temperature.", lambda gpu: gpu.temperature_c),
    "power_watts": ("Power draw of the GPU.", lambda gpu: gpu.power_w),
}


class Metrics:
    """Metrics in a registry of their own; clients cannot influence the values of labels.

    Every method is cheap and called on the event loop.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Counter(
            "hsi_requests",
            "Requests by path and status; the status is 'gone' if the client disconnected.",
            ("path", "status"),
            registry=self._registry,
        )
        self._failures = Counter(
            "hsi_failures",
            "Problems by their code in openapi.yaml.",
            ("code",),
            registry=self._registry,
        )
        self._stages = Histogram(
            "hsi_stage_seconds",
            "Duration of the stages of detections and assessments.",
            ("stage",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._batches = Histogram(
            "hsi_batch_images",
            "Images per batch of the detector.",
            buckets=(1, 2, 4, 8, 16),
            registry=self._registry,
        )
        self._tokens = Counter(
            "hsi_tokens",
            "Tokens of the language model: prompt or completion.",
            ("kind",),
            registry=self._registry,
        )
        self._admitted = Gauge(
            "hsi_images_admitted",
            "Images arriving, waiting or in progress.",
            registry=self._registry,
        )
        self._queued = Gauge(
            "hsi_queue_depth",
            "Decoded images that wait for a batch.",
            registry=self._registry,
        )
        self._ready = Gauge(
            "hsi_detector_ready",
            "1 if the detector can process images.",
            registry=self._registry,
        )
        self._fallen_back = Gauge(
            "hsi_detector_fallback",
            "1 if the detector had to fall back, for example from the GPU to the CPU.",
            registry=self._registry,
        )
        self._proven_at = Gauge(
            "hsi_detector_proven_timestamp_seconds",
            "When the detector last detected in an image or passed its self-test; 0 = never.",
            registry=self._registry,
        )
        self._gpus = {
            name: Gauge(f"hsi_gpu_{name}", text, ("gpu", "name"), registry=self._registry)
            for name, (text, _) in _GPU_GAUGES.items()
        }
        # With a label, because a gauge without one would report 0 for an unknown value.
        self._gpu_share, self._speed, self._gpu_lost = (
            Gauge(name, documentation, ("model",), registry=self._registry)
            for name, documentation in (
                (
                    "hsi_llm_gpu_share",
                    "Share of the language model's memory that is on the GPU, 0-1.",
                ),
                ("hsi_llm_tokens_per_second", "Generation speed of the last answer."),
                ("hsi_llm_gpu_lost", "1 if the language model has lost its GPU or its speed."),
            )
        )

    def count_request(self, path: str, status: str, code: str | None) -> None:
        """Count an answered request by its route, and its problem's code if it has one."""
        self._requests.labels(path, status).inc()
        if code:
            self._failures.labels(code).inc()

    def observe_stage(self, stage: str, milliseconds: float | None) -> None:
        """Record the duration of a stage; None is unknown."""
        if milliseconds is not None:
            self._stages.labels(stage).observe(milliseconds / 1000)

    def observe_batch(self, images: int) -> None:
        """Record the size of a batch."""
        self._batches.observe(images)

    def count_tokens(self, kind: str, tokens: int | None) -> None:
        """Count tokens of a kind; None is unknown."""
        if tokens is not None:
            self._tokens.labels(kind).inc(tokens)

    def render(
        self, *, detector: DetectorGauges, gpus: Sequence[GpuSample], llm: LlmGauges
    ) -> bytes:
        """Return everything in Prometheus' text format."""
        for gauge, value in (
            (self._gpu_share, llm.gpu_share),
            (self._speed, llm.tokens_per_second),
            (self._gpu_lost, float(llm.gpu_lost)),
        ):
            gauge.clear()
            if llm.model is not None and value is not None:
                gauge.labels(llm.model).set(value)
        self._admitted.set(detector.admitted)
        self._queued.set(detector.queued)
        self._ready.set(detector.ready)
        self._fallen_back.set(detector.fallen_back)
        if detector.proven_at:
            self._proven_at.set(detector.proven_at.timestamp())
        for name, gauge in self._gpus.items():
            gauge.clear()  # a GPU that is gone has no values
            for gpu in gpus:
                if (value := _GPU_GAUGES[name][1](gpu)) is not None:
                    gauge.labels(str(gpu.index), gpu.name).set(value)
        return generate_latest(self._registry)
