"""Wakes those who wait for work, without losing a call that comes just before they wait."""

import asyncio
from contextlib import suppress


class Wakeup:
    """A counter of calls; whoever has seen an old count does not wait at all."""

    def __init__(self) -> None:
        self._calls = 0
        self._next = asyncio.Event()

    @property
    def calls(self) -> int:
        """How many calls there were; look before checking for work."""
        return self._calls

    def call(self) -> None:
        """Wake everybody who waits."""
        self._calls += 1
        self._next.set()
        self._next = asyncio.Event()

    async def wait(self, seen: int, timeout: float) -> None:
        """Wait for the next call after `seen` calls, at most `timeout` seconds."""
        if self._calls != seen:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._next.wait()
