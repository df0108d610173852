"""The server's figures for Prometheus."""

from collections.abc import Callable, Mapping, Sequence
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
from inference_server.observability.metrics import DetectorFigures, LlmFigures

_SECONDS = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0),
)

_GPU_FIGURES: Final[Mapping[str, tuple[str, Callable[[GpuSample], float | None]]]] = {
    "utilization_ratio": (
        "Share of the last moment in which the GPU computed.",
        lambda gpu: None if gpu.utilization_percent is None else gpu.utilization_percent / 100,
    ),
    "memory_used_bytes": ("The GPU's memory in use.", lambda gpu: gpu.memory_used_bytes),
    "memory_total_bytes": ("The GPU's memory.", lambda gpu: gpu.memory_total_bytes),
    "temperature_celsius": ("The GPU's temperature.", lambda gpu: gpu.temperature_c),
    "power_watts": ("The power the GPU draws.", lambda gpu: gpu.power_w),
}


class PrometheusMetrics:
    """Counts in a registry of its own; labels take only values the server itself makes up."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Counter(
            "hsi_requests",
            "Requests by path and status; the status is 'gone' where the client hung up.",
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
            "How long the stages of detections and assessments took.",
            ("stage",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._batches = Histogram(
            "hsi_batch_pictures",
            "Pictures the detector was given at once.",
            buckets=(1, 2, 4, 8, 16),
            registry=self._registry,
        )
        self._tokens = Counter(
            "hsi_tokens",
            "The language model's tokens, of the prompt or of its answer.",
            ("kind",),
            registry=self._registry,
        )
        self._admitted = Gauge(
            "hsi_pictures_admitted",
            "Pictures that arrive, wait or are being looked at.",
            registry=self._registry,
        )
        self._queued = Gauge(
            "hsi_queue_depth",
            "Decoded pictures whose turn has not come.",
            registry=self._registry,
        )
        self._ready = Gauge(
            "hsi_detector_ready",
            "1 where pictures can be looked at.",
            registry=self._registry,
        )
        self._fallen_back = Gauge(
            "hsi_detector_fallback",
            "1 where the detector does not run on what it should, such as the GPU.",
            registry=self._registry,
        )
        self._proven_at = Gauge(
            "hsi_detector_proven_timestamp_seconds",
            "When the detector was last seen to work; 0 where it never was.",
            registry=self._registry,
        )
        self._gpus = {
            name: Gauge(f"hsi_gpu_{name}", text, ("gpu", "name"), registry=self._registry)
            for name, (text, _) in _GPU_FIGURES.items()
        }
        # Labelled, because one without a label would say 0 where nobody knows.
        self._gpu_share, self._speed, self._gpu_lost = (
            Gauge(name, documentation, ("model",), registry=self._registry)
            for name, documentation in (
                ("hsi_llm_gpu_share", "The part of the language model that is on the GPU, 0-1."),
                ("hsi_llm_tokens_per_second", "How fast the last answer was written."),
                ("hsi_llm_gpu_lost", "1 where the language model has lost its GPU or its speed."),
            )
        )

    def count_request(self, path: str, status: str, code: str | None) -> None:
        """Count an answered request."""
        self._requests.labels(path, status).inc()
        if code:
            self._failures.labels(code).inc()

    def observe_stage(self, stage: str, milliseconds: float | None) -> None:
        """Take note of how long a stage took."""
        if milliseconds is not None:
            self._stages.labels(stage).observe(milliseconds / 1000)

    def observe_batch(self, pictures: int) -> None:
        """Take note of a batch."""
        self._batches.observe(pictures)

    def count_tokens(self, kind: str, tokens: int | None) -> None:
        """Count tokens."""
        if tokens is not None:
            self._tokens.labels(kind).inc(tokens)

    def render(
        self, *, detector: DetectorFigures, gpus: Sequence[GpuSample], llm: LlmFigures
    ) -> bytes | None:
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
            gauge.clear()  # a card that is gone has no figures
            for gpu in gpus:
                if (value := _GPU_FIGURES[name][1](gpu)) is not None:
                    gauge.labels(str(gpu.index), gpu.name).set(value)
        return generate_latest(self._registry)
