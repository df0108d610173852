"""A server's self-signed certificate is confirmed by fingerprint, again whenever it changes."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
import shutil
from types import MappingProxyType

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from yarl import URL

from custom_components.home_security_intelligence.const import DOMAIN, SUBENTRY_SERVER
from custom_components.home_security_intelligence.core.inference.certificate import (
    format_fingerprint,
    peer_fingerprint,
)
from testbed.services.inference_server import InferenceServer
from tests.ha.helpers import announce

OTHER_ID = "11111111-2222-4333-8444-555555555555"


class Secure(InferenceServer):
    """The real server with a certificate of its own."""

    def __init__(self, folder: Path, instance_id: str) -> None:
        super().__init__(folder, environ={"TLS_SELF_SIGNED": "true"})
        self.state = folder / "inference_server_state"
        self.state.mkdir()
        (self.state / "instance_id").write_text(instance_id)

    async def begin(self) -> None:
        await asyncio.to_thread(self.start, wait_ready=False)

    async def renew(self) -> None:
        """Start again with another certificate."""
        await asyncio.to_thread(self.stop)
        shutil.rmtree(self.state / "tls")
        await self.begin()

    async def fingerprint(self) -> str:
        shown = await peer_fingerprint(self.url, timeout=60)
        assert shown
        return shown


@pytest.fixture
async def secure(tmp_path: Path, entry: MockConfigEntry) -> AsyncIterator[Secure]:
    """Return a server that is the entry's, at another address."""
    folder = tmp_path / "server"
    folder.mkdir()
    server = Secure(folder, str(entry.unique_id))
    await server.begin()
    yield server
    await asyncio.to_thread(server.stop)


async def test_setup_asks_to_confirm_the_fingerprint(hass: HomeAssistant, tmp_path: Path) -> None:
    server = Secure(tmp_path, OTHER_ID)
    await server.begin()
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    typed = {"url": server.url, "token": server.token}
    result = await hass.config_entries.flow.async_configure(result["flow_id"], typed)
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "certificate"
    shown = {"fingerprint": format_fingerprint(await server.fingerprint())}
    assert result["description_placeholders"] == shown
    result = await hass.config_entries.flow.async_configure(result["flow_id"])  # opened again
    assert (result["step_id"], result["description_placeholders"]) == ("certificate", shown)
    result = await hass.config_entries.flow.async_configure(result["flow_id"], {})
    assert result["step_id"] == "database"
    await asyncio.to_thread(server.stop)


