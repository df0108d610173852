"""Events are judged again when their evidence changes, and not for every image near them."""

from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.domain.models import (
    AssessmentState,
    EventState,
    Image,
    ImageState,
    SecurityEvent,
)
from hsi_core.domain.settings import Settings
from hsi_core.events.event_batch import EventBatch, Observation
from hsi_core.store.events import Grouped

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FIRST, SECOND, NEW = UUID(int=1), UUID(int=2), UUID(int=100)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def event(number: UUID, start: float, end: float, *, is_open: bool) -> Grouped:
    found = SecurityEvent(
        id=number,
        camera="front",
        state=EventState.OPEN if is_open else EventState.CLOSED,
        started_at=at(start),
        last_activity_at=at(end),
        ended_at=None if is_open else at(end),
        labels=("person",),
        image_count=2,
        best_image_id=1,
        assessment=AssessmentState.PENDING,
        incident_id=number,
    )
    return Grouped(event=found, best_confidence=0.9)


def image(seconds: float) -> Image:
    return Image(
        id=7,
        camera="front",
        path="front/7.jpg",
        size=1,
        mtime_ns=1,
        captured_at=at(seconds),
        found_at=NOON,
        state=ImageState.DETECTED,
    )


@pytest.fixture
def batch() -> EventBatch:
    """A long visit that was split: an event of its first 90 s, and an open one of what follows."""
    ids = count(NEW.int)
    return EventBatch(
        [event(FIRST, 0, 90, is_open=False), event(SECOND, 95, 100, is_open=True)],
        Settings(event_idle=30.0, event_window=90.0),
        history=timedelta(minutes=30),
        new_id=lambda: UUID(int=next(ids)),
    )


@pytest.mark.parametrize(
    ("seconds", "judged"),
    [
        pytest.param(110, [SECOND], id="later than both"),
        pytest.param(45, [FIRST, SECOND], id="within the first, before the second"),
        pytest.param(91, [FIRST, SECOND], id="now the start of the second"),
        pytest.param(-20, [NEW, FIRST, SECOND], id="an event of its own before both"),
        pytest.param(150, [SECOND, NEW], id="an event of its own after both"),
    ],
)
def test_an_image_of_an_event_counts_for_it_and_for_later_ones(
    batch: EventBatch, seconds: float, judged: list[UUID]
) -> None:
    batch.add(Observation(image=image(seconds), labels=frozenset({"person"}), confidence=0.8))
    assert [one.event.id for _, one in batch.to_judge] == judged


@pytest.mark.parametrize(
    ("seconds", "judged"),
    [(45, [FIRST, SECOND]), (110, [FIRST, SECOND]), (125, [SECOND]), (-10, [FIRST, SECOND])],
)
def test_an_image_of_no_event_counts_for_those_around_it(
    batch: EventBatch, seconds: float, judged: list[UUID]
) -> None:
    batch.note(image(seconds))
    assert [one.event.id for _, one in batch.to_judge] == judged
