"""Requests from outside the pipeline, which end when it stops."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
import sys

from ..domain.errors import PipelineStoppedError


class RequestTracker:
    """Track running requests; the stop ends them, and refuses later ones, with an error."""

    def __init__(self) -> None:
        self._running: dict[object, asyncio.Task[object]] = {}
        self._stopped = False
        self._idle = asyncio.Event()
        self._idle.set()

    @contextmanager
    def track(self) -> Iterator[None]:
        """Run a block of the current task; raises PipelineStoppedError before or inside it."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a request needs a task to run in")
        if self._stopped:
            raise PipelineStoppedError
        cancelling = task.cancelling()
        request = object()
        self._running[request] = task
        self._idle.clear()
        try:
            yield
        finally:
            del self._running[request]
            if not self._running:
                self._idle.set()
            # As in asyncio.timeout: a cancellation that came from elsewhere goes on.
            if self._stopped and task.uncancel() <= cancelling:
                error = sys.exception()
                if isinstance(error, asyncio.CancelledError):
                    raise PipelineStoppedError from error

    async def stop(self) -> None:
        """End all requests and wait for them."""
        if not self._stopped:
            self._stopped = True
            for task in self._running.values():
                task.cancel()
        await self._idle.wait()
