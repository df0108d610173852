"""A real PostgreSQL with today's tables, one database a test."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

import testbed.core  # noqa: F401 - makes hsi_core importable
from testbed.postgres import Postgres

# isort: split
from hsi_core.store.engine import connect

TEMPLATE = "hsi_template"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with Postgres(password="se cret/@:") as server:
        yield server


@pytest.fixture(scope="session")
def template(postgres: Postgres) -> str:
    """A database that only has the tables, to be copied."""
    url = postgres.create_database(TEMPLATE)

    async def migrate() -> None:
        engine = await connect(url, application_name="tests")
        await engine.dispose()

    asyncio.run(migrate())
    return TEMPLATE


@pytest.fixture
def empty_url(postgres: Postgres) -> Iterator[str]:
    """A database without anything in it."""
    url = postgres.create_database()
    yield url
    postgres.drop(url)


@pytest.fixture
def database_url(postgres: Postgres, template: str) -> Iterator[str]:
    """A database with our tables and nothing in them."""
    url = postgres.create_database(template=template)
    yield url
    postgres.drop(url)


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    made = await connect(database_url, application_name="tests")
    yield made
    await made.dispose()
