"""How often one client may ask."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
import math
from time import monotonic

from inference_server.errors import RateLimitedError

_CLIENTS = 4096  # remembered; the one that was quiet longest is forgotten first


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class RateLimit:
    """A token bucket a client: it refills steadily and holds what a burst may take at once."""

    def __init__(
        self,
        per_second: float,
        *,
        burst: float,
        refusal: str = "This client asks too often; slow down (RATE_LIMIT).",
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """No limit where `per_second` is 0; `refusal` is a sentence for who has nothing left."""
        self._per_second = per_second
        self._burst = burst
        self._refusal = refusal
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, client: str) -> None:
        """Take one request off what the client has left; raises RateLimitedError."""
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
