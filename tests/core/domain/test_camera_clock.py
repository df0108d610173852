"""What the times that images state show about their camera's clock."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st
import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.domain.camera_clock import CameraClock, ClockOffset, ClockReading, difference

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
WRONG = {
    "no summer time": -HOUR,
    "61 minutes behind": -61 * timedelta(minutes=1),
    "in UTC": -2 * HOUR,
    "in another time zone": timedelta(hours=5, minutes=45),
    "an hour ahead": HOUR,
    "set to tomorrow": timedelta(days=1),
    "reset to 2015": datetime(2015, 1, 1, tzinfo=UTC) - NOON,
    "reset to 2000": datetime(2000, 1, 1, tzinfo=UTC) - NOON,
    "reset to 1970": datetime(1970, 1, 1, tzinfo=UTC) - NOON,
    "half a minute behind": -30 * SECOND,
}


def at(seconds: float) -> datetime:
    return NOON + seconds * SECOND


def live(seconds: float, offset: timedelta, *, upload: float = 1.0) -> ClockReading:
    """Return an image taken at a second by a clock with an offset, and uploaded at once."""
    return ClockReading(stated_at=at(seconds) + offset, arrived_at=at(seconds + upload))


def late(taken: float, arrived: float, offset: timedelta = timedelta(0)) -> ClockReading:
    """Return an image taken at a second by a clock with an offset, and uploaded later."""
    return ClockReading(stated_at=at(taken) + offset, arrived_at=at(arrived))


def right_clock() -> CameraClock:
    return CameraClock(ClockOffset(offset=timedelta(0), confirmed_at=at(-3600)))


def dated(clock: CameraClock, readings: Iterable[ClockReading]) -> list[datetime]:
    """Return when images that arrive one by one were taken."""
    taken = []
    for reading in readings:
        clock.observe([reading])
        taken.append(clock.taken_at(reading))
    return taken


def offset_of(clock: CameraClock) -> timedelta | None:
    return None if clock.known is None else clock.known.offset


def events(offset: timedelta, count: int = 4, start: float = 0.0) -> list[ClockReading]:
    """Return events of three images each, ten minutes apart."""
    return [
        live(start + 600 * event + second, offset) for event in range(count) for second in range(3)
    ]


def assert_now(
    taken: Sequence[datetime], readings: Sequence[ClockReading], within: float = 5
) -> None:
    for moment, reading in zip(taken, readings, strict=True):
        assert timedelta(0) <= reading.arrived_at - moment <= within * SECOND


@pytest.mark.parametrize("offset", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("known", [True, False], ids=["was right", "new camera"])
def test_images_of_a_wrong_clock_are_of_now_from_the_first_on(
    offset: timedelta, known: bool
) -> None:
    clock = right_clock() if known else CameraClock()
    readings = events(offset)
    assert_now(dated(clock, readings), readings, within=5 if abs(offset) > HOUR / 60 else 35)
    learned = offset_of(clock)
    assert learned is not None
    assert abs(learned - offset) <= 5 * SECOND


@pytest.mark.parametrize("offset", WRONG.values(), ids=WRONG)
def test_a_clock_that_is_set_right_is_followed(offset: timedelta) -> None:
    clock = CameraClock(ClockOffset(offset=offset, confirmed_at=at(-60)))
    readings = events(timedelta(0), count=2)
    taken = dated(clock, readings)
    within = 31 if abs(offset) < HOUR / 60 else 1
    for moment, reading in zip(taken, readings, strict=True):
        assert abs(moment - reading.stated_at) <= within * SECOND
    assert offset_of(clock) == timedelta(0)


@pytest.mark.parametrize("step", [1.0, 5.0, 17.0, 600.0], ids="{:g} s apart".format)
@pytest.mark.parametrize("offset", [timedelta(0), -HOUR, HOUR], ids=["right", "behind", "ahead"])
def test_a_backlog_is_no_wrong_clock(step: float, offset: timedelta) -> None:
    """Images that waited for the network come in a burst, and keep the times they were taken at."""
    clock = CameraClock(ClockOffset(offset=offset, confirmed_at=at(-20_000)))
    backlog = [late(-10_000 + step * n, 0.2 * n, offset) for n in range(int(9000 / step) + 1)]
    taken = dated(clock, backlog)
    wrong = [n for n, moment in enumerate(taken) if moment != at(-10_000 + step * n)]
    assert not wrong
    assert offset_of(clock) == offset


@pytest.mark.parametrize("waited", [3600, 5400, 86_400], ids="{} s".format)
def test_only_the_first_images_of_a_backlog_may_look_like_a_wrong_clock(waited: int) -> None:
    """It is late by exactly what summer time or a time zone would make it late by."""
    clock = right_clock()
    backlog = [late(10 * n - waited, n) for n in range(300)]
    taken = dated(clock, backlog)
    wrong = [n for n, moment in enumerate(taken) if moment != at(10 * n - waited)]
    assert set(wrong) <= set(range(3))
    assert offset_of(clock) == timedelta(0)
    # With the next images at hand, not even the first does.
    clock = right_clock()
    assert clock.date(backlog) == [at(10 * n - waited) for n in range(300)]


@pytest.mark.parametrize("offset", [timedelta(0), -HOUR, HOUR], ids=["right", "behind", "ahead"])
def test_a_backlog_may_be_uploaded_as_slowly_as_it_was_taken(offset: timedelta) -> None:
    """Each event takes two minutes to upload, as long as it lasted; it began hours earlier."""
    clock = CameraClock(ClockOffset(offset=offset, confirmed_at=at(-20_000)))
    readings = [
        late(-16_700 + 900 * event + 5 * n, 130 * event + 5 * n, offset)
        for event in range(10)
        for n in range(25)
    ]
    taken = dated(clock, readings)
    assert taken == [reading.stated_at - offset for reading in readings]
    assert offset_of(clock) == offset


def test_files_copied_in_any_order_keep_their_times() -> None:
    clock = right_clock()
    copied = [late(-86_400.0 * 40 + 977 * n % 50_000, 0.01 * n) for n in range(60)]
    taken = dated(clock, copied)
    assert taken[1:] == [reading.stated_at for reading in copied[1:]]
    assert offset_of(clock) == timedelta(0)


@pytest.mark.parametrize("delay", [90, 185, 400, 2000])
def test_a_retried_upload_keeps_its_time(delay: int) -> None:
    clock = right_clock()
    readings = [*events(timedelta(0), count=1), late(0.5, delay), live(delay + 5, timedelta(0))]
    taken = dated(clock, readings)
    assert taken[3:] == [at(0.5), at(delay + 5)]
    assert offset_of(clock) == timedelta(0)


def test_late_images_between_live_ones_keep_their_times() -> None:
    """The camera uploads what waited beside its new images; exactly an hour late, at that."""
    clock = right_clock()
    readings = [
        reading
        for n in range(10)
        for reading in (live(10 * n, timedelta(0)), late(10 * n - 3600 + 5, 10 * n + 5))
    ]
    taken = dated(clock, readings)
    wrong = [n for n, (moment, one) in enumerate(zip(taken, readings, strict=True))
             if moment != one.stated_at]  # fmt: skip
    assert set(wrong) <= {1}
    assert offset_of(clock) == timedelta(0)


@pytest.mark.parametrize("known", [True, False], ids=["was right", "new camera"])
def test_a_stated_time_that_stands_still_is_of_no_clock(known: bool) -> None:
    """Every image states the time at which the camera's software was made."""
    clock = right_clock() if known else CameraClock()
    made = datetime(2015, 1, 1, tzinfo=UTC)
    readings = [ClockReading(stated_at=made, arrived_at=at(20 * n)) for n in range(30)]
    assert_now(dated(clock, readings), readings, within=21)
    assert offset_of(clock) == (timedelta(0) if known else None)


