"""Connecting: the tables are migrated once, and failures are reported as the right error."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from alembic.script import ScriptDirectory
import pytest
from sqlalchemy import text
from yarl import URL

from testbed.services.postgres import Postgres
from tests.core.pipeline.postgres_proxy import PostgresProxy

# isort: split
from hsi_core.domain.errors import (
    StoreAuthError,
    StoreError,
    StoreMissingError,
    StoreNewerError,
    StorePermissionError,
    StoreUnreachableError,
)
from hsi_core.store.engine import begin, check, connect
from hsi_core.store.migrations import versions
from hsi_core.store.tables import metadata


@pytest.fixture(scope="module")
def guarded() -> Iterator[Postgres]:
    """A PostgreSQL server that requires a password."""
    with Postgres(password="se cret/@:") as server:
        yield server


NEWEST = max(path.name[1:5] for path in Path(versions.__path__[0]).glob("v[0-9]*.py"))
TABLES = "select count(*) from pg_tables where schemaname = 'hsi'"
ALL_TABLES = str(len(metadata.tables) + 1)  # and the table of the schema's version


async def open_and_close(url: str) -> None:
    engine = await connect(url, application_name="tests")
    await engine.dispose()


BOTH = pytest.mark.parametrize("attempt", [check, open_and_close], ids=["check", "connect"])
type Attempt = Callable[[str], Awaitable[None]]


def name_of(url: str) -> str:
    return url.rsplit("/", 1)[-1]


async def test_concurrent_starts_migrate_once(postgres: Postgres, empty_url: str) -> None:
    await asyncio.gather(*(open_and_close(empty_url) for _ in range(4)))
    await open_and_close(empty_url)
    database = name_of(empty_url)
    assert postgres.execute(TABLES, database=database) == ALL_TABLES
    assert (
        postgres.execute("select version_num from hsi.schema_version", database=database) == NEWEST
    )


async def test_several_entries_of_one_process_migrate_at_once(postgres: Postgres) -> None:
    urls = [postgres.create_database() for _ in range(6)]
    async with asyncio.timeout(60):
        await asyncio.gather(*(open_and_close(url) for url in urls for _ in range(2)))
    for url in urls:
        assert postgres.execute(TABLES, database=name_of(url)) == ALL_TABLES
        postgres.drop(url)


@BOTH
async def test_a_foreign_exception_is_an_error_of_the_database(
    empty_url: str,
    attempt: Attempt,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def break_down(_: object) -> object:
        raise KeyError("secret")

    monkeypatch.setattr(ScriptDirectory, "walk_revisions", break_down)
    with pytest.raises(StoreError, match="KeyError") as caught:
        await attempt(empty_url)
    assert "secret" not in str(caught.value)
    assert "walk_revisions" in caplog.text


async def test_a_check_is_rolled_back(postgres: Postgres, empty_url: str) -> None:
    await check(empty_url)
    schemas = "select count(*) from pg_namespace where nspname = 'hsi'"
    assert postgres.execute(schemas, database=name_of(empty_url)) == "0"
    await open_and_close(empty_url)
    await check(empty_url)
    assert postgres.execute(TABLES, database=name_of(empty_url)) == ALL_TABLES


@BOTH
async def test_tables_of_a_newer_version_are_refused(
    postgres: Postgres, empty_url: str, attempt: Attempt
) -> None:
    await open_and_close(empty_url)
    newer = "update hsi.schema_version set version_num = '9999'"
    postgres.execute(newer, database=name_of(empty_url))
    with pytest.raises(StoreNewerError, match="newer"):
        await attempt(empty_url)


@BOTH
async def test_a_wrong_password(guarded: Postgres, attempt: Attempt) -> None:
    with pytest.raises(StoreAuthError) as caught:
        await attempt(guarded.url(password="wrong-secret"))
    assert "wrong-secret" not in str(caught.value)
    with pytest.raises(StoreAuthError):
        await attempt(guarded.url(user="stranger"))


async def test_the_right_password(guarded: Postgres) -> None:
    await open_and_close(guarded.create_database())


@BOTH
async def test_a_missing_database(postgres: Postgres, attempt: Attempt) -> None:
    with pytest.raises(StoreMissingError):
        await attempt(postgres.url("nowhere"))


@BOTH
async def test_a_database_that_accepts_no_connections(
    postgres: Postgres, empty_url: str, attempt: Attempt
) -> None:
    name = empty_url.rsplit("/", 1)[-1]
    postgres.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    with pytest.raises(StoreUnreachableError):
        await attempt(empty_url)


@BOTH
async def test_an_unreachable_server(attempt: Attempt) -> None:
    with pytest.raises(StoreUnreachableError):
        await attempt("postgresql://hsi:secret@127.0.0.1:1/hsi")


@BOTH
@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "mysql://hsi:secret@host/hsi",
        "postgresql://hsi:secret@host:port/hsi",
        "postgresql://hsi:secret@a..host/hsi",
    ],
)
async def test_a_url_of_another_kind(url: str, attempt: Attempt) -> None:
    with pytest.raises(StoreUnreachableError) as caught:
        await attempt(url)
    assert "secret" not in str(caught.value)


@BOTH
async def test_a_user_without_permission_to_create_tables(
    postgres: Postgres, empty_url: str, attempt: Attempt
) -> None:
    postgres.execute("create role weak login password 'weak'")
    try:
        with pytest.raises(StorePermissionError):
            await attempt(postgres.url(name_of(empty_url), user="weak", password="weak"))
    finally:
        postgres.execute("drop role weak")


async def test_a_user_who_owns_the_schema_needs_no_other_permission(
    postgres: Postgres, empty_url: str
) -> None:
    postgres.execute("create role owner login password 'owner'")
    try:
        database = name_of(empty_url)
        postgres.execute("create schema hsi authorization owner", database=database)
        url = postgres.url(database, user="owner", password="owner")
        await check(url)
        await open_and_close(url)
        await check(url)
    finally:
        postgres.drop(empty_url)
        postgres.execute("drop role owner")


async def test_no_connection_is_left_open(postgres: Postgres, empty_url: str) -> None:
    await check(empty_url)
    await open_and_close(empty_url)
    with pytest.raises(StoreError):
        await check(postgres.url("nowhere"))
    count = f"select count(*) from pg_stat_activity where datname = '{name_of(empty_url)}'"
    async with asyncio.timeout(60):
        while postgres.execute(count) != "0":  # noqa: ASYNC110 - it goes a moment after the client
            await asyncio.sleep(0.02)


async def test_a_unix_socket_is_accepted(postgres: Postgres, empty_url: str) -> None:
    await open_and_close(postgres.url(name_of(empty_url), unix=True))


async def test_only_one_of_several_unresponsive_connections_is_waited_for(
    postgres: Postgres, database_url: str
) -> None:
    async with PostgresProxy(postgres.port) as proxy:
        engine = await connect(
            str(URL(database_url).with_port(proxy.port)),
            application_name="tests",
            statement_timeout=2.0,
        )

        async def ask(sql: str = "SELECT 1") -> None:
            async with begin(engine) as connection:
                await connection.execute(text(sql))

        await asyncio.gather(*(ask("SELECT pg_sleep(0.3)") for _ in range(3)))
        proxy.silence_all()
        with pytest.raises(StoreUnreachableError):
            await ask()
        await ask()
        await engine.dispose()


async def test_the_connection_used_last_is_used_again(database_url: str) -> None:
    engine = await connect(database_url, application_name="tests")

    async def process(sql: str = "SELECT pg_backend_pid()") -> int:
        async with begin(engine) as connection:
            return int((await connection.scalar(text(sql))) or 0)

    try:
        await asyncio.gather(*(process("SELECT 1 FROM pg_sleep(0.1)") for _ in range(3)))
        assert len({await process() for _ in range(4)}) == 1
    finally:
        await engine.dispose()
