"""Estimate processing times from recent batches, to refuse requests that would be late."""

_NEWEST_WEIGHT = 0.2  # weight of the newest batch in the moving average
_DECAY = 0.9  # factor on the maximum with each faster batch
_LOWERED = 0.5


class Throughput:
    """Moving average and decaying maximum of batch times; 0 before the first batch."""

    def __init__(self) -> None:
        self._seconds_per_image = 0.0
        self._max_batch_seconds = 0.0

    @property
    def seconds_per_image(self) -> float:
        """Average seconds per image."""
        return self._seconds_per_image

    @property
    def max_batch_seconds(self) -> float:
        """Decaying maximum of the seconds per batch."""
        return self._max_batch_seconds

    def record(self, seconds: float, images: int) -> None:
        """Record one batch."""
        share = _NEWEST_WEIGHT if self._seconds_per_image else 1.0
        self._seconds_per_image += (seconds / images - self._seconds_per_image) * share
        self._max_batch_seconds = max(seconds, self._max_batch_seconds * _DECAY)

    def lower_estimate(self) -> None:
        """Halve the maximum: if it refuses every request, no batch would ever correct it."""
        self._max_batch_seconds *= _LOWERED