def test_a_clock_that_is_set_wrong_and_right_again_within_minutes() -> None:
    clock = right_clock()
    offsets = [timedelta(0)] * 3 + [HOUR] * 5 + [timedelta(0)] * 3
    readings = [live(30 * n, offset) for n, offset in enumerate(offsets)]
    assert_now(dated(clock, readings), readings)


@pytest.mark.parametrize("per_day", [-9, -2, 2, 9], ids="{} s a day".format)
@pytest.mark.parametrize("pause", [1, 20], ids=["daily", "rarely"])
def test_a_drifting_clock_is_followed(per_day: int, pause: int) -> None:
    clock = CameraClock()
    for day in range(0, 400, pause):
        offset = per_day * day * SECOND
        readings = [live(86_400 * day + 40 * n, offset) for n in range(5)]
        assert_now(dated(clock, readings), readings, within=61)
    learned = offset_of(clock)
    assert learned is not None
    assert abs(learned - offset) <= 15 * SECOND


def test_images_of_one_event_keep_the_order_of_their_clock() -> None:
    """Uploads overtake each other."""
    clock = right_clock()
    delays = (3.0, 1.2, 2.5, 0.4, 4.0, 1.0)
    readings = [live(n, -HOUR, upload=delay) for n, delay in enumerate(delays)]
    taken = clock.date(readings)
    assert taken == sorted(taken)
    assert len(set(taken)) == len(taken)


