import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from testbed.demo.entities import find
from testbed.demo.harness import in_thread, make_database, set_options, set_up
from testbed.demo.image_tracker import ImageTracker
from testbed.drawing import scenes
from testbed.services.home_assistant import HomeAssistant
from testbed.services.inference_server import InferenceServer
from testbed.services.postgres import Postgres
from testbed.services.uploader import Uploader
from tests.e2e.parts import Installation, Site

CAMERAS = ("front_door", "driveway")
EVENT_IDLE = 5  # seconds; the minimum of the options


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # The parts start slowly, so all tests share them and one event loop.
    for item in items:
        if pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    camera_root = folder / "camera images"
    for camera in CAMERAS:
        (camera_root / camera).mkdir(parents=True)
    async with AsyncExitStack() as stack:
        postgres = stack.enter_context(Postgres(password="superuser"))
        server = InferenceServer(folder, llm_backend="embedded")
        stack.push_async_callback(in_thread, server.stop)
        home = HomeAssistant(folder / "home assistant", media=camera_root)
        stack.push_async_callback(home.stop)
        async with asyncio.TaskGroup() as starting:
            starting.create_task(in_thread(server.start))
            starting.create_task(home.start())
        yield Site(
            home=home,
            server=server,
            database_url=make_database(postgres),
            camera_root=camera_root,
        )


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def installation(site: Site) -> Installation:
    client = site.home.client
    entry_id = await set_up(client, site.answers)
    await set_options(client, entry_id, {"event_idle": EVENT_IDLE})
    return Installation(entry_id=entry_id, entities=await find(client, entry_id))


@pytest.fixture
def tracker(site: Site) -> ImageTracker:
    return ImageTracker(site.database_url)


@pytest.fixture
def uploader(site: Site) -> Uploader:
    return Uploader(site.camera_root)


@pytest.fixture
def image() -> bytes:
    """Return an image of a person at the front door."""
    return scenes.jpeg(scenes.draw(24, size=(1280, 720), lighting="day", labels=("person",)))


@pytest.fixture(autouse=True)
def quiet_log(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test during which Home Assistant logs an error, a blocking call or a deprecation."""
    if "site" not in request.fixturenames:
        yield
        return
    home = request.getfixturevalue("site").home
    before = len(home.complaints())
    yield
    assert home.complaints()[before:] == []
