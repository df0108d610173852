"""How fast a detector has been of late, to say no in time."""

_NEW = 0.2  # the share of the newest batch in the mean
_FADING = 0.9  # of the longest time, with each batch that was faster
_DOUBT = 0.5


class Pace:
    """What the last batches took; 0 as long as none is known."""

    def __init__(self) -> None:
        self._per_picture = 0.0
        self._longest = 0.0

    @property
    def per_picture(self) -> float:
        """Seconds a picture, on average."""
        return self._per_picture

    @property
    def longest(self) -> float:
        """Seconds that a batch may well take."""
        return self._longest

    def note(self, seconds: float, pictures: int) -> None:
        """Learn from a batch."""
        share = _NEW if self._per_picture else 1.0
        self._per_picture += (seconds / pictures - self._per_picture) * share
        self._longest = max(seconds, self._longest * _FADING)

    def doubt(self) -> None:
        """Believe less of it: who acts on it and computes nothing would never learn better."""
        self._longest *= _DOUBT
