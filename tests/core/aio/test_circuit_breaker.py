"""The circuit breaker: when it opens, when it allows a trial, and whom it notifies."""

from datetime import UTC, datetime, timedelta

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.aio.circuit_breaker import CircuitBreaker
from hsi_core.domain.updates import BreakerStatus

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Guarded:
    """A breaker with a clock that the test sets and the statuses it published."""

    def __init__(self, *, failures: int = 3) -> None:
        self.seconds = 0.0
        self.published: list[BreakerStatus] = []
        self.breaker = CircuitBreaker(
            failures=failures,
            recovery=60,
            now=lambda: NOON + timedelta(seconds=self.seconds),
            clock=lambda: self.seconds,
            on_change=lambda: self.published.append(self.breaker.status),
        )


def opened() -> Guarded:
    guarded = Guarded()
    for _ in range(3):
        assert guarded.breaker.seconds_until_ready() == 0
        guarded.breaker.enter().failure("unreachable")
    return guarded


def test_consecutive_failures_open_it() -> None:
    guarded = opened()
    assert guarded.breaker.is_open
    assert guarded.breaker.seconds_until_ready() == 60
    assert guarded.breaker.status == BreakerStatus(
        open_until=NOON + timedelta(seconds=60), reason="unreachable"
    )


def test_a_success_resets_the_count() -> None:
    breaker = Guarded().breaker
    for _ in range(5):
        breaker.enter().failure("timeout")
        breaker.enter().failure("timeout")
        breaker.enter().success()
    assert not breaker.is_open


def test_after_recovery_one_trial_is_allowed() -> None:
    guarded = opened()
    breaker = guarded.breaker
    guarded.seconds = 60
    assert breaker.seconds_until_ready() == 0
    trial = breaker.enter()
    assert breaker.seconds_until_ready() > 0
    trial.success()
    assert not breaker.is_open
    assert (breaker.seconds_until_ready(), breaker.status) == (0, BreakerStatus())


def test_a_failed_trial_opens_it_again() -> None:
    guarded = opened()
    guarded.seconds = 61
    guarded.breaker.enter().failure("timeout")
    assert guarded.breaker.seconds_until_ready() == 60
    assert guarded.breaker.status.reason == "timeout"


def test_an_abandoned_trial_leaves_the_next_one_free() -> None:
    guarded = opened()
    guarded.seconds = 60
    guarded.breaker.enter().abandon()
    assert guarded.breaker.is_open
    assert guarded.breaker.seconds_until_ready() == 0


def test_a_call_started_before_it_opened_is_no_trial() -> None:
    guarded = Guarded(failures=1)
    breaker = guarded.breaker
    slow, other = breaker.enter(), breaker.enter()
    other.failure("unreachable")
    guarded.seconds = 30
    slow.failure("unreachable")
    assert breaker.seconds_until_ready() == 30
    guarded.seconds = 60
    breaker.enter()
    slow.abandon()
    assert breaker.seconds_until_ready() > 0


def test_the_servers_retry_after_shortens_the_wait() -> None:
    breaker = Guarded(failures=1).breaker
    breaker.enter().failure("overloaded", retry_after=5)
    assert breaker.seconds_until_ready() == 5


def test_each_change_of_status_is_published_once() -> None:
    guarded = opened()
    guarded.breaker.close()
    guarded.breaker.close()
    assert [status.reason for status in guarded.published] == ["unreachable", None]
