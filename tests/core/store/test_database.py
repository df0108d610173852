"""How long the database has been reachable; expired leases count as crashes only after a while."""

import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.aio.health_board import HealthBoard
from hsi_core.aio.publisher import Publisher
from hsi_core.domain.errors import StoreUnreachableError
from hsi_core.domain.settings import Settings
from hsi_core.store.database import Database
from hsi_core.store.outbox import Outbox


async def test_it_is_reachable_since_the_first_answer(engine: AsyncEngine) -> None:
    board = HealthBoard(Publisher())
    began = asyncio.get_running_loop().time()
    database = Database(engine, board, Settings(), Outbox(Publisher()))
    board.database_answered()
    assert database.reachable_for <= asyncio.get_running_loop().time() - began


async def test_the_time_starts_again_after_a_loss(engine: AsyncEngine) -> None:
    board = HealthBoard(Publisher())
    database = Database(engine, board, Settings(), Outbox(Publisher()))
    with pytest.raises(StoreUnreachableError):
        async with database.begin():
            raise StoreUnreachableError("away")
    assert database.reachable_for == 0.0
    began = asyncio.get_running_loop().time()
    async with database.begin():
        pass
    assert 0.0 <= database.reachable_for <= asyncio.get_running_loop().time() - began


async def test_an_answer_from_before_the_loss_does_not_count_as_a_return(
    engine: AsyncEngine,
) -> None:
    board = HealthBoard(Publisher())
    database = Database(engine, board, Settings(), Outbox(Publisher()))
    board.database_answered()
    async with database.begin():
        with pytest.raises(StoreUnreachableError):
            async with database.begin():
                raise StoreUnreachableError("away")
    assert not board.health.database_reachable
    async with database.begin():
        pass
    assert board.health.database_reachable
