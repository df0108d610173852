"""How long the database has been well, which decides whether silence means that a worker died."""

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


async def test_a_database_is_well_since_it_was_first_heard_of(engine: AsyncEngine) -> None:
    board = HealthBoard(Publisher())
    began = asyncio.get_running_loop().time()
    database = Database(engine, board, Settings())
    board.database_answered()
    assert database.well_for <= asyncio.get_running_loop().time() - began


async def test_it_is_well_anew_after_it_was_away(engine: AsyncEngine) -> None:
    board = HealthBoard(Publisher())
    database = Database(engine, board, Settings())
    with pytest.raises(StoreUnreachableError):
        async with database.begin():
            raise StoreUnreachableError("away")
    assert database.well_for == 0.0
    began = asyncio.get_running_loop().time()
    async with database.begin():
        pass
    assert 0.0 <= database.well_for <= asyncio.get_running_loop().time() - began


async def test_an_answer_from_before_the_loss_is_no_return(engine: AsyncEngine) -> None:
    board = HealthBoard(Publisher())
    database = Database(engine, board, Settings())
    board.database_answered()
    async with database.begin():
        with pytest.raises(StoreUnreachableError):
            async with database.begin():
                raise StoreUnreachableError("away")
    assert not board.health.database_reachable
    async with database.begin():
        pass
    assert board.health.database_reachable
