"""The pipeline's background tasks: each failure is logged, and none outlives a stop."""

import asyncio
from collections.abc import Awaitable, Callable
import logging
import time

from ..domain.settings import Settings
from .backoff import retry_delay

_LOGGER = logging.getLogger(__name__)


class Supervisor:
    """Run tasks for as long as the pipeline runs."""

    def __init__(
        self, settings: Settings, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """`monotonic` returns the seconds of a clock that is never set back."""
        self._settings = settings
        self._monotonic = monotonic
        self._tasks: set[asyncio.Task[None]] = set()

    def keep_running(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run endless work in the background; log its failures and restart it after a pause."""
        self._tasks.add(asyncio.create_task(self._restart(name, work), name=f"hsi {name}"))

    def repeat(self, name: str, work: Callable[[], Awaitable[object]], *, every: float) -> None:
        """Run work in the background again and again, with `every` seconds in between."""

        async def loop() -> None:
            while True:
                await work()
                await asyncio.sleep(every)

        self.keep_running(name, loop)

    async def stop(self) -> None:
        """End all tasks and wait for them."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._tasks.clear()

    async def _restart(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run work again whenever it ends; the pause doubles with each failure in a row."""
        failures = 0
        while True:
            began = self._monotonic()
            failed: Exception | None = None
            try:
                await work()
            except Exception as error:  # noqa: BLE001 - the supervisor outlives every failure
                failed = error
            # Work that ran for a while did start: its failure does not count as one in a row.
            started = failed is None or self._monotonic() - began > self._settings.retry_max
            failures = 1 if started else failures + 1
            pause = retry_delay(failures, jitter=0, settings=self._settings).total_seconds()
            if failed is not None:
                _LOGGER.error(
                    "Background task %s failed unexpectedly and restarts in %g s",
                    name,
                    pause,
                    exc_info=failed,
                )
            await asyncio.sleep(pause)
