"""How fast a detector has been of late, to say no in time."""

_NEW = 0.2  # the share of the newest batch in the mean
_FADING = 0.9  # of the longest time, with each batch that was faster
_DOUBT = 0.5


class Throughput:
    """What the last batches took; 0 as long as none is known."""

    def __init__(self) -> None:
        self._seconds_per_image = 0.0
        self._max_batch_seconds = 0.0

    @property
    def seconds_per_image(self) -> float:
        """Seconds a picture, on average."""
        return self._seconds_per_image

    @property
    def max_batch_seconds(self) -> float:
        """Seconds that a batch may well take."""
        return self._max_batch_seconds

    def record(self, seconds: float, pictures: int) -> None:
        """Learn from a batch."""
        share = _NEW if self._seconds_per_image else 1.0
        self._seconds_per_image += (seconds / pictures - self._seconds_per_image) * share
        self._max_batch_seconds = max(seconds, self._max_batch_seconds * _FADING)

    def lower_estimate(self) -> None:
        """Believe less of it: who acts on it and computes nothing would never learn better."""
        self._max_batch_seconds *= _DOUBT