async def test_an_added_servers_certificate_is_confirmed_as_well(
    hass: HomeAssistant, entry: MockConfigEntry, tmp_path: Path
) -> None:
    server = Secure(tmp_path, OTHER_ID)
    await server.begin()
    flows = hass.config_entries.subentries
    result = await flows.async_init(
        (entry.entry_id, SUBENTRY_SERVER), context={"source": SOURCE_USER}
    )
    typed = {"url": server.url, "token": server.token}
    result = await flows.async_configure(result["flow_id"], typed)
    assert result["step_id"] == "certificate"
    result = await flows.async_configure(result["flow_id"])  # opened again
    assert result["step_id"] == "certificate"
    result = await flows.async_configure(result["flow_id"], {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    (added,) = entry.get_subentries_of_type(SUBENTRY_SERVER)
    assert added.data == {**typed, "fingerprint": await server.fingerprint()}
    await asyncio.to_thread(server.stop)


async def test_an_added_servers_changed_certificate_is_confirmed_again(
    hass: HomeAssistant, entry: MockConfigEntry, tmp_path: Path
) -> None:
    server = Secure(tmp_path, OTHER_ID)
    await server.begin()
    flows = hass.config_entries.subentries
    typed = {"url": server.url, "token": server.token}
    added = ConfigSubentry(
        data=MappingProxyType({**typed, "fingerprint": "ab" * 32}),
        subentry_type=SUBENTRY_SERVER,
        title="Second",
        unique_id=OTHER_ID,
    )
    hass.config_entries.async_add_subentry(entry, added)
    form = await entry.start_subentry_reconfigure_flow(hass, added.subentry_id)
    result = await flows.async_configure(form["flow_id"], typed)
    shown = {"fingerprint": format_fingerprint(await server.fingerprint())}
    assert (result["step_id"], result["description_placeholders"]) == (
        "reconfigure_certificate",
        shown,
    )
    result = await flows.async_configure(result["flow_id"])  # opened again
    assert (result["step_id"], result["description_placeholders"]) == (
        "reconfigure_certificate",
        shown,
    )
    result = await flows.async_configure(result["flow_id"], {})
    assert result["reason"] == "reconfigure_successful"
    assert entry.subentries[added.subentry_id].data == {
        **typed,
        "fingerprint": await server.fingerprint(),
    }
    await asyncio.to_thread(server.stop)


async def test_a_changed_certificate_starts_reauthentication(
    hass: HomeAssistant, secure: Secure, entry: MockConfigEntry
) -> None:
    pinned = {"url": secure.url, "token": secure.token, "fingerprint": await secure.fingerprint()}
    hass.config_entries.async_update_entry(entry, data={**entry.data, **pinned})
    assert await hass.config_entries.async_setup(entry.entry_id)
    await entry.runtime_data.pipeline.refresh_health()
    assert entry.runtime_data.data.health.server_reachable

    await secure.renew()
    await entry.runtime_data.pipeline.refresh_health()
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["step_id"] == "reauth_certificate"
    result = await hass.config_entries.flow.async_configure(flow["flow_id"])  # opened
    assert result["step_id"] == "reauth_certificate"
    result = await hass.config_entries.flow.async_configure(flow["flow_id"], {})
    await hass.async_block_till_done()
    assert result["reason"] == "reauth_successful"
    assert entry.data["fingerprint"] == await secure.fingerprint() != pinned["fingerprint"]
    assert entry.state is ConfigEntryState.LOADED
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_new_address_asks_for_confirmation_again(
    hass: HomeAssistant, secure: Secure, entry: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(entry, data={**entry.data, "fingerprint": "ab" * 32})
    result = await entry.start_reconfigure_flow(hass)
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"next_step_id": "reconfigure_server"}
    )
    typed = {"url": secure.url, "token": secure.token}
    result = await hass.config_entries.flow.async_configure(result["flow_id"], typed)
    assert result["step_id"] == "reconfigure_certificate"
    result = await hass.config_entries.flow.async_configure(result["flow_id"])  # opened again
    assert result["step_id"] == "reconfigure_certificate"
    result = await hass.config_entries.flow.async_configure(result["flow_id"], {})
    assert result["reason"] == "reconfigure_successful"
    assert entry.data["fingerprint"] == await secure.fingerprint()
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_reauthentication_accepts_a_new_token_with_a_new_certificate(
    hass: HomeAssistant, secure: Secure, entry: MockConfigEntry
) -> None:
    outdated = {"url": secure.url, "token": "outdated", "fingerprint": "ab" * 32}
    hass.config_entries.async_update_entry(entry, data={**entry.data, **outdated})
    result = await entry.start_reauth_flow(hass)
    assert result["step_id"] == "reauth_certificate"
    result = await hass.config_entries.flow.async_configure(result["flow_id"], {})
    assert result["errors"] == {"token": "unauthorized"}
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"token": secure.token}
    )
    await hass.async_block_till_done()
    assert result.get("reason") == "reauth_successful", result
    assert entry.data["fingerprint"] == await secure.fingerprint()
    assert entry.data["token"] == secure.token
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_moved_server_is_followed_by_its_confirmed_certificate(
    hass: HomeAssistant, entry: MockConfigEntry, secure: Secure
) -> None:
    silent = "https://127.0.0.1:9"
    port = URL(secure.url).port
    shown = await secure.fingerprint()
    for confirmed, reason, url in (
        ("00" * 32, "already_configured", silent),  # nothing is sent to another certificate
        (shown, "address_changed", secure.url),
    ):
        pinned = {**entry.data, "url": silent, "fingerprint": confirmed, "token": secure.token}
        hass.config_entries.async_update_entry(entry, data=pinned)
        result = await announce(hass, str(entry.unique_id), port, tls="1")
        assert (result["type"], result["reason"]) == (FlowResultType.ABORT, reason)
        assert entry.data["url"] == url
