"""Does for many at once what each of them asks for by itself."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

PATIENCE = 0.01  # seconds to wait for more, where more are known to come


class Together[Item, Answer]:
    """Whatever was asked while one portion was under way makes up the next one.

    A portion that is smaller than `enough` says waits a moment for more to come; by default, nobody
    waits for one to fill. When one fails, each of it is done again by itself, so that
    a failure is only that of whom it is about. The work ends when nobody waits for it any more.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]],
        *,
        at_most: int,
        enough: Callable[[], int] = lambda: 1,
    ) -> None:
        self._work = work
        self._at_most = at_most
        self._enough = enough
        self._full = asyncio.Event()
        self._waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._task: asyncio.Task[None] | None = None
        self._asking = 0

    async def ask(self, item: Item) -> Answer:
        """Return what the work makes of the item, or raise what it raises for it alone."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        elif self._is_enough():
            self._full.set()
        self._asking += 1
        try:
            return await answer
        finally:
            self._asking -= 1
            if answer.cancelled() and self._asking == 0 and self._task is not None:
                self._task.cancel()
                await asyncio.wait([self._task])

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._fill()
                portion = [each for each in self._waiting[: self._at_most] if not each[1].done()]
                del self._waiting[: self._at_most]
                if portion:
                    await self._answer(portion)
        finally:
            self._task = None
            if self._waiting:  # somebody asked while this was being cancelled
                self._task = asyncio.create_task(self._run())

    async def _fill(self) -> None:
        self._full.clear()
        if self._is_enough():
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await self._full.wait()

    def _is_enough(self) -> bool:
        return len(self._waiting) >= min(self._enough(), self._at_most)

    async def _answer(self, portion: Sequence[tuple[Item, asyncio.Future[Answer]]]) -> None:
        try:
            answers = await self._work([item for item, _ in portion])
        except Exception as error:  # noqa: BLE001 - whoever asked is told
            if len(portion) > 1:
                for each in portion:
                    await self._answer([each])
            elif not portion[0][1].done():
                portion[0][1].set_exception(error)
            return
        for (_, waiting), answer in zip(portion, answers, strict=True):
            if not waiting.done():
                waiting.set_result(answer)
