"""Behind PgBouncer in transaction mode: consecutive statements meet different connections.

The tests with the real PgBouncer are skipped where there is none; the others hold its contract.
"""

import asyncio
from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from testbed.services.pgbouncer import PgBouncer, find_pgbouncer
from testbed.services.postgres import Postgres

# isort: split
from hsi_core.domain.errors import StoreError, StoreParameterError
from hsi_core.store.engine import (
    begin,
    check,
    connect,
    connect_read_only,
    connected,
    has_pooler,
    without_transactions,
)

REAL = pytest.mark.skipif(find_pgbouncer() is None, reason="there is no PgBouncer")


@pytest.fixture(scope="module")
def pooler(postgres: Postgres) -> Iterator[PgBouncer]:
    with PgBouncer(postgres.port) as started:
        yield started


def name_of(url: str) -> str:
    return url.rsplit("/", 1)[-1]


async def value(engine: AsyncEngine, number: int) -> int:
    async with connected(without_transactions(engine)) as connection:
        statement = text("SELECT CAST(:number AS integer), :word, CAST('{1,2}' AS integer[])")
        result = await connection.execute(statement, {"number": number, "word": "x" * number})
        return int(result.one()[0])


@REAL
async def test_a_pooler_is_noticed_and_works(
    pooler: PgBouncer, empty_url: str, postgres: Postgres
) -> None:
    url = pooler.url(name_of(empty_url))
    await check(url)
    engines = [await connect(url, application_name="tests") for _ in range(2)]
    assert all(map(has_pooler, engines))
    numbers = range(200)
    found = await asyncio.gather(*(value(engines[number % 2], number) for number in numbers))
    assert found == list(numbers)
    for engine in engines:
        await engine.dispose()
    tables = "select count(*) > 10 from pg_tables where schemaname = 'hsi'"
    assert postgres.execute(tables, database=name_of(empty_url)) == "t"


@REAL
async def test_a_statement_behind_a_pooler_is_committed(
    pooler: PgBouncer, database_url: str, postgres: Postgres
) -> None:
    engine = await connect(pooler.url(name_of(database_url)), application_name="tests")
    async with connected(without_transactions(engine)) as connection:
        await connection.execute(text("INSERT INTO hsi.cameras (folder, name) VALUES ('a', 'A')"))
    await engine.dispose()
    names = postgres.execute("SELECT name FROM hsi.cameras", database=name_of(database_url))
    assert names == "A"


@REAL
async def test_without_the_pooler_mode_it_would_fail(pooler: PgBouncer, database_url: str) -> None:
    url = f"{pooler.url(name_of(database_url))}?pgbouncer=false"
    engines = [await connect(url, application_name="tests") for _ in range(2)]

    async def use_both() -> None:
        for number in range(50):
            await asyncio.gather(*(value(engine, number) for engine in engines for _ in range(4)))

    with pytest.raises(StoreError, match="pgbouncer=true"):
        await use_both()
    for engine in engines:
        await engine.dispose()


@REAL
async def test_a_parameter_that_the_pooler_refuses_is_named(
    pooler: PgBouncer, database_url: str
) -> None:
    url = f"{pooler.url(name_of(database_url))}?options=-c%20work_mem%3D8MB"
    with pytest.raises(StoreParameterError, match="options"):
        await check(url)


@REAL
async def test_reading_only_through_a_pooler(pooler: PgBouncer, database_url: str) -> None:
    await reading_only(pooler.url(name_of(database_url)))


@REAL
async def test_a_pooler_in_statement_mode_is_refused(postgres: Postgres, database_url: str) -> None:
    with (
        PgBouncer(postgres.port, pool_mode="statement") as strict,
        pytest.raises(StoreError, match="statement pooling"),
    ):
        await connect(strict.url(name_of(database_url)), application_name="tests")


async def test_reading_only(database_url: str) -> None:
    await reading_only(database_url)


async def reading_only(url: str) -> None:
    engine = await connect_read_only(url, application_name="tests")
    async with begin(engine) as connection:
        assert await connection.scalar(text("SELECT count(*) FROM hsi.cameras")) == 0
    with pytest.raises(StoreError, match="read-only"):
        async with begin(engine) as connection:
            await connection.execute(text("INSERT INTO hsi.cameras VALUES ('a', 'A')"))
    await engine.dispose()


async def test_no_pooler_is_found_where_there_is_none(engine: AsyncEngine) -> None:
    assert not has_pooler(engine)


async def test_the_parameter_decides(database_url: str) -> None:
    """In pooler mode no statement has a name, and none outlives its transaction."""
    engine = await connect(f"{database_url}?pgbouncer=true", application_name="tests")
    assert has_pooler(engine)
    assert without_transactions(engine) is engine
    async with begin(engine) as connection:
        await connection.execute(text("SELECT CAST(:a AS integer)"), {"a": 1})
        names = await connection.execute(text("SELECT name FROM pg_prepared_statements"))
        assert names.all() == []
    assert await value(engine, 7) == 7
    await engine.dispose()
