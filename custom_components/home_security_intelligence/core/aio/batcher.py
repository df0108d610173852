"""Batches calls that arrive at the same time into one piece of work."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

MAX_BATCH_DELAY = 0.01  # seconds that a batch smaller than its minimum size waits for more


class Batcher[Item, Result]:
    """Turns single calls into batches; calls that arrive during a batch form the next one.

    A batch smaller than `min_size()` waits up to MAX_BATCH_DELAY for more items; by default none
    waits. When a batch fails, each of its items is processed again by itself, so that a failure
    concerns only the item that caused it. Work is cancelled once no caller waits for it.
    """

    def __init__(
        self,
        process: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]],
        *,
        max_size: int,
        min_size: Callable[[], int] = lambda: 1,
    ) -> None:
        """Use `process`, which returns one result per item, in the items' order."""
        self._process = process
        self._max_size = max_size
        self._min_size = min_size
        self._large_enough = asyncio.Event()
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._task: asyncio.Task[None] | None = None
        self._callers = 0

    async def submit(self, item: Item) -> Result:
        """Return the item's result, or raise what processing it by itself raises."""
        result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, result))
        if self._task is None:
            self._task = asyncio.create_task(self._process_all())
        elif self._is_large_enough():
            self._large_enough.set()
        self._callers += 1
        try:
            return await result
        finally:
            self._callers -= 1
            if result.cancelled() and self._callers == 0 and self._task is not None:
                self._task.cancel()
                await asyncio.wait([self._task])

    async def _process_all(self) -> None:
        try:
            while self._waiting:
                await self._fill()
                batch = [each for each in self._waiting[: self._max_size] if not each[1].done()]
                del self._waiting[: self._max_size]
                if batch:
                    await self._process_batch(batch)
        finally:
            self._task = None
            if self._waiting:  # an item was submitted during the cancellation
                self._task = asyncio.create_task(self._process_all())

    async def _fill(self) -> None:
        self._large_enough.clear()
        if self._is_large_enough():
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(MAX_BATCH_DELAY):
                await self._large_enough.wait()

    def _is_large_enough(self) -> bool:
        return len(self._waiting) >= min(self._min_size(), self._max_size)

    async def _process_batch(self, batch: Sequence[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            results = await self._process([item for item, _ in batch])
        except Exception as error:  # noqa: BLE001 - passed on to the caller
            if len(batch) > 1:
                for each in batch:
                    await self._process_batch([each])
            elif not batch[0][1].done():
                batch[0][1].set_exception(error)
            return
        for (_, waiting), result in zip(batch, results, strict=True):
            if not waiting.done():
                waiting.set_result(result)
