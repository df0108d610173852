"""The delay before a failed job is retried."""

from datetime import timedelta

from ..domain.settings import Settings


def retry_delay(failures: int, *, jitter: float, settings: Settings) -> timedelta:
    """Return the delay after a number of failures (1 or more).

    It doubles from `retry_base` up to `retry_max`. `jitter`, a random number from 0 to 1, adds up
    to the share `retry_jitter` of it, so that jobs that failed together retry at different times.
    """
    doublings = min(failures - 1, 32)  # far past retry_max, and no overflow
    delay = min(settings.retry_base * 2**doublings, settings.retry_max)
    return timedelta(seconds=delay * (1 + settings.retry_jitter * jitter))
