"""The language model's sensors, and the repair of a lost GPU."""

from pathlib import Path

from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    mock_restore_cache_with_extra_data,
)

from custom_components.home_security_intelligence.const import DOMAIN
from testbed.fake_inference_server import FakeInferenceServer
from tests.ha.helpers import state_is, upload

HUB = "sensor.home_security_intelligence"
LOST = "llm_gpu_lost_01JENTRY"


async def look(entry: MockConfigEntry) -> None:
    await entry.runtime_data.pipeline.refresh_health()


async def test_a_lost_gpu_is_a_repair_until_it_is_back(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    loaded: MockConfigEntry,
    issue_registry: ir.IssueRegistry,
) -> None:
    server.assessor = {"gpu_share": 1.0, "tokens_per_second": 81.2}
    await look(loaded)
    await state_is(hass, f"{HUB}_llm_on_gpu", "100.0")
    await state_is(hass, f"{HUB}_llm_speed", "81.2")
    assert issue_registry.async_get_issue(DOMAIN, LOST) is None

    server.assessor = {"gpu_share": 0.0, "fallback": "0% of it is on the GPU."}
    await look(loaded)
    issue = issue_registry.async_get_issue(DOMAIN, LOST)
    assert issue
    assert not issue.is_fixable
    assert (issue.translation_placeholders or {})["losses"] == "0% of it is on the GPU."

    server.assessor = {"gpu_share": 1.0}
    await look(loaded)
    assert issue_registry.async_get_issue(DOMAIN, LOST) is None


async def test_there_are_no_sensors_without_a_language_model(
    hass: HomeAssistant, server: FakeInferenceServer, entry: MockConfigEntry
) -> None:
    server.assessor = {"state": "absent", "backend": None, "model": None}
    assert await hass.config_entries.async_setup(entry.entry_id)
    await state_is(hass, f"{HUB}_queue", "0")
    assert hass.states.get(f"{HUB}_llm_speed") is None
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_tokens_and_times_are_shown_and_added_up(
    hass: HomeAssistant, server: FakeInferenceServer, loaded: MockConfigEntry, camera_root: Path
) -> None:
    await state_is(hass, f"{HUB}_prompt_tokens", "0")
    await state_is(hass, f"{HUB}_assessment_time", "unknown")
    upload(camera_root, "yard/a.jpg")
    await state_is(hass, f"{HUB}_prompt_tokens", "300")
    await state_is(hass, f"{HUB}_completion_tokens", "60")
    await state_is(hass, f"{HUB}_assessment_time", "0.64")
    upload(camera_root, "front_door/b.jpg")
    await state_is(hass, f"{HUB}_prompt_tokens", "600")
    tokens = hass.states.get(f"{HUB}_prompt_tokens")
    assert tokens
    assert tokens.attributes["state_class"] == "total_increasing"
    assert tokens.attributes["unit_of_measurement"] == "tokens"


async def test_a_reload_counts_nothing_again(
    hass: HomeAssistant, loaded: MockConfigEntry, camera_root: Path
) -> None:
    upload(camera_root, "yard/a.jpg")
    await state_is(hass, f"{HUB}_prompt_tokens", "300")
    for total in ("600", "900"):
        # Recent updates are repeated after a reload; the next one shows that they have passed.
        assert await hass.config_entries.async_reload(loaded.entry_id)
        await hass.async_block_till_done()
        await state_is(hass, f"{HUB}_prompt_tokens", str(int(total) - 300))
        upload(camera_root, f"front_door/{total}.jpg", age=1000.0 if total == "600" else 0.0)
        await state_is(hass, f"{HUB}_prompt_tokens", total)


async def test_totals_are_restored(
    hass: HomeAssistant, server: FakeInferenceServer, entry: MockConfigEntry
) -> None:
    stored = {"native_value": 5000, "native_unit_of_measurement": None}
    mock_restore_cache_with_extra_data(hass, [(State(f"{HUB}_prompt_tokens", "5000"), stored)])
    assert await hass.config_entries.async_setup(entry.entry_id)
    await state_is(hass, f"{HUB}_prompt_tokens", "5000")
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_times_by_stage_are_disabled_by_default(
    hass: HomeAssistant, loaded: MockConfigEntry, entity_registry: er.EntityRegistry
) -> None:
    for name in ("llm_load_time", "llm_prompt_time", "llm_generation_time"):
        found = entity_registry.async_get(f"{HUB}_{name}")
        assert found
        assert found.disabled_by is er.RegistryEntryDisabler.INTEGRATION
