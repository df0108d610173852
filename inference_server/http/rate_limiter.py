"""Limit the rate of requests per client."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
import math
from time import monotonic

from inference_server.errors import RateLimitedError

_CLIENTS = 4096  # remembered; the least recently seen one is forgotten first


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class RateLimiter:
    """A token bucket per client, refilled steadily up to the size of a burst."""

    def __init__(
        self,
        per_second: float,
        *,
        burst: float,
        refusal: str = "This client sends too many requests; slow down (RATE_LIMIT).",
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """There is no limit if `per_second` is 0; `refusal` is the detail of the error."""
        self._per_second = per_second
        self._burst = burst
        self._refusal = refusal
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def acquire(self, client: str) -> None:
        """Count one request of the client; raises RateLimitedError."""
        now = self._clock()
        bucket = self._buckets.setdefault(client, _Bucket(self._burst, now))
        bucket.tokens = min(self._burst, bucket.tokens + (now - bucket.at) * self._per_second)
        bucket.at = now
        self._buckets.move_to_end(client)
        if len(self._buckets) > _CLIENTS:
            self._buckets.popitem(last=False)
        if self._per_second and bucket.tokens < 1:
            raise RateLimitedError(
                self._refusal,
                retry_after_s=max(1, math.ceil((1 - bucket.tokens) / self._per_second)),
            )
        bucket.tokens -= 1
