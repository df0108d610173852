"""Migrations have no limit; counts have their own, and exceeding it is no outage."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
import socket

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from testbed.services.postgres import Postgres

# isort: split
from hsi_core.aio.health_board import HealthBoard
from hsi_core.aio.publisher import Publisher
from hsi_core.domain.errors import StoreInterruptedError
from hsi_core.domain.settings import Settings
from hsi_core.stages.expired_records import ExpiredRecords
from hsi_core.store import long_statements, migrate
from hsi_core.store.database import Database
from hsi_core.store.engine import begin, connect
from hsi_core.store.long_statements import begin_count
from hsi_core.store.outbox import Outbox

LIMIT = 0.2  # seconds for an ordinary statement
LONGER = f"SELECT pg_sleep({2 * LIMIT})"


@pytest.fixture
async def hasty(database_url: str) -> AsyncIterator[AsyncEngine]:
    """An engine whose ordinary statements have little time."""
    made = await connect(database_url, application_name="tests", statement_timeout=LIMIT)
    yield made
    await made.dispose()


def database_of(engine: AsyncEngine) -> tuple[Database, HealthBoard]:
    board = HealthBoard(Publisher())
    board.database_answered()
    return Database(engine, board, Settings(), Outbox(Publisher())), board


async def test_a_long_count_finishes(hasty: AsyncEngine, engine: AsyncEngine) -> None:
    database, board = database_of(hasty)

    async def still_present(_: object) -> list[object]:
        return []

    records = ExpiredRecords(database, still_present)  # type: ignore[arg-type]  # is not called
    async with begin(engine) as blocking:
        await blocking.execute(text("LOCK TABLE hsi.images IN ACCESS EXCLUSIVE MODE"))
        counting = asyncio.create_task(records.count(datetime.now(UTC)))
        storing = asyncio.create_task(records.count_stored())
        await asyncio.sleep(2 * LIMIT)
    assert (await counting).images == await storing == 0
    assert board.health.database_reachable


async def test_a_count_beyond_its_limit_is_no_outage(
    hasty: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(long_statements, "COUNT_TIMEOUT", LIMIT)
    database, board = database_of(hasty)
    with pytest.raises(StoreInterruptedError):
        async with database.begin_count() as connection:
            await connection.execute(text(LONGER))
    assert board.health.database_reachable
    async with database.begin_count() as connection:
        assert await connection.scalar(text("SELECT 1")) == 1


async def test_a_migration_has_no_limit(
    postgres: Postgres, empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[object] = []
    run = migrate._run

    def observed(connection: object) -> None:
        driver = connection.connection.driver_connection  # type: ignore[attr-defined]  # SQLAlchemy's
        limits.append(driver._config.command_timeout)
        run(connection)  # type: ignore[arg-type]  # as given

    monkeypatch.setattr(migrate, "_run", observed)
    made = await connect(empty_url, application_name="tests", statement_timeout=LIMIT)
    await made.dispose()
    assert limits == [None]


@pytest.mark.parametrize("opened", [begin, begin_count])
async def test_the_system_detects_the_lost_host_of_an_idle_connection(
    hasty: AsyncEngine,
    opened: Callable[[AsyncEngine], AbstractAsyncContextManager[AsyncConnection]],
) -> None:
    async with opened(hasty) as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        found = driver._transport.get_extra_info("socket")  # type: ignore[union-attr]
        assert found.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert found.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) <= 60
