"""Requests to the inference server and its answers, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from ..domain.movement import Movement
from .context import Occupancy
from .models import Box, Detection, RiskFactor
from .part_of_day import PartOfDay
from .zones import ZoneKind


class ServerStatus(StrEnum):
    """The overall state of the inference server."""

    OK = "ok"  # every configured component works
    DEGRADED = "degraded"  # detects; does not assess, or a component runs in fallback
    UNAVAILABLE = "unavailable"  # cannot detect


class ComponentState(StrEnum):
    """The state of one component of the inference server."""

    LOADING = "loading"  # becomes ready or failed without intervention
    READY = "ready"
    FAILED = "failed"  # the error says why
    ABSENT = "absent"  # not configured


class AssessorBackend(StrEnum):
    """What runs the language model."""

    OLLAMA = "ollama"
    OPENAI = "openai"  # any server with OpenAI's chat completions API
    EMBEDDED = "embedded"  # llama.cpp beside the inference server


class AnswerProblem(StrEnum):
    """Why a language model's answer was rejected: the problem's code."""

    INVALID = "assessor_invalid_output"  # violates the schema
    TRUNCATED = "assessor_truncated"
    NOT_JSON = "assessor_not_json"
    SCORE_OUT_OF_RANGE = "assessor_score_out_of_range"
    FOREIGN_CLAIM = "assessor_foreign_claim"  # names something that was not detected


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentHealth:
    """One component of the inference server; `since` is the last change of its state."""

    state: ComponentState
    since: datetime
    model: str | None
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParityHealth:
    """How close the detector came to the reference in the parity gate."""

    images: int
    objects: int  # detected by both
    score_difference: float  # the largest of any candidate
    min_iou: float  # of the boxes of any candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorHealth(ComponentHealth):
    """The object detector; device, runtime and precision are those in use."""

    device: str | None
    runtime: str | None
    precision: str | None
    labels: tuple[str, ...]
    test_model: bool  # the small model for drawn scenes only
    max_batch: int | None  # largest batch; smaller while memory is short
    fallback: str | None  # what could not be used, such as a GPU
    parity: ParityHealth | None  # None for the reference itself
    self_tested_at: datetime | None  # time of the last passed self-test
    # Images in flight from all clients; None: not reported. Not part of the comparison, because
    # it changes all the time.
    images_in_flight: int | None = field(compare=False)


class DownloadState(StrEnum):
    """The state of a language model's download."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"  # the error says why


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelDownload:
    """The download of a language model; `total_bytes` is 0 while it is unknown."""

    state: DownloadState
    model: str
    completed_bytes: int
    total_bytes: int
    error: str | None

    @property
    def share(self) -> float | None:
        """The downloaded share, 0-1; None while the total is unknown."""
        return min(1.0, self.completed_bytes / self.total_bytes) if self.total_bytes else None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessorHealth(ComponentHealth):
    """The assessor and its runtime; None is unknown.

    `problem` is the code of what prevents it from being ready. `fallback` is a sentence on what it
    lost since then, such as its GPU.
    """

    backend: AssessorBackend | None
    model_digest: str | None  # sha256
    vision: bool | None  # whether the model accepts images; None: not reported
    accepts: frozenset[str]  # optional fields of a request that the server reads
    gpu_share: float | None  # 0-1 of the model's memory
    tokens_per_second: float | None  # of the last answer
    fallback: str | None
    last_answer_at: datetime | None  # time of the last answer
    pull: ModelDownload | None  # the last download
    problem: str | None

    @property
    def model_missing(self) -> bool:
        """Whether the runtime is reachable but lacks the model."""
        return self.problem == "assessor_model_missing"


class GpuPressure(StrEnum):
    """How full a GPU's memory is."""

    NONE = "none"
    HIGH = "high"  # 85 % or more
    CRITICAL = "critical"  # 95 % or more


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuHealth:
    """The GPU that the server uses; None is what its driver does not report."""

    at: datetime
    index: int
    name: str
    uuid: str
    utilization_percent: int | None
    memory_used_bytes: int | None
    memory_total_bytes: int | None
    temperature_c: int | None
    power_w: float | None
    power_limit_w: float | None
    pressure: GpuPressure | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerHealth:
    """The health that the inference server reports; `instance_id` identifies the installation."""

    status: ServerStatus
    version: str
    api_version: int
    instance_id: UUID
    detector: DetectorHealth
    assessor: AssessorHealth
    gpu: GpuHealth | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectResult:
    """The detections of one image; `width` and `height` are those of the upright image.

    `damaged`: what is wrong with the image's file, which can be shown all the same.
    """

    model: str
    test_model: bool
    width: int  # pixels
    height: int  # pixels
    detections: tuple[Detection, ...]
    timings_ms: Mapping[str, float]
    damaged: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectFacts:
    """One object of an event; `confidence` is the highest one, `box` is from that image."""

    label: str
    confidence: float
    box: Box
    first_seen: datetime
    last_seen: datetime
    images: int
    movement: Movement
    zones: tuple[ZoneKind, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesFacts:
    """The rules' verdict; a model's score is limited to `low` to `high`."""

    score: int
    low: int
    high: int
    factors: tuple[RiskFactor, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFacts:
    """What the assessor receives about one event; times are in the home's time zone.

    `narrative` is the sentence of who, where, when and how long, which begins the summary;
    `language` is the home's, as a BCP 47 tag. None leaves both to the server, which uses English.
    """

    camera: str
    started_at: datetime
    ended_at: datetime
    image_count: int
    part_of_day: PartOfDay  # that the rules used
    armed: bool | None
    occupancy: Occupancy | None
    objects: tuple[ObjectFacts, ...]
    rules: RulesFacts
    earlier_problem: AnswerProblem | None = None  # of the previous answer on this event
    narrative: str | None = None
    language: str | None = None
