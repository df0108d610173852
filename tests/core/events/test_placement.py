"""Which images form one event."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st
import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
import itertools

from hsi_core.domain.models import Box, Detection, Image, ImageState
from hsi_core.domain.settings import Settings
from hsi_core.events.placement import Placement, Span, due_at, images_of, place, reaches, spans_of

SETTINGS = Settings(event_window=90, event_idle=30)
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def span(first: float, last: float) -> Span:
    return Span(started_at=at(first), last_activity_at=at(last))


@pytest.mark.parametrize(
    ("first", "last", "due"),
    [(0, 0, 30), (0, 20, 50), (0, 60, 90), (0, 75, 90), (0, 90, 90)],
)
def test_an_event_is_over_after_its_idle_time_or_at_its_maximum_length(
    first: float, last: float, due: float
) -> None:
    assert due_at(span(first, last), SETTINGS) == at(due)


@pytest.mark.parametrize(
    ("captured", "belongs"),
    [
        (30, True),  # within
        (70, True),  # at the end of the idle time
        (70.1, False),  # after it
        (10, True),
        (-20, True),  # before: another worker was faster
        (-20.1, False),  # the pause would be longer than the idle time
    ],
)
def test_an_image_extends_an_event_that_is_near_enough(captured: float, belongs: bool) -> None:
    assert reaches(span(10, 40), at(captured), SETTINGS) is belongs


@pytest.mark.parametrize(
    ("captured", "belongs"), [(90, True), (90.1, False), (-10, True), (-10.1, False)]
)
def test_an_event_never_gets_longer_than_its_window(captured: float, belongs: bool) -> None:
    assert reaches(span(0, 80), at(captured), SETTINGS) is belongs


@pytest.mark.parametrize(
    ("captured", "open_span", "closed", "placement"),
    [
        (0, None, [], Placement.OPEN),
        (20, span(0, 10), [], Placement.JOIN_OPEN),
        (41, span(0, 10), [], Placement.OPEN),
        (5, span(100, 110), [span(0, 10)], Placement.JOIN_CLOSED),
        (25, span(50, 60), [span(0, 10)], Placement.JOIN_OPEN),  # the open one comes first
        (-100, span(0, 10), [], Placement.BACKFILL),
        (-100, None, [span(0, 10)], Placement.OPEN),
    ],
)
def test_an_image_is_placed_by_the_open_and_the_closed_events(
    captured: float, open_span: Span | None, closed: list[Span], placement: Placement
) -> None:
    assert place(at(captured), open_span, closed, SETTINGS)[0] is placement


class Camera:
    """The events of a camera as the store keeps them: at most one open, any number closed."""

    def __init__(self) -> None:
        self.open: Span | None = None
        self.closed: list[Span] = []
        self.images = 0

    def see(self, captured_at: datetime) -> None:
        where, index = place(captured_at, self.open, self.closed, SETTINGS)
        alone = Span(started_at=captured_at, last_activity_at=captured_at)
        match where:
            case Placement.JOIN_OPEN:
                assert self.open is not None
                self.open = self.open.with_image(captured_at)
            case Placement.JOIN_CLOSED:
                assert index is not None
                self.closed[index] = self.closed[index].with_image(captured_at)
            case Placement.BACKFILL:
                self.closed.append(alone)
            case Placement.OPEN:
                if self.open is not None:
                    self.closed.append(self.open)
                self.open = alone

    @property
    def spans(self) -> list[Span]:
        return [*self.closed, *([] if self.open is None else [self.open])]


moments = st.lists(st.integers(0, 600).map(at), min_size=1, max_size=40)


@given(moments)
def test_in_any_order_every_image_is_in_an_event_and_no_event_is_too_long(
    images: list[datetime],
) -> None:
    camera = Camera()
    for image in images:
        camera.see(image)
    for image in images:
        assert any(s.started_at <= image <= s.last_activity_at for s in camera.spans)
    for event in camera.spans:
        assert event.last_activity_at - event.started_at <= timedelta(seconds=90)
        assert event.started_at in images
        assert event.last_activity_at in images


@given(moments)
def test_in_order_events_do_not_overlap_and_none_ends_early(images: list[datetime]) -> None:
    camera = Camera()
    for image in sorted(images):
        camera.see(image)
    spans = sorted(camera.spans, key=lambda s: s.started_at)
    for before, after in itertools.pairwise(spans):
        assert before.last_activity_at < after.started_at
        assert not reaches(before, after.started_at, SETTINGS)


@given(moments)
def test_due_is_never_before_the_last_image(images: list[datetime]) -> None:
    camera = Camera()
    for image in images:
        camera.see(image)
        for event in camera.spans:
            assert due_at(event, SETTINGS) >= event.last_activity_at


def image(second: float, *labels: str) -> Image:
    return Image(
        id=int(second),
        camera="front",
        path=f"{second}.jpg",
        size=1,
        mtime_ns=0,
        captured_at=START + timedelta(seconds=second),
        found_at=START,
        state=ImageState.DETECTED,
        detections=tuple(
            Detection(label=label, confidence=0.9, box=Box(x1=0.1, y1=0.1, x2=0.3, y2=0.5))
            for label in labels
        ),
    )


def seconds(images: Sequence[Image]) -> list[float]:
    return [(each.captured_at - START).total_seconds() for each in images]


def test_an_event_has_its_own_images_and_those_before_but_not_those_of_the_next_event() -> None:
    seen = [
        image(0, "person"),
        *(image(s, "person") for s in (100, 125, 150, 175, 190)),
        image(200, "person"),
    ]
    spans = spans_of(seen, Settings())

    assert [tuple(map(seconds, images_of(span, seen, Settings()))) for span in spans] == [
        ([0], []),
        ([100, 125, 150, 175, 190], [0]),
        ([200], [0, 100, 125, 150, 175, 190]),
    ]


def test_images_that_open_no_event_belong_to_the_event_before_until_it_is_over() -> None:
    seen = [image(0), image(10, "person"), image(20), image(30, "chair"), image(41)]
    [span] = spans_of(seen, Settings())

    own, history = images_of(span, seen, Settings())

    assert (seconds(own), seconds(history)) == ([10, 20, 30], [0])
