"""Which images make up one event: plain rules over times, no clock and no database."""

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
    """Where an image with a watched object belongs."""

    JOIN_OPEN = "join_open"  # to the open event
    JOIN_CLOSED = "join_closed"  # to an event that has closed before the image came in
    OPEN = "open"  # to a new event; one that is still open is over and closes
    BACKFILL = "backfill"  # to a new event that is over: the open one is younger


def due_at(span: Span, settings: Settings) -> datetime:
    """Return when the event is over unless more images join."""
    return min(
        span.last_activity_at + timedelta(seconds=settings.event_idle),
        span.started_at + timedelta(seconds=settings.event_window),
    )


def reaches(span: Span, captured_at: datetime, settings: Settings) -> bool:
    """Tell whether an image belongs to the event: near enough, and the event not too long."""
    idle = timedelta(seconds=settings.event_idle)
    if not span.started_at - idle <= captured_at <= span.last_activity_at + idle:
        return False
    grown = span.with_image(captured_at)
    return grown.last_activity_at - grown.started_at <= timedelta(seconds=settings.event_window)


def place(
    captured_at: datetime, open_span: Span | None, closed: Sequence[Span], settings: Settings
) -> tuple[Placement, int | None]:
    """Return where an image belongs and, for JOIN_CLOSED, which of the closed events.

    Images may come in any order: workers overtake each other, and cameras upload late.
    """
    if open_span is not None and reaches(open_span, captured_at, settings):
        return Placement.JOIN_OPEN, None
    for index, span in enumerate(closed):
        if reaches(span, captured_at, settings):
            return Placement.JOIN_CLOSED, index
    if open_span is not None and captured_at < open_span.started_at:
        return Placement.BACKFILL, None
    return Placement.OPEN, None


def spans_of(images: Sequence[Image], settings: Settings) -> tuple[Span, ...]:
    """Return the events that images make which come in the order they were captured in."""
    found: list[Span] = []
    for image in images:
        if not any(seen.label in settings.watched_labels for seen in image.detections):
            continue
        moment = image.captured_at
        current = found[-1] if found else None
        if current is not None and reaches(current, moment, settings):
            found[-1] = current.with_image(moment)
        else:
            found.append(Span(started_at=moment, last_activity_at=moment))
    return tuple(found)
