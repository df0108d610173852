"""The words the whole house uses: what an image, a detection, an event and a dead letter are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from .zones import Zone


class ImageState(StrEnum):
    """Where an image is on its way; every image ends in one of the last three."""

    PENDING = "pending"  # registered, its detect job is waiting or running
    DETECTED = "detected"  # the detector has looked at it
    SKIPPED = "skipped"  # deliberately not looked at; the reason says why
    DEAD = "dead"  # could not be looked at; its dead letter says why


class SkipReason(StrEnum):
    """Why an image was deliberately not looked at."""

    DUPLICATE = "duplicate"  # the same content came from this camera within the dedupe window
    REPLACED = "replaced"  # another picture took its place before it was read, and counts itself


class JobKind(StrEnum):
    """What a job does."""

    DETECT = "detect"  # one image through the object detector
    ASSESS = "assess"  # one event through the risk assessment


class JobState(StrEnum):
    """Where a job is in the queue."""

    PENDING = "pending"  # waiting, perhaps until its run_after
    LEASED = "leased"  # a worker holds it until the lease ends
    DONE = "done"  # finished, its result is stored
    DEAD = "dead"  # given up: a dead letter
    DISCARDED = "discarded"  # a dead letter that a person has dismissed


class FailureClass(StrEnum):
    """What kind of failure it was, which alone decides what happens next."""

    INPUT = "input"  # the material is bad: dead at once, a retry cannot help
    CAPACITY = "capacity"  # the server is full: no attempt is spent
    OUTAGE = "outage"  # the server is out of reach: no attempt is spent
    UNKNOWN = "unknown"  # anything else: an attempt is spent
    CRASH = "crash"  # a worker died holding the job: counted apart


class EventState(StrEnum):
    """Whether an event still takes images."""

    OPEN = "open"
    CLOSED = "closed"


class AssessmentState(StrEnum):
    """Whether an event has a risk score."""

    PENDING = "pending"  # an assessment is under way or will be once the event closes
    ASSESSED = "assessed"  # score, level, summary and reasoning are there
    UNASSESSED = "unassessed"  # the assessment died; there is no score, and none is invented


class RiskLevel(StrEnum):
    """How worrying an event is; it follows from the score, by the bands of the time."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class EventMark(StrEnum):
    """What a person says of an event afterwards."""

    TRUE_ALARM = "true_alarm"  # rightly reported
    FALSE_ALARM = "false_alarm"  # nothing that anybody had to be told of
    MISSED = "missed"  # rated too low, or not at all


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A camera: one folder below the camera root.

    `folder` is the path relative to the root with forward slashes and is the camera's identity.
    """

    folder: str
    name: str
    zones: tuple[Zone, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle on the upright picture, all four numbers 0-1 of its width and height."""

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """One object the detector saw; `confidence` is 0-1."""

    label: str
    confidence: float
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One uploaded picture and what became of it.

    `path` is relative to the camera root, with forward slashes. `captured_at` comes from EXIF
    where it is plain, else from the file's mtime, never from the time of processing.
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
    root: int | None = None  # the camera root it was found in, by its number


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskFactor:
    """One thing that makes a score: its name, signed points, and why it applies, in one line."""

    name: str
    points: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUse:
    """Which language model assessed an event, and what that took; None is what nobody told."""

    model: str
    backend: str
    model_digest: str | None  # sha256 of what really answered
    prompt_version: str
    prompt_tokens: int | None
    completion_tokens: int | None
    load_ms: float | None
    prefill_ms: float | None
    generate_ms: float | None
    total_ms: float | None

    @property
    def tokens_per_second(self) -> float | None:
        """How fast the answer was written."""
        if not self.completion_tokens or not self.generate_ms:
            return None
        return self.completion_tokens / self.generate_ms * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityEvent:
    """What happened in front of one camera, from its first to its last image.

    The risk fields are all there when `assessment` is ASSESSED, and all None otherwise.
    `provisional_score` is what the rules alone gave, there as soon as they were asked; `factors`
    add up to it, or to `risk_score` once there is one, unless that sum leaves 0-100.
    `late` says that the assessment was filled in by a requeue, long after the fact.
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
    assessed_at: datetime | None = None
    late: bool = False
    provisional_score: int | None = None  # 0-100
    factors: tuple[RiskFactor, ...] = ()
    mark: EventMark | None = None
    marked_at: datetime | None = None
    assessed_by: ModelUse | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedMoment:
    """A moment at which a person says there should have been an event, and there was none."""

    camera: str
    at: datetime
    marked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What the risk assessment answered for one event."""

    risk_score: int  # 0-100
    summary: str
    reasoning: str
    by: ModelUse


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A job that was given up, with everything a person needs to decide what to do with it."""

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
    refusal: str | None = None  # why it may not be requeued again


@dataclass(frozen=True, slots=True, kw_only=True)
class RequeueReport:
    """How many dead letters are tried again, and how many are not; `refusal` says why."""

    requeued: int
    refused: int = 0
    refusal: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueStats:
    """How many jobs there are in each state that matters, by kind."""

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
    """What a cleanup has deleted, or in a dry run what it would delete."""

    events: int = 0
    images: int = 0  # records, not files
    detections: int = 0
    jobs: int = 0
    files: int = 0  # picture files, only where their deletion is asked for
    file_bytes: int = 0
    orphans: int = 0  # notes on forgotten files that are no longer there


@dataclass(frozen=True, slots=True, kw_only=True)
class Page[T]:
    """One page of a list: the items and, when there are more, the cursor of the next page.

    `total` is how many there are on all pages; where it is not exact, there are more than that.
    """

    items: tuple[T, ...]
    total: int
    total_is_exact: bool = True
    next_cursor: str | None = None
