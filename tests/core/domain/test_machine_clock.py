"""A clock of the machine that is wrong is noticed, whichever way it was set."""

from datetime import UTC, datetime, timedelta

import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.domain.machine_clock import MachineClock

START = datetime(2026, 11, 30, 12, tzinfo=UTC)
DAY = timedelta(days=1)


class Machine:
    """A machine whose clock may be set, and a clock that only goes on."""

    def __init__(self, wrong_by: timedelta = timedelta()) -> None:
        self.passed = timedelta()
        self.asleep = timedelta()
        self.wrong_by = wrong_by
        self.clock = MachineClock(
            lambda: self.true_time + self.wrong_by,
            elapsed=self._elapsed,
            awake=self._awake,
        )

    def _elapsed(self) -> float:
        return self.passed.total_seconds()

    def _awake(self) -> float:
        return (self.passed - self.asleep).total_seconds()

    @property
    def true_time(self) -> datetime:
        return START + self.passed

    def wait(self, span: timedelta, *, database: bool = False) -> None:
        """Let time pass, with comparisons as the pipeline makes them."""
        for _ in range(4):
            self.passed += span / 4
            self.clock.observe(database=self.true_time if database else None)


@pytest.mark.parametrize("database", [False, True])
def test_a_right_clock_is_not_doubted(database: bool) -> None:
    machine = Machine()
    machine.wait(400 * DAY, database=database)
    assert machine.clock.doubt() is None
    assert machine.clock.latest() == machine.true_time


def test_a_jump_ahead_is_doubted_until_it_is_over() -> None:
    machine = Machine()
    machine.wait(DAY)
    machine.wrong_by = 60 * DAY
    assert machine.clock.doubt() == "the clock of this machine jumped ahead by 60 days"
    machine.wait(timedelta(seconds=2))
    machine.wrong_by = timedelta()
    assert machine.clock.doubt() is None
    machine.wait(DAY)
    assert machine.clock.doubt() is None


def test_a_clock_that_was_set_right_is_believed_after_a_day() -> None:
    machine = Machine(wrong_by=-60 * DAY)
    machine.wait(DAY)
    machine.wrong_by = timedelta()
    machine.wait(DAY / 2)
    assert machine.clock.doubt() is not None
    machine.wait(DAY)
    assert machine.clock.doubt() is None
    assert machine.clock.latest() == machine.true_time


def test_a_clock_ahead_of_the_databases_is_doubted() -> None:
    machine = Machine(wrong_by=timedelta(hours=14))
    machine.wait(DAY, database=True)
    assert machine.clock.doubt() == "the clock of this machine is 14 hours ahead of PostgreSQL's"
    behind = Machine(wrong_by=-60 * DAY)
    behind.wait(DAY, database=True)
    assert behind.clock.doubt() is None  # nothing is deleted too early
    assert behind.clock.latest() == behind.true_time


def test_the_latest_time_is_known_while_the_clock_is_set_back() -> None:
    machine = Machine()
    machine.wait(DAY)
    machine.wrong_by = -60 * DAY
    assert machine.clock.latest() == machine.true_time
    assert machine.clock.doubt() is None
    machine.wrong_by = timedelta()
    assert machine.clock.doubt() is None


@pytest.mark.parametrize(
    ("wrong_by", "newest", "expected"),
    [
        (-60 * DAY, START, START),
        # A clock without a battery starts long before the first version.
        (-10_000 * DAY, START, START),
        # An image that was found while the clock was decades ahead.
        (timedelta(), START + 10_000 * DAY, START),
    ],
)
def test_the_newest_image_is_known_when_the_clock_starts_behind(
    wrong_by: timedelta, newest: datetime, expected: datetime
) -> None:
    machine = Machine(wrong_by)
    machine.clock.observe(newest=newest)
    assert machine.clock.latest() == expected


def test_an_image_of_the_future_is_forgotten_after_a_day() -> None:
    machine = Machine()
    machine.clock.observe(newest=START + 60 * DAY)
    assert machine.clock.latest() == START + 60 * DAY
    machine.wait(DAY)
    assert machine.clock.latest() == machine.true_time


@pytest.mark.parametrize(
    ("set_by", "asleep", "interrupted"),
    [
        (timedelta(), timedelta(), False),
        (timedelta(seconds=50), timedelta(), False),  # a correction
        (timedelta(minutes=2), timedelta(), True),
        (timedelta(minutes=-2), timedelta(), True),
        (timedelta(), timedelta(minutes=2), True),
    ],
)
def test_moments_tell_whether_the_machine_was_interrupted(
    set_by: timedelta, asleep: timedelta, *, interrupted: bool
) -> None:
    machine = Machine()
    before = machine.clock.read()
    machine.wrong_by, machine.asleep = set_by, asleep
    machine.wait(DAY)
    assert machine.clock.read().was_interrupted_since(before) is interrupted


def test_a_machine_that_slept_is_not_doubted() -> None:
    machine = Machine()
    machine.asleep = DAY
    machine.wait(DAY)
    assert machine.clock.doubt() is None
    assert machine.clock.latest() == machine.true_time
