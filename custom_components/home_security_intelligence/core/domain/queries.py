"""Queries on the store and their parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from .models import EventMark, FailureClass, Image, JobKind, RiskLevel, SecurityEvent
from .updates import EventPhase
from .zones import Corner, Zone

PAGE_LIMIT = 50  # default items per page


@dataclass(frozen=True, slots=True, kw_only=True)
class EventQuery:
    """A filter of events, newest first; `since` and `until` (exclusive) limit the start.

    `text` are the beginnings of words that an event's camera, labels and words all contain.
    """

    camera: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    min_score: int | None = None
    level: RiskLevel | None = None
    min_level: RiskLevel | None = None
    label: str | None = None
    mark: EventMark | None = None
    unreviewed: bool = False  # only events without a mark
    text: str | None = None
    limit: int = PAGE_LIMIT
    cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterQuery:
    """A filter of dead letters, latest failure first; bulk actions ignore limit and cursor."""

    camera: str | None = None
    kind: JobKind | None = None
    failure: FailureClass | None = None
    limit: int = PAGE_LIMIT
    cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFile:
    """An image with the bytes of its file."""

    image: Image
    content: bytes
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDetails:
    """An event with its images and what it was judged by.

    `paths` has one path for each confirmed person: the seconds since the event's first image, and
    the point on the ground. `phases` tells when each phase was last published.
    """

    event: SecurityEvent
    images: tuple[Image, ...]  # by capture time, with their detections
    zones: tuple[Zone, ...]  # as the event began
    paths: tuple[tuple[tuple[float, Corner], ...], ...]
    phases: Mapping[EventPhase, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """How many images are recorded, and the size of their files.

    Of a large table both are estimates.
    """

    images: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySummary:
    """The number of a day's events by camera and level, and the one with the highest score."""

    counts: Mapping[tuple[str, RiskLevel], int]
    highest: SecurityEvent | None
