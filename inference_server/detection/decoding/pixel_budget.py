"""Limit the memory of all images that are being decoded."""

from collections import deque
from collections.abc import Iterator
import contextlib
from threading import Condition


class PixelBudget:
    """Pixels that threads reserve before they decode an image, in the order of arrival."""

    def __init__(self, pixels: int) -> None:
        self._pixels = pixels
        self._reserved = 0
        self._changed = Condition()
        self._queue: deque[object] = deque()

    @property
    def waiting(self) -> int:
        """Number of threads that wait."""
        return len(self._queue)

    @contextlib.contextmanager
    def reserve(self, pixels: int) -> Iterator[None]:
        """Wait until the pixels fit into the budget; more than all of it wait for all of it."""
        pixels = min(pixels, self._pixels)
        ticket = object()
        with self._changed:
            self._queue.append(ticket)
            self._changed.wait_for(
                lambda: self._queue[0] is ticket and self._reserved + pixels <= self._pixels
            )
            self._queue.popleft()
            self._reserved += pixels
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._reserved -= pixels
                self._changed.notify_all()
