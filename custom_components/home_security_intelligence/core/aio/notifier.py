"""A wake-up signal that is not lost when it arrives just before its receiver waits."""

import asyncio
from contextlib import suppress


class Notifier:
    """Counts notifications; a receiver that has seen an older count does not wait at all."""

    def __init__(self) -> None:
        self._count = 0
        self._next = asyncio.Event()

    @property
    def count(self) -> int:
        """The number of notifications so far; read it before checking for work."""
        return self._count

    def notify(self) -> None:
        """Wake all receivers."""
        self._count += 1
        self._next.set()
        self._next = asyncio.Event()

    async def wait(self, seen: int, timeout: float) -> None:
        """Wait up to `timeout` seconds for a notification after the first `seen` ones."""
        if self._count != seen:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._next.wait()
