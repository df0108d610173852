"""How long a job waits before it is tried again."""

from datetime import timedelta

from ..domain.settings import Settings


def retry_delay(failures: int, *, jitter: float, settings: Settings) -> timedelta:
    """Return the wait after the given number of failures (1 or more).

    It doubles from `retry_base` up to `retry_max`; `jitter` (0-1) is the caller's random number
    and adds up to `retry_jitter` of it, so that jobs that failed together part ways.
    """
    doublings = min(failures - 1, 32)  # far past retry_max, and no overflow
    delay = min(settings.retry_base * 2**doublings, settings.retry_max)
    return timedelta(seconds=delay * (1 + settings.retry_jitter * jitter))
