"""Added inference servers share the work, and each has its own entities."""

from collections.abc import AsyncIterator
from pathlib import Path
from types import MappingProxyType

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigSubentry,
    SubentryFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_security_intelligence.const import DOMAIN
from testbed.fake_inference_server import FakeInferenceServer, problem
from testbed.inference_responses import GPU
from tests.ha.helpers import state_is, state_when, suggested, upload

HUB = "home_security_intelligence"
OWN = f"binary_sensor.{HUB}_inference_server"
OTHER_ID = "11111111-2222-4333-8444-555555555555"


@pytest.fixture
async def other() -> AsyncIterator[FakeInferenceServer]:
    """Return a second inference server, with the first one's token."""
    async with FakeInferenceServer(instance_id=OTHER_ID) as fake:
        yield fake


@pytest.fixture
def second(hass: HomeAssistant, entry: MockConfigEntry, other: FakeInferenceServer) -> str:
    """Add the second server to the installation before it is set up; returns its sensor."""
    server = ConfigSubentry(
        data=MappingProxyType({"url": other.url}),
        subentry_id="01JSERVER",
        subentry_type="server",
        title="Second",
        unique_id=OTHER_ID,
    )
    hass.config_entries.async_add_subentry(entry, server)
    return "binary_sensor.second_inference_server"


async def add(hass: HomeAssistant, entry: MockConfigEntry, **typed: str) -> SubentryFlowResult:
    result = await hass.config_entries.subentries.async_init(
        (entry.entry_id, "server"), context={"source": SOURCE_USER}
    )
    assert result["step_id"] == "user"
    return await hass.config_entries.subentries.async_configure(result["flow_id"], typed)


async def test_a_server_is_added_with_the_token_of_the_first(
    hass: HomeAssistant, loaded: MockConfigEntry, other: FakeInferenceServer
) -> None:
    result = await add(hass, loaded, url=other.url)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert (result["data"], result["unique_id"]) == ({"url": other.url}, OTHER_ID)
    await hass.async_block_till_done()
    port = other.url.rpartition(":")[2]
    await state_is(hass, f"binary_sensor.inference_server_127_0_0_1_{port}_inference_server", "on")


async def test_invalid_input_is_refused(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    server: FakeInferenceServer,
    other: FakeInferenceServer,
) -> None:
    other.token = "another"
    refused = {
        "url": [{"url": server.url}, {"url": "ftp://x"}, {"url": "http://127.0.0.1:9"}],
        "token": [{"url": other.url}, {"url": other.url, "token": "wrong"}],
    }
    reasons = {"url": ["server_taken", "invalid_url", "unreachable"], "token": ["unauthorized"] * 2}
    for field, typed in refused.items():
        for answers, reason in zip(typed, reasons[field], strict=True):
            result = await add(hass, entry, **answers)
            assert result["errors"] == {field: reason}
            assert suggested(result, "url") == answers["url"]
    result = await add(hass, entry, url=other.url, token="another")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    result = await add(hass, entry, url=other.url, token="another")
    assert result["errors"] == {"url": "server_taken"}


async def test_its_address_and_token_are_changed(
    hass: HomeAssistant, entry: MockConfigEntry, second: str, other: FakeInferenceServer
) -> None:
    other.token = "another"
    result = await hass.config_entries.subentries.async_init(
        (entry.entry_id, "server"),
        context={"source": SOURCE_RECONFIGURE, "subentry_id": "01JSERVER"},
    )
    assert suggested(result, "url") == other.url
    assert suggested(result, "token") is None
    result = await hass.config_entries.subentries.async_configure(
        result["flow_id"], {"url": other.url}
    )
    assert result["errors"] == {"token": "unauthorized"}
    result = await hass.config_entries.subentries.async_configure(
        result["flow_id"], {"url": other.url, "token": "another"}
    )
    assert result["type"] is FlowResultType.ABORT
    assert dict(entry.subentries["01JSERVER"].data) == {"url": other.url, "token": "another"}


