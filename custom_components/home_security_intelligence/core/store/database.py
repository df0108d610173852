"""Transactions for the pipeline: an absent database is waited for and shows in the health."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
import random

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ..aio.backoff import retry_delay
from ..aio.health_board import HealthBoard
from ..aio.notifier import Notifier
from ..aio.request_tracker import RequestTracker
from ..domain.errors import StoreError, StoreInterruptedError
from ..domain.settings import Settings
from .engine import begin, connected, without_transactions
from .long_statements import begin_count
from .outbox import Outbox
from .transaction import Transaction

_INTERRUPTIONS = 3  # in a row that make the database count as away


class Database:
    """Runs transactions, publishes what they collect, and reports reachability to the health board."""

    def __init__(
        self,
        engine: AsyncEngine,
        health: HealthBoard,
        settings: Settings,
        outbox: Outbox,
        *,
        requests: RequestTracker | None = None,
    ) -> None:
        self.engine = engine
        self._requests = requests or RequestTracker()
        self._autocommit_engine = without_transactions(engine)
        self._health = health
        self._settings = settings
        self._outbox = outbox
        self._returned = Notifier()
        self._reachable_since = asyncio.get_running_loop().time()

    @property
    def reachable_for(self) -> float:
        """Seconds since the database was last found unreachable; 0.0 while it is."""
        if not self._health.health.database_reachable:
            return 0.0
        return asyncio.get_running_loop().time() - self._reachable_since

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction of a request, which publishes nothing and commits at the end.

        Raises StoreError at once, and PipelineStoppedError if the pipeline stops meanwhile.
        """
        with self._requests.track():
            async with self._observed(begin(self.engine)) as connection:
                yield connection

    @asynccontextmanager
    async def begin_count(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction for counts that may take minutes; raises likewise.

        Raises StoreInterruptedError at their limit, by which the database does not count as away.
        """
        with self._requests.track():
            async with self._observed(begin_count(self.engine)) as connection:
                yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Open a transaction of a request, which commits and publishes at the end; raises likewise."""
        with self._requests.track():
            async with self._published() as transaction:
                yield transaction

    async def run_transaction[T](self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run work in a transaction, again and again until the database accepts it.

        Work has to be repeatable: if the connection is lost during the commit, it is unknown
        whether the commit took place.
        """
        return await self._repeat(self._published, work)

    async def run_statement[T](self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Run work of one statement like `run_transaction`, without BEGIN and COMMIT."""
        return await self._repeat(self._autocommit, work)

    @asynccontextmanager
    async def _published(self) -> AsyncIterator[Transaction]:
        async with self._observed(begin(self.engine)) as connection:
            transaction = Transaction(connection)
            yield transaction
            await self._outbox.announce(transaction)
        self._outbox.deliver(transaction)

    @asynccontextmanager
    async def _autocommit(self) -> AsyncIterator[AsyncConnection]:
        async with self._observed(connected(self._autocommit_engine)) as connection:
            yield connection

    @asynccontextmanager
    async def _observed(
        self, opened: AbstractAsyncContextManager[AsyncConnection]
    ) -> AsyncIterator[AsyncConnection]:
        """Report success and failure to the health board.

        A success counts as a return of the database only if it began after the loss.
        """
        was_away = not self._health.health.database_reachable
        try:
            async with opened as connection:
                yield connection
        except StoreInterruptedError:
            raise
        except StoreError as error:
            self._health.database_failed(error)
            raise
        if was_away and not self._health.health.database_reachable:
            self._reachable_since = asyncio.get_running_loop().time()
            self._health.database_answered()
            self._returned.notify()

    async def _repeat[C, T](
        self,
        connect: Callable[[], AbstractAsyncContextManager[C]],
        work: Callable[[C], Awaitable[T]],
    ) -> T:
        failures = 0
        while True:
            seen = self._returned.count
            try:
                async with connect() as opened:
                    return await work(opened)
            except StoreError as error:
                failures += 1
                if failures >= _INTERRUPTIONS and isinstance(error, StoreInterruptedError):
                    self._health.database_failed(error)
                jitter = random.random()  # noqa: S311 - spreads load, guards nothing
                delay = retry_delay(failures, jitter=jitter, settings=self._settings)
                await self._returned.wait(seen, delay.total_seconds())
