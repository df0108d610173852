"""Counting the calls that take long, while they do."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class SlowCalls:
    """Reports how many calls have been running for longer than `after` seconds."""

    def __init__(self, *, after: float) -> None:
        self._after = after
        self._count = 0
        self._listener: Callable[[int], None] = lambda _count: None

    def on_change(self, listener: Callable[[int], None]) -> None:
        """Call the listener with each new count."""
        self._listener = listener

    @contextmanager
    def track(self) -> Iterator[None]:
        """Count the block while it takes too long."""
        is_slow = False

        def note() -> None:
            nonlocal is_slow
            is_slow = True
            self._add(1)

        timer = asyncio.get_running_loop().call_later(self._after, note)
        try:
            yield
        finally:
            timer.cancel()
            if is_slow:
                self._add(-1)

    def _add(self, change: int) -> None:
        self._count += change
        self._listener(self._count)