async def test_a_server_takes_over_during_an_outage_of_another(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    second: str,
    server: FakeInferenceServer,
    camera_root: Path,
) -> None:
    assert await hass.config_entries.async_setup(entry.entry_id)
    on = await state_is(hass, second, "on")
    assert on.attributes["detect_breaker"] == "closed"
    assert on.attributes["detect_retry_at"] is None
    await state_is(hass, OWN, "on")

    # Refused where pictures are looked at only: were it seen to be away, it would not be asked.
    server.detect_fault = problem(401, "unauthorized")
    for number in range(3):
        upload(camera_root, f"front_door/{number}.jpg")
    refused = await state_when(
        hass, OWN, lambda state: state.attributes["detect_breaker"] == "open"
    )
    assert refused.attributes["detect_reason"] == "unauthorized"
    assert refused.attributes["detect_retry_at"] is not None
    server.token = "changed"
    await entry.runtime_data.pipeline.refresh_health()
    await state_is(hass, OWN, "off")
    await state_is(hass, second, "on")
    await state_is(hass, "sensor.home_security_intelligence_queue", "0")
    await state_is(hass, "binary_sensor.front_door_person", "on")
    assert entry.async_get_active_flows(hass, {"reauth"})
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_an_added_server_that_refuses_its_token_is_a_repair(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    second: str,
    other: FakeInferenceServer,
    issue_registry: ir.IssueRegistry,
) -> None:
    other.token = "another"
    assert await hass.config_entries.async_setup(entry.entry_id)
    await state_is(hass, second, "off")
    issue = issue_registry.async_get_issue(DOMAIN, f"server_token_refused_{entry.entry_id}")
    assert issue is not None
    assert (issue.translation_placeholders or {})["servers"] == other.url
    assert not list(entry.async_get_active_flows(hass, {"reauth"}))
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert not issue_registry.issues


async def test_different_detectors_are_a_repair(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    second: str,
    other: FakeInferenceServer,
    issue_registry: ir.IssueRegistry,
) -> None:
    other.model = "another_detector"
    assert await hass.config_entries.async_setup(entry.entry_id)
    await state_is(hass, second, "on")
    await state_is(hass, OWN, "on")
    issue = issue_registry.async_get_issue(DOMAIN, f"detectors_differ_{entry.entry_id}")
    assert issue is not None
    placeholders = issue.translation_placeholders or {}
    assert f"another\\_detector ({other.url})" in placeholders["models"]
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert not issue_registry.issues


async def test_each_server_has_its_own_gpu_and_language_model_sensors(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    second: str,
    server: FakeInferenceServer,
    other: FakeInferenceServer,
    entity_registry: er.EntityRegistry,
    device_registry: dr.DeviceRegistry,
) -> None:
    server.gpu, server.assessor = {**GPU, "temperature_c": 40}, {"gpu_share": 1.0}
    other.gpu, other.assessor = {**GPU, "temperature_c": 70}, {"gpu_share": 0.5}
    assert await hass.config_entries.async_setup(entry.entry_id)
    await state_is(hass, f"sensor.{HUB}_gpu_temperature", "40")
    await state_is(hass, "sensor.second_gpu_temperature", "70")
    await state_is(hass, f"sensor.{HUB}_llm_on_gpu", "100.0")
    await state_is(hass, "sensor.second_llm_on_gpu", "50.0")
    shown = entity_registry.async_get("sensor.second_gpu_temperature")
    assert shown is not None
    assert shown.config_subentry_id == "01JSERVER"
    assert shown.device_id is not None
    device = device_registry.async_get(shown.device_id)
    assert device is not None
    assert device.name == "Second"
    # What assessments take is told once, whoever made them.
    assert entity_registry.async_get(f"sensor.{HUB}_assessment_time")
    assert entity_registry.async_get("sensor.second_assessment_time") is None

    await server.stop()
    await entry.runtime_data.pipeline.refresh_health()
    await state_is(hass, f"sensor.{HUB}_gpu_temperature", "unavailable")
    await state_is(hass, f"sensor.{HUB}_llm_on_gpu", "unavailable")
    await state_is(hass, "sensor.second_gpu_temperature", "70")
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_server_without_language_model_has_no_sensors_of_it(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    second: str,
    server: FakeInferenceServer,
    entity_registry: er.EntityRegistry,
) -> None:
    server.assessor = {"state": "absent", "backend": None, "model": None}
    assert await hass.config_entries.async_setup(entry.entry_id)
    await state_is(hass, "sensor.second_llm_speed", "unknown")
    assert entity_registry.async_get(f"sensor.{HUB}_llm_speed") is None
    assert entity_registry.async_get(f"sensor.{HUB}_assessment_time")
    assert await hass.config_entries.async_unload(entry.entry_id)
