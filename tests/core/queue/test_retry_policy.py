"""The retry policy, as a table: what each failure means for a job."""

from datetime import timedelta

import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.domain.errors import (
    AssessorAnswerError,
    CameraFolderAwayError,
    ClientError,
    ImageUnreadableError,
    InputUnservedError,
    ResponseLostError,
    ServerBusyError,
    ServerForbiddenError,
    ServerLimitError,
    ServerLostError,
    ServerUnreachableError,
    StorageFailedError,
)
from hsi_core.domain.models import FailureClass, JobKind
from hsi_core.domain.settings import Settings
from hsi_core.queue.retry_policy import decide, decide_crash, describe
from hsi_core.store.leases import ClaimedJob

SETTINGS = Settings()


def job(**changed: object) -> ClaimedJob:
    values: dict[str, object] = {
        "id": 1,
        "kind": JobKind.DETECT,
        "fence": 1,
        "camera": "front",
        "image_id": 1,
        "event_id": None,
        "attempts": 0,
        "crashes": 0,
        "requeues": 0,
    }
    return ClaimedJob(**(values | changed))  # type: ignore[arg-type]  # names of its fields


@pytest.mark.parametrize(
    ("attempts", "error", "delay", "spends_attempt"),
    [
        pytest.param(0, ImageUnreadableError("gone"), None, False, id="input is final"),
        pytest.param(0, ClientError("500"), 1, True, id="first unknown failure"),
        pytest.param(1, StorageFailedError("EIO"), 2, True, id="second unknown failure"),
        pytest.param(2, ClientError("500"), None, True, id="last attempt"),
        pytest.param(0, ValueError("bug"), 1, True, id="unexpected error"),
        pytest.param(2, ServerUnreachableError("refused"), 4, False, id="outage costs nothing"),
        pytest.param(2, ServerLostError("closed"), 4, False, id="a lost server is an outage"),
        pytest.param(2, ResponseLostError("closed"), 4, False, id="also in a response"),
        pytest.param(2, ServerForbiddenError("403"), 4, False, id="a firewall is an outage"),
        pytest.param(
            2,
            InputUnservedError("again", may_stop_server=True),
            None,
            True,
            id="unless others are answered",
        ),
        pytest.param(2, ServerBusyError("429"), 4, False, id="capacity costs nothing"),
        pytest.param(
            0, ServerBusyError("429", retry_after=9), 9, False, id="the server's delay counts"
        ),
        pytest.param(
            0, ServerBusyError("429", retry_after=1), 4, False, id="unless the backoff is longer"
        ),
        pytest.param(
            0, ServerBusyError("429", retry_after=9999), 60, False, id="up to the recovery time"
        ),
        pytest.param(2, ServerLimitError("413"), 30, False, id="a limit waits for the owner"),
        pytest.param(0, CameraFolderAwayError("away"), 30, False, id="files away wait longest"),
        pytest.param(
            1, AssessorAnswerError("again", code="claim"), None, True, id="repeated model mistake"
        ),
        pytest.param(1, AssessorAnswerError("new", code="other"), 2, True, id="new model mistake"),
    ],
)
def test_a_failure_is_decided_by_its_class(
    attempts: int, error: Exception, delay: float | None, *, spends_attempt: bool
) -> None:
    failed = job(attempts=attempts, error_type="claim" if attempts else None)
    decision = decide(failed, error, failures_in_a_row=3, jitter=0, settings=SETTINGS)
    assert decision.delay == (None if delay is None else timedelta(seconds=delay))
    assert decision.is_final is (delay is None)
    assert decision.spends_attempt is spends_attempt
    assert not decision.counts_crash


@pytest.mark.parametrize(
    ("crashes", "isolated_crashes", "isolated", "final"),
    [
        (0, 0, True, False),
        (2, 2, True, True),  # the third crash in isolation
        (2, 2, False, False),
        (7, 2, False, False),
        (8, 2, False, True),  # the ninth crash beside other jobs
        (8, 0, True, True),
    ],
)
def test_crashes_in_isolation_weigh_more(
    crashes: int, isolated_crashes: int, *, isolated: bool, final: bool
) -> None:
    crashed = job(crashes=crashes, isolated_crashes=isolated_crashes, isolated=isolated)
    decision = decide_crash(crashed, jitter=0, settings=SETTINGS)
    assert decision.is_final is final
    assert decision.counts_crash
    assert not decision.spends_attempt
    assert decision.failure.failure is FailureClass.CRASH


def test_the_message_of_a_crash_says_how_often() -> None:
    crashed = job(crashes=3, isolated_crashes=2, isolated=True)
    message = decide_crash(crashed, jitter=0, settings=SETTINGS).failure.message
    assert "4 times" in message
    assert "3 of them" in message


def test_jitter_adds_to_the_delay() -> None:
    delays = [
        decide(job(), ClientError("500"), failures_in_a_row=0, jitter=jitter, settings=SETTINGS)
        for jitter in (0.0, 1.0)
    ]
    assert [each.delay for each in delays] == [timedelta(seconds=1), timedelta(seconds=1.25)]


def test_an_unexpected_error_is_described_by_its_type() -> None:
    failure = describe(KeyError("x"))
    assert (failure.failure, failure.error_type) == (FailureClass.UNKNOWN, "KeyError")
    assert failure.message == "KeyError: 'x'"
