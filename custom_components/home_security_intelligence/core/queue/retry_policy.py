"""Retry policy: what a failure or a crash means for a job. It decides; the store carries it out."""

from datetime import timedelta

from ..aio.backoff import retry_delay
from ..domain.errors import (
    AssessorAnswerError,
    CameraFolderAwayError,
    CoreError,
    ImageAwayError,
    ImageForbiddenError,
    ServerBusyError,
    ServerLimitError,
)
from ..domain.models import FailureClass
from ..domain.settings import Settings
from ..store.leases import ClaimedJob, Failure, RetryDecision

_UNISOLATED_FACTOR = 3  # crashes beside other jobs that weigh as much as one in isolation


def decide(
    job: ClaimedJob,
    error: Exception,
    *,
    failures_in_a_row: int,
    jitter: float,
    settings: Settings,
) -> RetryDecision:
    """Decide about a job whose processing raised an error.

    `failures_in_a_row` counts jobs of the kind that failed because of the server or the folders.
    `jitter` is a random number from 0 to 1.
    """
    failure = describe(error)
    match failure.failure:
        case FailureClass.CAPACITY | FailureClass.OUTAGE:
            delay = _outage_delay(error, max(failures_in_a_row, 1), jitter, settings)
            is_away = isinstance(error, (CameraFolderAwayError, ImageForbiddenError))
            return RetryDecision(failure=failure, delay=delay, is_away=is_away)
        case FailureClass.UNKNOWN:
            attempts = job.attempts + 1
            final = attempts >= settings.max_attempts or _repeats_answer(job, error)
            delay = retry_delay(attempts, jitter=jitter, settings=settings)
            return RetryDecision(
                failure=failure, delay=None if final else delay, spends_attempt=True
            )
        case _:
            return RetryDecision(failure=failure, delay=None)


def decide_crash(job: ClaimedJob, *, jitter: float, settings: Settings) -> RetryDecision:
    """Decide about a job whose worker died.

    It becomes a dead letter after `max_crashes` crashes in isolation, or after three times as many
    crashes in all: beside other jobs, another one may have caused the crash.
    """
    crashes, isolated = job.crashes + 1, job.isolated_crashes + int(job.isolated)
    final = isolated >= settings.max_crashes or crashes >= _UNISOLATED_FACTOR * settings.max_crashes
    message = "the worker died while it processed this job"
    if crashes > 1:
        message = f"the worker died {crashes} times while it processed this job, {isolated} of them"
        message += " while it processed no other job"
    return RetryDecision(
        failure=Failure(failure=FailureClass.CRASH, error_type="worker_lost", message=message),
        delay=None if final else retry_delay(crashes, jitter=jitter, settings=settings),
        counts_crash=True,
    )


def describe(error: Exception) -> Failure:
    """Return what is stored of an error."""
    if isinstance(error, CoreError):
        return Failure(failure=error.failure, error_type=error.code, message=str(error))
    # An unexpected error: only its type is a reliable code.
    name = type(error).__name__
    return Failure(
        failure=FailureClass.UNKNOWN,
        error_type=name,
        message=f"{name}: {error}" if str(error) else name,
    )


def _outage_delay(error: Exception, failures: int, jitter: float, settings: Settings) -> timedelta:
    delay = retry_delay(failures, jitter=jitter, settings=settings)
    if isinstance(error, ImageAwayError | ServerLimitError):
        # Thousands of images may wait for a person; retries leave room for those of other cameras.
        return timedelta(seconds=settings.retry_max)
    if isinstance(error, ServerBusyError) and error.retry_after is not None:
        asked = timedelta(seconds=min(error.retry_after, settings.breaker_recovery))
        return max(delay, asked)
    return delay


def _repeats_answer(job: ClaimedJob, error: Exception) -> bool:
    """Return whether the language model repeated a mistake that the prompt had pointed out.

    It would repeat it every time: at temperature 0 the same prompt gets the same answer.
    """
    return (
        isinstance(error, AssessorAnswerError) and job.attempts > 0 and job.error_type == error.code
    )
