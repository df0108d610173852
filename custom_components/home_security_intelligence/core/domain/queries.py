"""Queries on the store and their parameters."""

from dataclasses import dataclass
from datetime import datetime

from .models import EventMark, FailureClass, Image, JobKind, RiskLevel

PAGE_LIMIT = 50  # default items per page


@dataclass(frozen=True, slots=True, kw_only=True)
class EventQuery:
    """A filter of events, newest first; `since` and `until` (exclusive) limit the start."""

    camera: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    min_score: int | None = None
    level: RiskLevel | None = None
    label: str | None = None
    mark: EventMark | None = None
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
