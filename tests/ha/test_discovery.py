"""A discovered server is offered; the address of a known one is changed if a person confirms it."""

from collections.abc import AsyncIterator
from types import MappingProxyType

from aiohttp import web
from aiohttp.test_utils import TestServer
from homeassistant.config_entries import SOURCE_IGNORE, SOURCE_USER, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_security_intelligence.const import DOMAIN, SUBENTRY_SERVER
from testbed.fake_inference_server import FakeInferenceServer
from tests.ha.helpers import announce, suggested

ADDED_ID = "11111111-2222-4333-8444-555555555555"
SILENT = "http://127.0.0.1:9"


async def test_a_new_server_is_offered(hass: HomeAssistant, server: FakeInferenceServer) -> None:
    result = await announce(hass, server.instance_id, server.port)
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "user"
    assert suggested(result, "url") == server.url
    (card,) = hass.config_entries.flow.async_progress()
    assert card["context"]["title_placeholders"] == {"address": server.url}

    again = await announce(hass, server.instance_id, server.port)
    assert again["reason"] == "already_in_progress"
    # The discovery card must not block a flow that the user starts.
    typed = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    address = {"url": server.url, "token": server.token}
    typed = await hass.config_entries.flow.async_configure(typed["flow_id"], address)
    assert typed["step_id"] == "database"
    result = await hass.config_entries.flow.async_configure(result["flow_id"], address)
    assert result["step_id"] == "database"


@pytest.mark.parametrize("instance_id", ["", "no id"])
async def test_an_invalid_announcement_is_ignored(hass: HomeAssistant, instance_id: str) -> None:
    assert (await announce(hass, instance_id, 8090))["reason"] == "invalid_discovery"


async def test_a_server_that_refuses_its_token_keeps_its_address(
    hass: HomeAssistant, server: FakeInferenceServer, entry: MockConfigEntry
) -> None:
    before = dict(entry.data)
    server.token = "rotated"
    async with FakeInferenceServer(token=before["token"]) as other:
        await announce(hass, server.instance_id, other.port)
    assert entry.data == before


class Announcer:
    """A program that announces any id; it records what it receives."""

    def __init__(self) -> None:
        self.received: list[web.Request] = []
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._respond)
        self.server = TestServer(app, host="127.0.0.1")

    @property
    def port(self) -> int:
        port = self.server.port
        assert port is not None
        return port

    async def _respond(self, request: web.Request) -> web.Response:
        self.received.append(request)
        return web.json_response({})


@pytest.fixture
async def announcer() -> AsyncIterator[Announcer]:
    made = Announcer()
    await made.server.start_server()
    yield made
    await made.server.close()


@pytest.fixture
def silent_entry(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """Return an installation whose server does not respond."""
    hass.config_entries.async_update_entry(entry, data={**entry.data, "url": SILENT})
    return entry


async def test_an_announcement_gets_no_token(
    hass: HomeAssistant, silent_entry: MockConfigEntry, announcer: Announcer
) -> None:
    """Family: a secret used to find out who is asking."""
    before = dict(silent_entry.data)
    result = await announce(hass, str(silent_entry.unique_id), announcer.port)
    assert announcer.received == []
    assert silent_entry.data == before
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "moved")
    assert result["description_placeholders"] == {
        "title": silent_entry.title,
        "old": SILENT,
        "new": f"http://127.0.0.1:{announcer.port}",
    }
    again = await announce(hass, str(silent_entry.unique_id), announcer.port)
    assert again["reason"] == "already_in_progress"
    assert announcer.received == []


async def test_an_ignored_announcement_keeps_the_installation(
    hass: HomeAssistant, silent_entry: MockConfigEntry, announcer: Announcer
) -> None:
    await announce(hass, str(silent_entry.unique_id), announcer.port)
    (card,) = hass.config_entries.flow.async_progress()
    await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_IGNORE},
        data={"unique_id": card["context"]["unique_id"], "title": "x"},
    )
    assert hass.config_entries.async_get_entry(silent_entry.entry_id) is silent_entry
    again = await announce(hass, str(silent_entry.unique_id), announcer.port)
    assert again["reason"] == "already_configured"
    assert announcer.received == []


async def test_the_confirmed_address_of_a_moved_server_is_stored(
    hass: HomeAssistant, server: FakeInferenceServer, silent_entry: MockConfigEntry
) -> None:
    result = await announce(hass, server.instance_id, server.port)
    await server.stop()
    result = await hass.config_entries.flow.async_configure(result["flow_id"], {})
    assert result["errors"] == {"base": "unreachable"}
    assert silent_entry.data["url"] == SILENT

    await server.start()
    result = await hass.config_entries.flow.async_configure(result["flow_id"], {})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "address_changed")
    assert silent_entry.data["url"] == server.url


async def test_another_server_at_the_confirmed_address_is_refused(
    hass: HomeAssistant, server: FakeInferenceServer, silent_entry: MockConfigEntry
) -> None:
    async with FakeInferenceServer(instance_id=ADDED_ID) as other:
        result = await announce(hass, server.instance_id, other.port)
        result = await hass.config_entries.flow.async_configure(result["flow_id"], {})
    assert result["reason"] == "unique_id_mismatch"
    assert silent_entry.data["url"] == SILENT


@pytest.mark.parametrize(
    ("url", "port", "tls"),
    [
        (None, 9, "0"),  # it answers where it is
        (SILENT, 9, "0"),  # the stored address
        (SILENT, None, "1"),  # it was set up without TLS
        ("http://localhost:9", None, "0"),  # a name follows by itself
    ],
)
async def test_an_announcement_changes_nothing(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    entry: MockConfigEntry,
    url: str | None,
    port: int | None,
    tls: str,
) -> None:
    if url:
        hass.config_entries.async_update_entry(entry, data={**entry.data, "url": url})
    before = entry.data["url"]
    result = await announce(hass, server.instance_id, port or server.port, tls=tls)
    assert result["reason"] == "already_configured"
    assert entry.data["url"] == before


async def test_an_added_server_is_not_offered(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    added = ConfigSubentry(
        data=MappingProxyType({"url": "http://127.0.0.1:9"}),
        subentry_type=SUBENTRY_SERVER,
        title="Second",
        unique_id=ADDED_ID,
    )
    hass.config_entries.async_add_subentry(entry, added)
    result = await announce(hass, ADDED_ID, 8090)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
