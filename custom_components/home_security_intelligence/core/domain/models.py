"""The central values: image, detection, event, assessment, dead letter."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from .placement import Placement, guess_placement
from .zones import Corner, Zone

RULES = "rules"  # what an event was assessed by while no model has moved its score
LANGUAGE_MODEL = "language model"  # the factor for a model's difference from the rules' score


class ImageState(StrEnum):
    """The state of an image; every image ends in one of the last three."""

    PENDING = "pending"  # registered, its detect job is waiting or running
    DETECTED = "detected"  # its detections are stored
    SKIPPED = "skipped"  # deliberately not processed; the reason says why
    DEAD = "dead"  # could not be processed; its dead letter says why


class SkipReason(StrEnum):
    """Why an image was deliberately not processed."""

    DUPLICATE = "duplicate"  # the same content of this camera was detected before
    REPLACED = (
        "replaced"  # another file took its place before it was read, and is an image of its own
    )


class JobKind(StrEnum):
    """What a job does."""

    DETECT = "detect"  # one image through the object detector
    ASSESS = "assess"  # one event through the risk assessment


class JobState(StrEnum):
    """The state of a job in the queue."""

    PENDING = "pending"  # waiting, at least until its run_after
    LEASED = "leased"  # a worker holds it until the lease expires
    DONE = "done"  # finished, its result is stored
    DEAD = "dead"  # a dead letter
    DISCARDED = "discarded"  # a dead letter that a person discarded


class FailureClass(StrEnum):
    """The kind of failure, which decides what happens next."""

    INPUT = "input"  # the input is invalid: dead at once, a retry cannot help
    CAPACITY = "capacity"  # the server is full: no attempt is spent
    OUTAGE = "outage"  # the server is unreachable: no attempt is spent
    UNKNOWN = "unknown"  # anything else: an attempt is spent
    CRASH = "crash"  # the worker died while it held the job: counted separately


class EventState(StrEnum):
    """Whether an event still accepts images."""

    OPEN = "open"
    CLOSED = "closed"


class AssessmentState(StrEnum):
    """Whether an event has a language model's words. Its level never depends on them."""

    PENDING = "pending"  # an assessment is running or follows when the event closes
    ASSESSED = "assessed"  # summary and reasoning exist
    UNASSESSED = "unassessed"  # the assessment failed for good, or no model is set up


