"""Running work in order for each key, and for different keys concurrently."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine

type Work = Callable[[], Coroutine[object, object, None]]


class OrderedTasks:
    """Runs work of the same key one after the other, so that it waits for no other key's."""

    def __init__(self, *, limit: int) -> None:
        """`limit` is the maximum number of pieces of work that wait for one key."""
        self._limit = limit
        self._waiting: dict[str, deque[Work]] = {}  # by key; an entry while a task runs
        self._tasks: asyncio.TaskGroup | None = None

    async def run_submitted(self) -> None:
        """Run what is submitted, until cancelled or until work raises an error."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                for key in self._waiting:
                    tasks.create_task(self._run_all(key))
                await asyncio.Event().wait()
        finally:
            self._tasks = None
            self._waiting.clear()

    def submit(self, key: str, work: Work) -> bool:
        """Run work after the earlier work of the key; return False if too much of it waits."""
        if key in self._waiting:
            if len(self._waiting[key]) >= self._limit:
                return False
            self._waiting[key].append(work)
            return True
        self._waiting[key] = deque([work])
        if self._tasks is not None:
            self._tasks.create_task(self._run_all(key))
        return True

    async def _run_all(self, key: str) -> None:
        waiting = self._waiting[key]
        while waiting:
            await waiting.popleft()()
        del self._waiting[key]
