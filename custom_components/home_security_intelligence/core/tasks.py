"""The pipeline's background tasks: none of them ends without being noticed."""

import asyncio
from collections.abc import Awaitable, Callable
import logging

_LOGGER = logging.getLogger(__name__)

_PAUSE = 1.0  # seconds before a task that failed unexpectedly starts again


class Tasks:
    """Runs tasks for as long as the pipeline runs."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def keep_running(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Run something that has no end; should it fail, log it and start it again."""
        self._tasks.add(asyncio.create_task(_forever(name, run), name=f"hsi {name}"))

    def repeat(self, name: str, run: Callable[[], Awaitable[object]], *, every: float) -> None:
        """Run something again and again, with so many seconds in between."""

        async def loop() -> None:
            while True:
                await run()
                await asyncio.sleep(every)

        self.keep_running(name, loop)

    async def cancel(self) -> None:
        """End all tasks and wait for them."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        self._tasks.difference_update(tasks)


async def _forever(name: str, run: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await run()
        except Exception:
            _LOGGER.exception("%s failed unexpectedly and starts again", name)
        await asyncio.sleep(_PAUSE)
