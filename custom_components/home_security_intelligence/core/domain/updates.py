"""What the pipeline tells its listeners, each after its commit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from .inference import ServerHealth
from .models import Camera, Image, JobKind, QueueStats, SecurityEvent


class EventPhase(StrEnum):
    """What has just happened to an event."""

    OPENED = "opened"  # its first image was looked at
    UPDATED = "updated"  # another image joined it, or it closed
    ASSESSED = "assessed"  # a score came, the first one or a better informed one
    UNASSESSED = "unassessed"  # the assessment died: there is no score
    LATE = "late"  # a requeued assessment filled the score in long after the fact


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageUpdate:
    """An image has reached its end: detected, skipped or dead."""

    image: Image


@dataclass(frozen=True, slots=True, kw_only=True)
class EventUpdate:
    """An event as it is now, and what has happened to it.

    `missed` says that it happened while nobody here heard of it: before the start, or while the
    database was away. It may have been told before.
    """

    event: SecurityEvent
    phase: EventPhase
    missed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueUpdate:
    """The queue's numbers have changed."""

    stats: QueueStats


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerStatus:
    """Whether a stage leaves a server alone, until when at least, and the code of what led to it.

    After `open_until` one trial is made; only its success closes the breaker.
    """

    open_until: datetime | None = None  # None: closed
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerState:
    """One inference server as last seen; `reachable` is None until it was first asked."""

    url: str
    reachable: bool | None = None
    error: str | None = None
    health: ServerHealth | None = None
    breakers: Mapping[JobKind, BreakerStatus] = field(
        default_factory=lambda: dict.fromkeys(JobKind, BreakerStatus())
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What the pipeline needs, as last seen; errors are the `code` of an error of core/domain/errors.py.

    `servers` are all inference servers in the order given. In short, one that can be reached is
    enough: `server_reachable` is None until one was asked, `server_error` is the first one's
    while none can be reached, and `server` is what the first one that can be reached says.
    `detectors_differ` says that servers look at pictures with different models. `camera_errors`
    has an entry only for a camera whose folder is in trouble. `stages_paused` are those that are
    held back, and `spooling` says that new files wait in their folders because the queue is full.
    """

    servers: tuple[ServerState, ...] = ()
    server_reachable: bool | None = None
    server_error: str | None = None
    server: ServerHealth | None = None
    detectors_differ: bool = False
    database_reachable: bool = False
    database_error: str | None = None
    camera_errors: Mapping[str, str] = field(default_factory=dict)
    stages_paused: frozenset[JobKind] = frozenset()
    spooling: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthUpdate:
    """The health has changed."""

    health: Health


type Update = ImageUpdate | EventUpdate | QueueUpdate | HealthUpdate
type Listener = Callable[[Update], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraState:
    """One camera as the database knows it; `person_until` is when its person counts as gone."""

    camera: Camera
    latest_image: Image | None
    last_event: SecurityEvent | None
    last_event_image: Image | None
    person_until: datetime | None
