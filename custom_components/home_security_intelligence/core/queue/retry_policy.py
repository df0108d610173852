"""What a failure means for a job: wait, try again or give up. The only place that decides it."""

from collections.abc import Sequence
from datetime import timedelta
import random

from sqlalchemy.ext.asyncio import AsyncConnection

from ..aio.backoff import retry_delay
from ..domain.errors import AssessorAnswerError, CoreError, PictureAwayError, ServerBusyError
from ..domain.models import FailureClass
from ..domain.settings import Settings
from ..domain.updates import Update
from ..store import leases
from ..store.leases import ClaimedJob, Failure
from .handler import DeadJobHandler

_IN_COMPANY = 3  # deaths, with whatever else in hand, that weigh as much as one alone


def failure_of(error: Exception) -> Failure:
    """Return what is kept of an error."""
    if isinstance(error, CoreError):
        return Failure(failure=error.failure, error_type=error.code, message=str(error))
    # Not an error raised on purpose: its type is all that can be relied on.
    name = type(error).__name__
    return Failure(
        failure=FailureClass.UNKNOWN,
        error_type=name,
        message=f"{name}: {error}" if str(error) else name,
    )


async def settle(
    connection: AsyncConnection,
    stage: DeadJobHandler,
    job: ClaimedJob,
    error: Exception,
    *,
    in_a_row: int,
    settings: Settings,
) -> Sequence[Update]:
    """Let a failed job wait or make it a dead letter; raises LeaseLostError.

    `in_a_row` is how many jobs of the kind have failed in a row because of the server.
    """
    failure = failure_of(error)
    match failure.failure:
        case FailureClass.CAPACITY | FailureClass.OUTAGE:
            delay = _delay(max(in_a_row, 1), settings)
            if isinstance(error, ServerBusyError) and error.retry_after is not None:
                delay = max(
                    delay, timedelta(seconds=min(error.retry_after, settings.breaker_recovery))
                )
            if isinstance(error, PictureAwayError):
                # There may be thousands of them, and others' pictures that can be looked at.
                delay = timedelta(seconds=settings.retry_max)
            await leases.postpone(connection, job, failure, delay=delay, spend_attempt=False)
            return ()
        case FailureClass.UNKNOWN if job.attempts + 1 < settings.max_attempts and not _told_in_vain(
            job, error
        ):
            delay = _delay(job.attempts + 1, settings)
            await leases.postpone(connection, job, failure, delay=delay, spend_attempt=True)
            return ()
        case _:
            await stage.lock(connection, job)
            await leases.give_up(
                connection, job, failure, spend_attempt=failure.failure is FailureClass.UNKNOWN
            )
            return await stage.bury(connection, job, failure)


async def settle_crash(
    connection: AsyncConnection, stage: DeadJobHandler, job: ClaimedJob, settings: Settings
) -> Sequence[Update]:
    """Let a job whose worker died wait, or make it a dead letter after too many such deaths.

    It may have been something else in hand that the worker died of, so only deaths while the
    worker did nothing but this count; of any others it takes far more.
    Raises LeaseLostError when its worker was heard of after all.
    """
    crashes, alone = job.crashes + 1, job.lone_crashes + int(job.alone)
    failure = Failure(
        failure=FailureClass.CRASH,
        error_type="worker_lost",
        message=f"the worker was lost {_times(crashes)} while it worked on this, {_times(alone)} of"
        " them while it did nothing else"
        if crashes > 1
        else "the worker was lost while it worked on this",
    )
    if alone < settings.max_crashes and crashes < _IN_COMPANY * settings.max_crashes:
        delay = _delay(crashes, settings)
        await leases.record_crash(connection, job, failure, delay=delay)
        return ()
    await stage.lock(connection, job)
    await leases.record_crash(connection, job, failure, delay=None)
    return await stage.bury(connection, job, failure)


def _told_in_vain(job: ClaimedJob, error: Exception) -> bool:
    """Tell whether a language model that was told of a mistake has made the same again.

    It would every time: at temperature 0 the same question has the same answer.
    """
    return (
        isinstance(error, AssessorAnswerError) and job.attempts > 0 and job.error_type == error.code
    )


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _delay(failures: int, settings: Settings) -> timedelta:
    jitter = random.random()  # noqa: S311 - spreads load, guards nothing
    return retry_delay(failures, jitter=jitter, settings=settings)
