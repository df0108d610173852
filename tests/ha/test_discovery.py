"""A discovered server is offered; the address of a known one is updated."""

from ipaddress import ip_address
from types import MappingProxyType

from homeassistant.config_entries import (
    SOURCE_USER,
    SOURCE_ZEROCONF,
    ConfigFlowResult,
    ConfigSubentry,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_security_intelligence.const import DOMAIN, SUBENTRY_SERVER
from testbed.fake_inference_server import FakeInferenceServer
from tests.ha.helpers import suggested

ADDED_ID = "11111111-2222-4333-8444-555555555555"


async def announce(
    hass: HomeAssistant, instance_id: str, port: int | None, *, tls: str = "0"
) -> ConfigFlowResult:
    info = ZeroconfServiceInfo(
        ip_address=ip_address("127.0.0.1"),
        ip_addresses=[ip_address("127.0.0.1")],
        port=port,
        hostname="hsi.local.",
        type="_hsi-server._tcp.local.",
        name="Home Security Intelligence._hsi-server._tcp.local.",
        properties={"id": instance_id, "tls": tls, "version": "0.1.0"},
    )
    return await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_ZEROCONF}, data=info
    )


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


async def test_the_address_of_a_moved_server_is_updated(
    hass: HomeAssistant, server: FakeInferenceServer, entry: MockConfigEntry
) -> None:
    old = "http://127.0.0.1:9"
    hass.config_entries.async_update_entry(entry, data={**entry.data, "url": old})
    result = await announce(hass, server.instance_id, server.port)
    assert result["reason"] == "already_configured"
    assert entry.data["url"] == server.url


@pytest.mark.parametrize(
    ("url", "port", "tls"),
    [
        (None, 9, "0"),  # it answers where it is
        ("http://127.0.0.1:9", 10, "0"),  # nothing answers there
        ("http://127.0.0.1:9", None, "1"),  # it was set up without TLS
        ("http://localhost:9", None, "0"),  # a name follows by itself
    ],
)
async def test_an_unverified_announcement_changes_nothing(
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


async def test_another_server_at_the_announced_address_changes_nothing(
    hass: HomeAssistant, server: FakeInferenceServer, entry: MockConfigEntry
) -> None:
    old = "http://127.0.0.1:9"
    hass.config_entries.async_update_entry(entry, data={**entry.data, "url": old})
    async with FakeInferenceServer(instance_id=ADDED_ID) as other:
        result = await announce(hass, server.instance_id, other.port)
    assert result["reason"] == "already_configured"
    assert entry.data["url"] == old


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
