"""The pipeline's tasks: none ends without being noticed, and none outlives the pipeline."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
import logging

from ..domain.errors import PipelineStoppedError
from ..domain.settings import Settings
from .backoff import retry_delay

_LOGGER = logging.getLogger(__name__)


class Tasks:
    """Runs tasks for as long as the pipeline runs, and questions until it stops."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._tasks: set[asyncio.Task[None]] = set()
        self._questions: set[asyncio.Task[object]] = set()
        self._stopped = False

    def keep_running(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Run something that has no end; should it fail, log it and start it again later."""
        self._tasks.add(asyncio.create_task(self._forever(name, run), name=f"hsi {name}"))

    def repeat(self, name: str, run: Callable[[], Awaitable[object]], *, every: float) -> None:
        """Run something again and again, with so many seconds in between."""

        async def loop() -> None:
            while True:
                await run()
                await asyncio.sleep(every)

        self.keep_running(name, loop)

    async def answer[T](self, question: Coroutine[object, object, T]) -> T:
        """Return what somebody asks from outside; raises PipelineStoppedError at the stop."""
        if self._stopped:
            question.close()
            raise PipelineStoppedError
        task = asyncio.create_task(question)
        self._questions.add(task)
        try:
            return await task
        except asyncio.CancelledError as error:
            asker = asyncio.current_task()
            if asker is not None and asker.cancelling():
                raise
            raise PipelineStoppedError from error
        finally:
            self._questions.discard(task)

    async def cancel(self) -> None:
        """End all tasks and questions, and wait for them."""
        self._stopped = True
        tasks = (*self._tasks, *self._questions)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        self._tasks.clear()

    async def _forever(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Start again after a pause that grows with each failure that follows upon a start."""
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            began = loop.time()
            failed: Exception | None = None
            try:
                await run()
            except Exception as error:  # noqa: BLE001 - whatever it is, it has to go on
                failed = error
            # What has run for a while has worked: this failure is a new one.
            well = failed is None or loop.time() - began > self._settings.retry_max
            failures = 1 if well else failures + 1
            pause = retry_delay(failures, jitter=0, settings=self._settings).total_seconds()
            if failed is not None:
                _LOGGER.error(
                    "%s failed unexpectedly and starts again in %g s", name, pause, exc_info=failed
                )
            await asyncio.sleep(pause)
