"""What the inference server is asked and what it answers, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from ..domain.movement import Movement
from .context import Occupancy
from .models import Box, Detection, RiskFactor
from .zones import ZoneKind


class ServerStatus(StrEnum):
    """How the inference server is as a whole."""

    OK = "ok"  # every part that is configured works
    DEGRADED = (
        "degraded"  # pictures are looked at; events are not assessed, or a part had to fall back
    )
    UNAVAILABLE = "unavailable"  # no picture can be looked at


class PartState(StrEnum):
    """How one part of the inference server is."""

    LOADING = "loading"  # it will be ready or failed by itself
    READY = "ready"
    FAILED = "failed"  # its error says why
    ABSENT = "absent"  # it is not configured


class AssessorBackend(StrEnum):
    """What runs the language model."""

    OLLAMA = "ollama"
    OPENAI = "openai"  # any server that speaks OpenAI's chat completions
    EMBEDDED = "embedded"  # llama.cpp beside the inference server


class AnswerProblem(StrEnum):
    """Why a language model's answer was refused, as the problem's code."""

    INVALID = "assessor_invalid_output"  # against the schema
    TRUNCATED = "assessor_truncated"
    NOT_JSON = "assessor_not_json"
    SCORE_OUT_OF_RANGE = "assessor_score_out_of_range"
    FOREIGN_CLAIM = "assessor_foreign_claim"  # it names what was never detected


@dataclass(frozen=True, slots=True, kw_only=True)
class PartHealth:
    """One part of the inference server; `since` is when its state last changed."""

    state: PartState
    since: datetime
    model: str | None
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParityHealth:
    """How near the detector came to the reference when it was loaded."""

    pictures: int
    objects: int  # that both were sure of
    score_difference: float  # the largest of any candidate
    least_iou: float  # of the boxes of any candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorHealth(PartHealth):
    """The object detector; device, runtime and precision are those really used."""

    device: str | None
    runtime: str | None
    precision: str | None
    labels: tuple[str, ...]
    test_model: bool  # the small model that only knows drawn scenes
    batch_most: int | None  # pictures it is given at once at most; fewer where memory runs short
    fallback: str | None  # what it had to fall back from, such as a GPU that cannot be used
    parity: ParityHealth | None  # None for the reference itself
    proven_at: datetime | None  # when it was last seen to work
    # Arriving, waiting or being looked at, of all clients; None: not told. It changes all the time,
    # and is no news of how the server is.
    pictures: int | None = field(compare=False)


class PullState(StrEnum):
    """Where the download of a language model is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"  # its error says why


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """The download of a language model; `total_bytes` is 0 until anything is known."""

    state: PullState
    model: str
    completed_bytes: int
    total_bytes: int
    error: str | None

    @property
    def share(self) -> float | None:
        """How much of what is known to come is there, 0-1; None while nothing is known."""
        return min(1.0, self.completed_bytes / self.total_bytes) if self.total_bytes else None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessorHealth(PartHealth):
    """The risk assessment and the runtime it uses.

    `problem` is the code of what keeps it from being ready, `fallback` a sentence on what was
    lost since it was, such as its GPU. None is what nobody knows.
    """

    backend: AssessorBackend | None
    model_digest: str | None  # sha256
    vision: bool | None  # whether the model sees pictures; also None: not told
    gpu_share: float | None  # 0-1 of the model's memory
    tokens_per_second: float | None  # of the last answer
    fallback: str | None
    proven_at: datetime | None  # when it was last seen to answer
    pull: Pull | None  # the last download
    problem: str | None

    @property
    def model_missing(self) -> bool:
        """Whether the runtime is there and does not have the model."""
        return self.problem == "assessor_model_missing"


class GpuPressure(StrEnum):
    """How full a GPU's memory is."""

    NONE = "none"
    HIGH = "high"  # 85 % or more
    CRITICAL = "critical"  # 95 % or more


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuHealth:
    """The GPU that the server uses, as its driver sees it; None is what that does not tell."""

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
    """The inference server's own account of itself; `instance_id` identifies the installation."""

    status: ServerStatus
    version: str
    api_version: int
    instance_id: UUID
    detector: DetectorHealth
    assessor: AssessorHealth
    gpu: GpuHealth | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectResult:
    """What the detector saw in one picture; `width` and `height` are of the upright picture."""

    model: str
    test_model: bool
    width: int  # pixels
    height: int  # pixels
    detections: tuple[Detection, ...]
    timings_ms: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectFacts:
    """One object of an event; `confidence` is the highest seen, `box` is from that picture."""

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
    """What the rules made of the event; a model's score counts between `low` and `high`."""

    score: int
    low: int
    high: int
    factors: tuple[RiskFactor, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFacts:
    """What the assessment is told of one event; times are in the home's time zone."""

    camera: str
    started_at: datetime
    ended_at: datetime
    image_count: int
    armed: bool | None
    occupancy: Occupancy | None
    objects: tuple[ObjectFacts, ...]
    rules: RulesFacts
    earlier_problem: AnswerProblem | None = None  # of the last answer on this event
