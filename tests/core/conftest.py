"""A real PostgreSQL server with the current schema, emptied before each test."""

import asyncio
from collections.abc import AsyncIterator, Iterator

from hypothesis import HealthCheck, settings
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

import testbed.core  # noqa: F401 - makes hsi_core importable
from testbed.services.postgres import Postgres

# isort: split
from hsi_core.store.engine import connect

# No deadline: the machine may be busy. Derandomized: a failure is reproducible.
settings.register_profile(
    "tests", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("tests")

WIPE = (
    "TRUNCATE hsi.cameras, hsi.events, hsi.images, hsi.detections, hsi.jobs, hsi.forgotten_files, hsi.clean_ups,"
    " hsi.home_states, hsi.home_events, hsi.camera_hours, hsi.missed_moments, hsi.roots, hsi.workers, hsi.settings RESTART IDENTITY"
)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with Postgres() as server:
        yield server


@pytest.fixture(scope="session")
def shared_url(postgres: Postgres) -> str:
    """Return the URL of a migrated database that all tests share."""
    url = postgres.create_database("shared")

    async def migrate() -> None:
        engine = await connect(url, application_name="tests")
        await engine.dispose()

    asyncio.run(migrate())
    return url


@pytest.fixture
def database_url(postgres: Postgres, shared_url: str) -> str:
    """Return the URL of the shared database with empty tables; tests must not change the schema."""
    postgres.execute(WIPE, database="shared")
    return shared_url


@pytest.fixture
def empty_url(postgres: Postgres) -> Iterator[str]:
    """Return the URL of an empty database without tables, for one test."""
    url = postgres.create_database()
    yield url
    postgres.drop(url)


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    made = await connect(database_url, application_name="tests")
    yield made
    await made.dispose()
