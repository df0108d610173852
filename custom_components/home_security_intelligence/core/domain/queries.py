"""What may be asked of the store, and the file an image came from."""

from dataclasses import dataclass
from datetime import datetime

from .models import EventMark, FailureClass, Image, JobKind, RiskLevel

PAGE_LIMIT = 50  # items on a page, unless asked otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class EventQuery:
    """Which events, newest first; `since` and `until` bound the start, `until` exclusive."""

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
    """Which dead letters, latest failure first; a selection of them ignores limit and cursor."""

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