def test_older_images_are_corrected_unless_their_clock_was_right() -> None:
    clock = CameraClock(ClockOffset(offset=-HOUR, confirmed_at=at(0)))
    assert clock.corrected(at(-7200), at(-3600)) == at(-3600)  # written as it was taken
    assert clock.corrected(at(-7200), at(50_000)) == at(-3600)  # copied later
    assert clock.corrected(at(-7200), at(-7199)) == at(-7200)  # the clock was right at that time
    reset = CameraClock(ClockOffset(offset=-timedelta(days=9000), confirmed_at=at(0)))
    assert reset.corrected(at(-7200), at(-100)) == at(-7200)  # taken before the reset


def test_the_offset_of_another_worker_is_adopted_if_it_is_newer() -> None:
    clock = CameraClock(ClockOffset(offset=HOUR, confirmed_at=at(0)))
    clock.adopt(ClockOffset(offset=-HOUR, confirmed_at=at(-1)))
    clock.adopt(None)
    assert offset_of(clock) == HOUR
    clock.adopt(ClockOffset(offset=-HOUR, confirmed_at=at(1)))
    assert offset_of(clock) == -HOUR


@pytest.mark.parametrize(
    ("offset", "words"),
    [
        (-timedelta(minutes=61), "61 minutes behind"),
        (timedelta(hours=5, minutes=45), "5 hours 45 minutes ahead"),
        (-timedelta(hours=2), "2 hours behind"),
        (-timedelta(days=3), "3 days behind"),
        (-timedelta(days=9663), "26 years behind"),
        (timedelta(minutes=2), "2 minutes ahead"),
    ],
)
def test_an_offset_in_words(offset: timedelta, words: str) -> None:
    assert difference(offset) == words


moments = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
near = st.floats(-5000, 5000).map(at)
readings = st.lists(
    st.builds(ClockReading, stated_at=st.one_of(near, moments), arrived_at=near),
    min_size=1,
    max_size=30,
)


@given(readings, st.integers(1, 30))
def test_an_image_is_never_taken_after_it_arrived(given: list[ClockReading], size: int) -> None:
    clock = CameraClock()
    for start in range(0, len(given), size):
        batch = given[start : start + size]
        for reading, taken in zip(batch, clock.date(batch), strict=True):
            assert taken <= reading.arrived_at
            assert isinstance(clock.corrected(reading.stated_at, reading.arrived_at), datetime)


@given(
    st.timedeltas(-timedelta(days=9000), timedelta(days=3000)),
    st.lists(st.floats(0.5, 15), min_size=12, max_size=12),
    st.floats(15, 4000),
)
def test_a_constant_offset_is_learned_whatever_the_uploads_take(
    offset: timedelta, uploads: list[float], pause: float
) -> None:
    clock = CameraClock()
    taken = dated(clock, [live(pause * n, offset, upload=u) for n, u in enumerate(uploads)])
    learned = offset_of(clock)
    assert learned is not None
    assert abs(learned - offset) <= 16 * SECOND
    # The last one is dated by it, and so the event is now.
    assert abs(taken[-1] - at(pause * 11)) <= 31 * SECOND
