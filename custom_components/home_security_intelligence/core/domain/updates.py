"""Updates for listeners, published after the commit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from .clean_up import WaitingCleanUp
from .inference import ServerHealth
from .models import Camera, Image, JobKind, QueueStats, SecurityEvent
from .presence import PresenceClass


class EventPhase(StrEnum):
    """What happened to an event. The level is the rules' and comes with every phase."""

    DETECTED = "detected"  # its first image was detected
    ESCALATED = "escalated"  # its level is higher than ever before
    UPDATED = "updated"  # another image joined it, at most at the same level; or words failed
    EXPLAINED = "explained"  # the language model's words arrived
    CLOSED = "closed"  # it is over
    CORRECTED = "corrected"  # after its close, evidence changed its level or factors


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageUpdate:
    """An image reached a final state: detected, skipped or dead."""

    image: Image


@dataclass(frozen=True, slots=True, kw_only=True)
class EventUpdate:
    """The current state of an event, and what happened to it.

    `backfilled` marks an update from before the start or from an outage of the database; it may be
    a repeat. `late`: when this was published, the event's last image was older than `late_after`.
    """

    event: SecurityEvent
    phase: EventPhase
    backfilled: bool = False
    late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueUpdate:
    """The number of jobs changed."""

    stats: QueueStats


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerStatus:
    """The state of a circuit breaker; `reason` is the code of the failure that opened it.

    After `open_until` one trial is made; only its success closes the breaker.
    """

    open_until: datetime | None = None  # None: closed
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerState:
    """One inference server as last observed; `reachable` is None before the first poll.

    `limit` is what to set so that it takes larger images, None if it takes all.
    """

    url: str
    reachable: bool | None = None
    error: str | None = None
    limit: str | None = None
    health: ServerHealth | None = None
    breakers: Mapping[JobKind, BreakerStatus] = field(
        default_factory=lambda: dict.fromkeys(JobKind, BreakerStatus())
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The pipeline's health as last observed; errors are the `code` of an error of core/domain/errors.py.

    `servers` are all inference servers in configured order. One reachable server is enough:
    `server_reachable` is None before the first poll, `server_error` is the first server's error
    while none is reachable, and `server` is the health of the first reachable one.
    `detectors_differ`: the servers use different models. `camera_errors` has an entry for each
    camera whose folder has a problem. `clock_offsets` says by how many seconds a camera's clock is
    ahead, negative: behind, as soon as its images have shown it. `stages_paused` are held back by
    their gate. `queue_full`: new files wait in their folders. `clean_up_waiting` has to be
    confirmed.
    """

    servers: tuple[ServerState, ...] = ()
    server_reachable: bool | None = None
    server_error: str | None = None
    server: ServerHealth | None = None
    detectors_differ: bool = False
    database_reachable: bool = False
    database_error: str | None = None
    camera_errors: Mapping[str, str] = field(default_factory=dict)
    clock_offsets: Mapping[str, float] = field(default_factory=dict)
    stages_paused: frozenset[JobKind] = frozenset()
    queue_full: bool = False
    clean_up_waiting: WaitingCleanUp | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthUpdate:
    """The health changed."""

    health: Health


type Update = ImageUpdate | EventUpdate | QueueUpdate | HealthUpdate
type Listener = Callable[[Update], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraState:
    """The stored state of one camera.

    `present_until` is the end of each class's presence; a class that is missing is not present.
    `recent` are the capture times of its latest images.
    """

    camera: Camera
    latest_image: Image | None
    last_event: SecurityEvent | None
    last_event_image: Image | None
    present_until: Mapping[PresenceClass, datetime] = field(default_factory=dict)
    recent: tuple[datetime, ...] = ()
