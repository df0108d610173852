"""Which images form one event: pure functions of capture times."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ..domain.models import Image
from ..domain.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From an event's first image to its last, by capture time."""

    started_at: datetime
    last_activity_at: datetime

    def with_image(self, captured_at: datetime) -> Span:
        """Return the span that also covers an image."""
        return Span(
            started_at=min(self.started_at, captured_at),
            last_activity_at=max(self.last_activity_at, captured_at),
        )


class Placement(StrEnum):
    """Where an image with a watched label belongs."""

    JOIN_OPEN = "join_open"  # the open event
    JOIN_CLOSED = "join_closed"  # an event that closed before the image arrived
    OPEN = "open"  # a new event; the event that is still open closes
    BACKFILL = "backfill"  # a new event that is already over: the open event is later


def due_at(span: Span, settings: Settings) -> datetime:
    """Return when the event is over unless more images join."""
    return min(
        span.last_activity_at + timedelta(seconds=settings.event_idle),
        span.started_at + timedelta(seconds=settings.event_window),
    )


def reaches(span: Span, captured_at: datetime, settings: Settings) -> bool:
    """Tell whether an image is close enough to an event and would not make it too long."""
    idle = timedelta(seconds=settings.event_idle)
    if not span.started_at - idle <= captured_at <= span.last_activity_at + idle:
        return False
    grown = span.with_image(captured_at)
    return grown.last_activity_at - grown.started_at <= timedelta(seconds=settings.event_window)


def place(
    captured_at: datetime, open_span: Span | None, closed: Sequence[Span], settings: Settings
) -> tuple[Placement, int | None]:
    """Return where an image belongs and, for JOIN_CLOSED, which of the closed events.

    Images arrive in any order: workers overtake each other, and cameras upload late.
    """
    if open_span is not None and reaches(open_span, captured_at, settings):
        return Placement.JOIN_OPEN, None
    for index, span in enumerate(closed):
        if reaches(span, captured_at, settings):
            return Placement.JOIN_CLOSED, index
    if open_span is not None and captured_at < open_span.started_at:
        return Placement.BACKFILL, None
    return Placement.OPEN, None


def images_of(
    span: Span, images: Sequence[Image], settings: Settings
) -> tuple[tuple[Image, ...], tuple[Image, ...]]:
    """Return an event's images and the images before it, from a camera's by capture time.

    An event's images are those of its span. The images that follow and open no event belong to
    it, too, until it is over: only they show what a person left behind or took away.
    """
    idle = timedelta(seconds=settings.event_idle)
    history: list[Image] = []
    own: list[Image] = []
    for image in images:
        if image.captured_at < span.started_at:
            history.append(image)
        elif image.captured_at <= span.last_activity_at:
            own.append(image)
        elif image.captured_at > span.last_activity_at + idle or _is_watched(image, settings):
            break
        else:
            own.append(image)
    return tuple(own), tuple(history)


def spans_of(images: Sequence[Image], settings: Settings) -> tuple[Span, ...]:
    """Return the spans of the events that images form, in order of capture time."""
    found: list[Span] = []
    for image in images:
        if not _is_watched(image, settings):
            continue
        moment = image.captured_at
        current = found[-1] if found else None
        if current is not None and reaches(current, moment, settings):
            found[-1] = current.with_image(moment)
        else:
            found.append(Span(started_at=moment, last_activity_at=moment))
    return tuple(found)


def _is_watched(image: Image, settings: Settings) -> bool:
    return any(seen.label in settings.watched_labels for seen in image.detections)
