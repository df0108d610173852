"""Reauthentication asks for a refused secret and applies the new one."""

import asyncio

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from testbed.fake_inference_server import FakeInferenceServer
from testbed.services.postgres import Postgres
from tests.ha.conftest import PASSWORD
from tests.ha.helpers import PATIENCE, entry_state, suggested


async def test_a_new_token_takes_effect(
    hass: HomeAssistant, server: FakeInferenceServer, loaded: MockConfigEntry
) -> None:
    server.token = "new-token"
    result = await loaded.start_reauth_flow(hass)
    assert result["step_id"] == "reauth_confirm"
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["title_placeholders"]["address"] == server.url

    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"token": "also-wrong"}
    )
    assert result["errors"] == {"token": "unauthorized"}
    assert suggested(result, "token") == "also-wrong"

    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"token": "new-token"}
    )
    await hass.async_block_till_done()
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reauth_successful"
    assert loaded.data["token"] == "new-token"
    assert loaded.state is ConfigEntryState.LOADED


async def test_a_new_database_password_completes_a_failed_setup(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(entry, data={**entry.data, "password": "outdated"})
    assert not await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry_state(entry) is ConfigEntryState.SETUP_ERROR
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == SOURCE_REAUTH

    result = await hass.config_entries.flow.async_configure(flow["flow_id"], {})
    assert result["errors"] == {"base": "nothing_typed"}
    result = await hass.config_entries.flow.async_configure(flow["flow_id"], {"password": "no"})
    assert result["errors"] == {"password": "database_auth"}
    result = await hass.config_entries.flow.async_configure(flow["flow_id"], {"password": PASSWORD})
    await hass.async_block_till_done()
    assert result["reason"] == "reauth_successful"
    assert entry_state(entry) is ConfigEntryState.LOADED
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_password_changed_at_runtime_starts_reauthentication(
    hass: HomeAssistant, entry: MockConfigEntry, postgres: Postgres
) -> None:
    postgres.execute("CREATE ROLE lodger LOGIN SUPERUSER PASSWORD 'one'")
    data = {**entry.data, "username": "lodger", "password": "one"}
    hass.config_entries.async_update_entry(entry, data=data)
    assert await hass.config_entries.async_setup(entry.entry_id)
    asked: asyncio.Future[str] = hass.loop.create_future()

    def note(_change: str, flow: str) -> None:
        if not asked.done():
            asked.set_result(flow)

    stop = hass.config_entries.flow.async_subscribe_flow(note)

    postgres.execute("ALTER ROLE lodger PASSWORD 'two'")
    postgres.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'lodger'"
    )

    async with asyncio.timeout(PATIENCE):
        flow = await asked
    stop()
    result = await hass.config_entries.flow.async_configure(flow, {"password": "two"})
    await hass.async_block_till_done()
    assert result["reason"] == "reauth_successful"
    assert entry_state(entry) is ConfigEntryState.LOADED
    assert await hass.config_entries.async_unload(entry.entry_id)
    postgres.execute("DROP ROLE lodger")


async def test_the_password_can_be_corrected_while_the_server_is_down(
    hass: HomeAssistant, server: FakeInferenceServer, entry: MockConfigEntry
) -> None:
    await server.stop()
    result = await entry.start_reauth_flow(hass)
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"token": "new-token", "password": PASSWORD}
    )
    assert result["errors"] == {"base": "unreachable"}
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"password": PASSWORD}
    )
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(entry.entry_id)
    await server.start()


@pytest.mark.parametrize("step", ["reauth", "reconfigure"])
async def test_another_server_is_refused(
    hass: HomeAssistant, server: FakeInferenceServer, entry: MockConfigEntry, step: str
) -> None:
    server.instance_id = "11111111-2222-4333-8444-555555555555"
    if step == "reauth":
        result = await entry.start_reauth_flow(hass)
        answers = {"token": server.token}
    else:
        result = await entry.start_reconfigure_flow(hass)
        result = await hass.config_entries.flow.async_configure(
            result["flow_id"], {"next_step_id": "reconfigure_server"}
        )
        answers = {"url": server.url, "token": server.token}
    result = await hass.config_entries.flow.async_configure(result["flow_id"], answers)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "unique_id_mismatch"


async def test_an_https_server_that_is_down_does_not_block_a_new_password(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    down = {"url": "https://127.0.0.1:9", "password": "outdated"}
    hass.config_entries.async_update_entry(entry, data={**entry.data, **down})
    result = await entry.start_reauth_flow(hass)
    assert result["step_id"] == "reauth_confirm"
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"password": PASSWORD}
    )
    assert result["reason"] == "reauth_successful"
    assert entry.data["password"] == PASSWORD
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(entry.entry_id)
