from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from testbed import scenes
from testbed.demo.entities import Entities, find
from testbed.demo.house import in_thread, make_database, set_options, set_up, setup_answers
from testbed.demo.ledger import Ledger
from testbed.home_assistant import HomeAssistant
from testbed.inference_server import InferenceServer
from testbed.postgres import Postgres
from testbed.uploader import Uploader

CAMERAS = ("front_door", "driveway")
EVENT_IDLE = 5  # seconds; the least that the options allow


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A home with everything running, before the integration is set up."""

    home: HomeAssistant
    server: InferenceServer
    database_url: str
    camera_root: Path

    @property
    def answers(self) -> dict[str, object]:
        return setup_answers(self.server, self.database_url, self.camera_root)


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """The integration set up in the home."""

    entry_id: str
    entities: Entities


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # The parts take long to start, so that all tests share them, and with them one event loop.
    for item in items:
        item.add_marker(pytest.mark.asyncio(loop_scope="session"))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    camera_root = folder / "camera pictures"
    for camera in CAMERAS:
        (camera_root / camera).mkdir(parents=True)
    server = InferenceServer(folder, llm_backend="embedded")
    with Postgres(password="superuser") as postgres:
        database_url = make_database(postgres)
        try:
            await in_thread(server.start)
            async with HomeAssistant(folder / "home assistant", media=camera_root) as home:
                yield Site(
                    home=home, server=server, database_url=database_url, camera_root=camera_root
                )
        finally:
            await in_thread(server.stop)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def installation(site: Site) -> Installation:
    client = site.home.client
    entry_id = await set_up(client, site.answers)
    await set_options(client, entry_id, {"event_idle": EVENT_IDLE})
    return Installation(entry_id=entry_id, entities=await find(client, entry_id))


@pytest.fixture
def ledger(site: Site) -> Ledger:
    return Ledger(site.database_url)


@pytest.fixture
def uploader(site: Site) -> Uploader:
    return Uploader(site.camera_root)


@pytest.fixture
def picture() -> bytes:
    """A person at the front door."""
    return scenes.jpeg(scenes.draw(24, size=(1280, 720), lighting="day", labels=("person",)))


@pytest.fixture(autouse=True)
def quiet_log(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails any test during which Home Assistant logs an error, a blocking call, a deprecation."""
    if "site" not in request.fixturenames:
        yield
        return
    home = request.getfixturevalue("site").home
    before = len(home.complaints())
    yield
    assert home.complaints()[before:] == []
