"""How long a job waits before it is tried again."""

from datetime import timedelta

from .settings import Settings


def retry_delay(failures: int, *, jitter: float, settings: Settings) -> timedelta:
    """Return the wait after the given number of failures (1 or more).

    It doubles from `retry_base` up to `retry_max`; `jitter` (0-1) is the caller's random number
    and adds up to `retry_jitter` of it, so that jobs that failed together part ways.
    """
    doublings = min(failures - 1, 32)  # far past retry_max, and no overflow
    delay = min(settings.retry_base * 2**doublings, settings.retry_max)
    return timedelta(seconds=delay * (1 + settings.retry_jitter * jitter))


def crash_delay(crashes: int, *, jitter: float, settings: Settings) -> timedelta:
    """Return the wait after a worker has died of a job, or of another one in its hands.

    `jitter` (0-1) spreads jobs that were lost together over the time of a lease: a job that kills
    its worker each time does not take the same others along until they count as poison as well.
    """
    apart = timedelta(seconds=settings.lease * jitter)
    return retry_delay(crashes, jitter=jitter, settings=settings) + apart