class RiskLevel(StrEnum):
    """The level of an event, from its score and the bounds in force at that time."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class EventMark(StrEnum):
    """A person's mark on an event afterwards."""

    TRUE_ALARM = "true_alarm"  # rightly reported
    FALSE_ALARM = "false_alarm"  # should not have been reported
    MISSED = "missed"  # rated too low, or not at all


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A camera: one folder below the camera root.

    `folder` is the path relative to the root with forward slashes and is the camera's identity.
    People walk from a camera's view into that of its `neighbours` within a few minutes.
    """

    folder: str
    name: str
    zones: tuple[Zone, ...] = ()
    watched_labels: frozenset[str] | None = None  # None: those of the settings
    presence_hold: float | None = None  # seconds; None: those of the settings
    neighbours: frozenset[str] | None = None  # folders; None: all other cameras
    placement: Placement | None = None  # None: what its name suggests
    privacy_masks: tuple[tuple[Corner, ...], ...] = ()  # polygons, each corner 0-1

    @property
    def likely_placement(self) -> Placement | None:
        """The placement, else what the name suggests."""
        return self.placement or guess_placement(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle on the upright image, in shares (0-1) of its width and height."""

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """One detected object; `confidence` is 0-1."""

    label: str
    confidence: float
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One uploaded image and its state.

    `path` is relative to the camera root, with forward slashes. `captured_at` is the time that EXIF
    or the path states, corrected by the offset of the camera's clock, else the file's mtime. While
    the offset is not known, an image with an impossible time was taken when its file arrived.
    """

    id: int
    camera: str
    path: str
    size: int  # bytes
    mtime_ns: int  # nanoseconds since 1970
    captured_at: datetime
    found_at: datetime
    state: ImageState
    reason: str | None = None  # why it was skipped or is dead
    width: int | None = None  # pixels, upright
    height: int | None = None  # pixels, upright
    detections: tuple[Detection, ...] = ()
    detected_at: datetime | None = None
    root: int | None = None  # the id of the camera root it was found in
    event_id: UUID | None = None  # of the event it belongs to
    damaged: str | None = None  # what is wrong with its file, which can be shown all the same


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskFactor:
    """One factor of a score: name, signed points, and a one-line reason."""

    name: str
    points: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUse:
    """The language model that assessed an event, and its cost; None is not reported."""

    model: str
    backend: str
    model_digest: str | None  # sha256 of the model that answered
    prompt_version: str
    prompt_tokens: int | None
    completion_tokens: int | None
    load_ms: float | None
    prefill_ms: float | None
    generate_ms: float | None
    total_ms: float | None

    @property
    def tokens_per_second(self) -> float | None:
        """The speed of generation."""
        if not self.completion_tokens or not self.generate_ms:
            return None
        return self.completion_tokens / self.generate_ms * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityEvent:
    """An event of one camera, from its first to its last image.

    The rules judge it with every image: `risk_score`, `risk_level` and `factors` are set from the
    first one on. `provisional_score` is the score of the rules alone; a language model may move
    `risk_score` within the level. `factors` add up to `risk_score`, limited to 0-100. `narrative`
    says who was seen where, when and for how long, by code alone. The model's words are set if
    `assessment` is ASSESSED; `late` marks words that came from a requeue. Events of one incident
    share its id; `incident_level` is the highest level among them.
    """

    id: UUID
    camera: str
    state: EventState
    started_at: datetime
    last_activity_at: datetime
    ended_at: datetime | None
    labels: tuple[str, ...]
    image_count: int
    best_image_id: int | None
    assessment: AssessmentState
    risk_score: int | None = None  # 0-100
    risk_level: RiskLevel | None = None
    summary: str | None = None
    reasoning: str | None = None
    decisive_factor: str | None = None  # name of the factor that decides, in the model's view
    assessed_at: datetime | None = None
    late: bool = False
    provisional_score: int | None = None  # 0-100
    factors: tuple[RiskFactor, ...] = ()
    mark: EventMark | None = None
    marked_at: datetime | None = None
    note: str | None = None  # of the person who marked it
    assessed_by: ModelUse | None = None  # of the words
    highest_level: RiskLevel | None = None  # the highest level it ever had
    judged_images: int = 0  # number of its images that the level was judged by
    incident_id: UUID | None = None  # None only before it is stored
    incident_level: RiskLevel | None = None
    narrative: str | None = None

    @property
    def assessor(self) -> str:
        """What the score comes from: RULES, or the name of the language model that moved it."""
        by_model = any(factor.name == LANGUAGE_MODEL for factor in self.factors)
        return self.assessed_by.model if by_model and self.assessed_by is not None else RULES


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedMoment:
    """A moment without an event that a person marked as missed."""

    camera: str
    at: datetime
    marked_at: datetime


class Change(StrEnum):
    """How the language model would move the rules' score within its level."""

    LOWER = "lower"
    SAME = "same"
    HIGHER = "higher"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelAnswer:
    """The language model's answer on one event.

    `summary` is the code's sentence and the note. A server of an earlier version sends none of the
    optional fields: its summary is the model's own.
    """

    risk_score: int  # 0-100
    summary: str
    reasoning: str
    by: ModelUse
    change: Change | None = None
    because: str | None = None  # name of the decisive factor of the rules
    note: str | None = None  # one sentence of interpretation
    note_refused: str | None = None  # why the note was refused
    suggested_points: float | None = None  # worth of `change`; not part of the score


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A job that failed for good, with everything that a person needs for a decision."""

    job_id: int
    kind: JobKind
    camera: str
    image_path: str | None  # of a detect job
    event_id: UUID | None  # of an assess job
    failure: FailureClass
    error_type: str
    message: str
    attempts: int
    crashes: int
    first_failed_at: datetime
    last_failed_at: datetime
    requeues: int
    refusal: str | None = None  # why it cannot be requeued again


@dataclass(frozen=True, slots=True, kw_only=True)
class RequeueReport:
    """How many dead letters were requeued, and how many not; `refusal` says why."""

    requeued: int
    refused: int = 0
    refusal: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueStats:
    """The number of jobs by state and kind."""

    pending: Mapping[JobKind, int]
    leased: Mapping[JobKind, int]
    dead: Mapping[JobKind, int]

    @property
    def depth(self) -> int:
        """Jobs waiting or running."""
        return sum(self.pending.values()) + sum(self.leased.values())

    @property
    def dead_total(self) -> int:
        """Dead letters of all kinds."""
        return sum(self.dead.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanupReport:
    """What a cleanup deleted, or would delete in a dry run."""

    events: int = 0
    images: int = 0  # records, not files
    detections: int = 0
    jobs: int = 0
    files: int = 0  # image files, only if their deletion is enabled
    file_bytes: int = 0
    orphans: int = 0  # forgotten files that no longer exist
    # Of a dry run: why a nightly clean-up would wait for a confirmation.
    doubt: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page[T]:
    """One page of a list; `next_cursor` is None on the last page.

    `total` counts all pages; if it is not exact, there are more.
    """

    items: tuple[T, ...]
    total: int
    total_is_exact: bool = True
    next_cursor: str | None = None
