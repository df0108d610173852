"""Fixtures: a real database, real camera folders, a scripted inference server, an entry."""

import asyncio
from collections.abc import AsyncIterator, Iterator
import logging
from pathlib import Path
from types import MappingProxyType

from homeassistant.config_entries import ConfigSubentryDataWithId
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import pytest_socket
from yarl import URL

# Before Home Assistant looks for custom integrations: the test plugin brings a package of this
# name too.
import custom_components  # noqa: F401
from custom_components.home_security_intelligence.const import DOMAIN
from custom_components.home_security_intelligence.core.store.engine import connect
from testbed.fake_inference_server import FakeInferenceServer
from testbed.services.postgres import Postgres
from tests.ha.scenes import AT_THE_WINDOW, LEVELS, ZONES, night_here, show

# The test plugin writes out every statement, which takes longer than running them.
logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)

PASSWORD = "p@ss/word"
CAMERAS = {"front_door": "Front door", "yard": "Yard"}


@pytest.fixture(autouse=True)
def _home(
    enable_custom_integrations: None, socket_enabled: None, hass_storage: dict[str, object]
) -> None:
    """Allow custom integrations and loopback sockets, and keep storage in memory."""


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Return a PostgreSQL server with password authentication."""
    pytest_socket.enable_socket()
    with Postgres(password=PASSWORD) as server:
        yield server


@pytest.fixture(scope="session")
def migrated(postgres: Postgres) -> str:
    """Return the name of a migrated template database; copying it is faster than migrating."""
    pytest_socket.enable_socket()
    url = URL(postgres.create_database("migrated"))

    async def migrate() -> None:
        engine = await connect(str(url), application_name="tests")
        await engine.dispose()

    asyncio.run(migrate())
    return url.path.removeprefix("/")


@pytest.fixture
def home_database(postgres: Postgres, migrated: str) -> Iterator[dict[str, str | int | bool]]:
    """Return the database form's input for a migrated, empty database."""
    url = URL(postgres.create_database(template=migrated))
    yield answers(postgres, url)
    postgres.drop(str(url))


@pytest.fixture
def database(postgres: Postgres) -> Iterator[dict[str, str | int | bool]]:
    """Return the database form's input for a database without tables."""
    url = URL(postgres.create_database())
    yield answers(postgres, url)
    postgres.drop(str(url))


@pytest.fixture
def newer_database(postgres: Postgres, home_database: dict[str, str | int | bool]) -> None:
    """Mark the database as migrated by a later version."""
    postgres.execute(
        "UPDATE hsi.schema_version SET version_num = '9999_from_the_future'",
        database=str(home_database["database"]),
    )


@pytest.fixture
async def server() -> AsyncIterator[FakeInferenceServer]:
    """Return a scripted inference server: a person at a window, and a model that agrees."""
    async with FakeInferenceServer(agrees=True) as fake:
        show(fake, AT_THE_WINDOW)
        yield fake


@pytest.fixture
def camera_root(hass: HomeAssistant, tmp_path: Path) -> Path:
    """Return an allowed camera root with two camera folders and what systems leave behind."""
    root = tmp_path / "cameras"
    for folder in (*CAMERAS, ".recycle", "@eaDir", "lost+found", "$RECYCLE.BIN"):
        (root / folder).mkdir(parents=True)
    (root / "notes.txt").write_text("no folder")
    hass.config.allowlist_external_dirs = {str(tmp_path)}
    return root


@pytest.fixture
def entry_data(
    server: FakeInferenceServer, home_database: dict[str, str | int | bool], camera_root: Path
) -> dict[str, str | int | bool]:
    """Return the entry data of the config flow."""
    return {
        "url": server.url,
        "token": server.token,
        **home_database,
        "camera_root": str(camera_root),
    }


@pytest.fixture
async def entry(
    hass: HomeAssistant, server: FakeInferenceServer, entry_data: dict[str, str | int | bool]
) -> MockConfigEntry:
    """Return an entry with two cameras and their zones, not set up, where it is night."""
    await hass.config.async_set_time_zone(night_here())
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Home Security Intelligence",
        unique_id=server.instance_id,
        entry_id="01JENTRY",
        data=entry_data,
        options={"levels": LEVELS},
        subentries_data=[
            ConfigSubentryDataWithId(
                data=MappingProxyType({"folder": folder, "name": name, "zones": [*ZONES]}),
                subentry_id=f"01J{folder.upper()}",
                subentry_type="camera",
                title=name,
                unique_id=folder,
            )
            for folder, name in CAMERAS.items()
        ],
    )
    entry.add_to_hass(hass)
    return entry


@pytest.fixture
async def quick(hass: HomeAssistant, entry: MockConfigEntry) -> AsyncIterator[MockConfigEntry]:
    """Return the entry set up with an event idle time that a busy machine can still meet."""
    hass.config_entries.async_update_entry(entry, options={"levels": LEVELS, "event_idle": 3.0})
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


@pytest.fixture
async def loaded(hass: HomeAssistant, entry: MockConfigEntry) -> AsyncIterator[MockConfigEntry]:
    """Return the entry set up; it is unloaded after the test."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


@pytest.fixture
def lost_database(loaded: MockConfigEntry, postgres: Postgres) -> Iterator[None]:
    """Close the entry's database for the rest of the test."""
    name = loaded.data["database"]
    postgres.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    postgres.execute(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    )
    yield
    postgres.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


def answers(postgres: Postgres, url: URL) -> dict[str, str | int | bool]:
    """Return the database form's input."""
    return {
        "host": "127.0.0.1",
        "port": postgres.port,
        "database": url.path.removeprefix("/"),
        "username": str(url.user),
        "password": PASSWORD,
        "ssl": False,
    }
