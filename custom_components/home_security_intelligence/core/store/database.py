"""The database as the background work sees it: sometimes away, and then waited for."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
import random

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ..aio.backoff import retry_delay
from ..aio.health_board import HealthBoard
from ..aio.notifier import Notifier
from ..aio.request_tracker import RequestTracker
from ..domain.errors import StoreError
from ..domain.settings import Settings
from .engine import begin, connected, without_transactions
from .errors import StoreConflictError


class Database:
    """Runs transactions and notes in the health whether that works."""

    def __init__(
        self,
        engine: AsyncEngine,
        health: HealthBoard,
        settings: Settings,
        *,
        requests: RequestTracker | None = None,
    ) -> None:
        self.engine = engine
        self._requests = requests or RequestTracker()
        self._single = without_transactions(engine)
        self._health = health
        self._settings = settings
        self._returned = Notifier()
        self._well_since = asyncio.get_running_loop().time()

    @property
    def well_for(self) -> float:
        """For how many seconds the database has been there without a break, as far as is known."""
        if not self._health.health.database_reachable:
            return 0.0
        return asyncio.get_running_loop().time() - self._well_since

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction of a request, which commits at the end.

        Raises StoreError at once, and PipelineStoppedError when the pipeline stops meanwhile.
        """
        with self._requests.track():
            async with self._noted(begin(self.engine)) as connection:
                yield connection

    @asynccontextmanager
    async def _noted(
        self, opened: AbstractAsyncContextManager[AsyncConnection]
    ) -> AsyncIterator[AsyncConnection]:
        """Note in the health whether that worked.

        An answer to what was asked before the database was lost does not say that it is back.
        """
        was_away = not self._health.health.database_reachable
        try:
            async with opened as connection:
                yield connection
        except StoreConflictError:
            raise
        except StoreError as error:
            self._health.database_failed(error)
            raise
        if was_away and not self._health.health.database_reachable:
            self._well_since = asyncio.get_running_loop().time()
            self._health.database_answered()
            self._returned.notify()

    async def run_transaction[T](self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Run work in a transaction, again and again until the database lets it through.

        Work must bear being repeated: a connection lost during the commit leaves open whether
        the commit took place.
        """
        return await self._repeat(self._transaction, work)

    async def run_statement[T](self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Run work of one statement as `run` does, without a transaction's two round trips."""
        return await self._repeat(self._autocommit, work)

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection]:
        async with self._noted(begin(self.engine)) as connection:
            yield connection

    @asynccontextmanager
    async def _autocommit(self) -> AsyncIterator[AsyncConnection]:
        async with self._noted(connected(self._single)) as connection:
            yield connection

    async def _repeat[T](
        self,
        connect: Callable[[], AbstractAsyncContextManager[AsyncConnection]],
        work: Callable[[AsyncConnection], Awaitable[T]],
    ) -> T:
        failures = 0
        while True:
            seen = self._returned.count
            try:
                async with connect() as connection:
                    return await work(connection)
            except StoreError:
                failures += 1
                jitter = random.random()  # noqa: S311 - spreads load, guards nothing
                delay = retry_delay(failures, jitter=jitter, settings=self._settings)
                await self._returned.wait(seen, delay.total_seconds())
