"""Grouping of images into events in memory; the result is then stored in one batch."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from ..domain.models import AssessmentState, EventState, Image, SecurityEvent
from ..domain.settings import Settings
from ..store.events import Grouped
from .placement import Placement, Span, place


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """An image with watched labels and the highest confidence among them."""

    image: Image
    labels: frozenset[str]
    confidence: float


class EventBatch:
    """The events that a batch of images may start, join or end, or that it is evidence on."""

    def __init__(
        self,
        known: Iterable[Grouped],
        settings: Settings,
        *,
        history: timedelta,
        new_id: Callable[[], UUID],
    ) -> None:
        """`history` is how long before an event images are evidence on it."""
        self._settings = settings
        self._new_id = new_id
        self._idle = timedelta(seconds=settings.event_idle)
        self._history = history
        self._events = {one.event.id: one for one in known}
        self._before = {number: one.event for number, one in self._events.items()}
        self._grouped: set[UUID] = set()  # started, extended or ended
        self._seen: set[UUID] = set()  # with new evidence
        self._event_ids: dict[int, UUID] = {}

    @property
    def new(self) -> tuple[Grouped, ...]:
        """The events that this batch started."""
        return tuple(one for number, one in self._events.items() if number not in self._before)

    @property
    def changed(self) -> tuple[Grouped, ...]:
        """The existing events that this batch extended or ended."""
        return tuple(one for one in self._events.values() if one.event.id in self._extended)

    @property
    def to_judge(self) -> tuple[tuple[SecurityEvent | None, Grouped], ...]:
        """The events to judge, each with what it was before; None for a new one. The oldest first."""
        numbers = self._grouped | self._seen
        return tuple(
            (self._before.get(one.event.id), one)
            for one in sorted(self._events.values(), key=_started_at)
            if one.event.id in numbers
        )

    @property
    def event_ids(self) -> Mapping[int, UUID]:
        """The event id of each image, by image id."""
        return self._event_ids

    @property
    def _extended(self) -> frozenset[UUID]:
        return frozenset(self._grouped & self._before.keys())

    def note(self, image: Image) -> None:
        """Note an image without an event as evidence on the events around it."""
        moment = image.captured_at
        for number, one in self._of(image.camera):
            event = one.event
            if event.started_at - self._history <= moment <= event.last_activity_at + self._idle:
                self._seen.add(number)

    def _note_before(self, moment: datetime, camera: str) -> None:
        """Note an image of an event as evidence on the events after it.

        It counts for no other event that it is in the span of, nor for one that ended before.
        """
        for number, one in self._of(camera):
            started_at = one.event.started_at
            if started_at - self._history <= moment < started_at:
                self._seen.add(number)

    def add(self, seen: Observation) -> None:
        """Add an image to its event; it may start a new event and end the open one."""
        moment = seen.image.captured_at
        starts = self._starts(seen.image.camera)
        current, closed = self._events_of(seen.image.camera)
        placement, index = place(
            moment,
            None if current is None else span_of(current.event),
            [span_of(one.event) for one in closed],
            self._settings,
        )
        match placement:
            case Placement.JOIN_OPEN if current is not None:
                self._join(current, seen)
            case Placement.JOIN_CLOSED if index is not None:
                self._join(closed[index], seen)
            case Placement.BACKFILL:
                self._start(seen, over=True)
            case _:
                if current is not None:
                    self._end(current)
                self._start(seen, over=False)
        if self._starts(seen.image.camera) != starts:
            # An event's evidence reaches to the start of the next one.
            self.note(seen.image)
        else:
            self._note_before(moment, seen.image.camera)

    def _of(self, camera: str) -> list[tuple[UUID, Grouped]]:
        return [each for each in self._events.items() if each[1].event.camera == camera]

    def _starts(self, camera: str) -> set[tuple[UUID, datetime]]:
        return {(number, one.event.started_at) for number, one in self._of(camera)}

    def _events_of(self, camera: str) -> tuple[Grouped | None, tuple[Grouped, ...]]:
        """Return the camera's open event, and its closed events, latest first."""
        mine = [one for _, one in self._of(camera)]
        current = next((one for one in mine if one.event.state is EventState.OPEN), None)
        closed = (one for one in mine if one.event.state is EventState.CLOSED)
        return current, tuple(sorted(closed, key=_started_at, reverse=True))

    def _start(self, seen: Observation, *, over: bool) -> None:
        moment = seen.image.captured_at
        event_id = self._new_id()
        event = SecurityEvent(
            id=event_id,
            camera=seen.image.camera,
            state=EventState.CLOSED if over else EventState.OPEN,
            started_at=moment,
            last_activity_at=moment,
            ended_at=moment if over else None,
            labels=tuple(sorted(seen.labels)),
            image_count=1,
            best_image_id=seen.image.id,
            assessment=AssessmentState.PENDING,
            incident_id=event_id,
        )
        self._event_ids[seen.image.id] = event.id
        self._put(Grouped(event=event, best_confidence=seen.confidence))

    def _join(self, one: Grouped, seen: Observation) -> None:
        event = one.event
        span = span_of(event).with_image(seen.image.captured_at)
        labels = tuple(sorted(seen.labels.union(event.labels)))
        better = seen.confidence > one.best_confidence
        over = event.state is EventState.CLOSED
        joined = replace(
            event,
            started_at=span.started_at,
            last_activity_at=span.last_activity_at,
            ended_at=span.last_activity_at if over else None,
            labels=labels,
            image_count=event.image_count + 1,
            best_image_id=seen.image.id if better else event.best_image_id,
        )
        self._event_ids[seen.image.id] = event.id
        confidence = seen.confidence if better else one.best_confidence
        self._put(replace(one, event=joined, best_confidence=confidence))

    def _end(self, one: Grouped) -> None:
        event = one.event
        ended = replace(event, state=EventState.CLOSED, ended_at=event.last_activity_at)
        self._put(replace(one, event=ended))

    def _put(self, one: Grouped) -> None:
        self._events[one.event.id] = one
        self._grouped.add(one.event.id)


def span_of(event: SecurityEvent) -> Span:
    """Return an event's span of capture times."""
    return Span(started_at=event.started_at, last_activity_at=event.last_activity_at)


def _started_at(one: Grouped) -> datetime:
    return one.event.started_at
