"""The language model's sensors and repairs."""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path

from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    mock_restore_cache_with_extra_data,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.home_security_intelligence.const import DOMAIN
from custom_components.home_security_intelligence.flows import model_download
from testbed.fake_inference_server import FakeInferenceServer, problem
from testbed.inference_responses import pull
from tests.ha.helpers import PATIENCE, state_is, upload

type Json = dict[str, object]

HUB = "sensor.home_security_intelligence"
MISSING = "model_missing_01JENTRY"
LOST = "llm_gpu_lost_01JENTRY"
FIX = "/api/repairs/issues/fix"
GONE = {"state": "failed", "problem": "assessor_model_missing", "error": "no model"}


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_download, "POLL_INTERVAL", 0.02)


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


@pytest.fixture
async def missing(server: FakeInferenceServer, loaded: MockConfigEntry) -> MockConfigEntry:
    """The model is not there."""
    server.assessor = GONE
    await look(loaded)
    return loaded


@pytest.fixture
async def post(
    hass: HomeAssistant, missing: MockConfigEntry, hass_client: ClientSessionGenerator
) -> Callable[..., Awaitable[Json]]:
    await async_setup_component(hass, "repairs", {})
    client = await hass_client()

    async def post(path: str, **answers: str) -> Json:
        response = await client.post(path, json=answers)
        assert response.status == HTTPStatus.OK
        answer: Json = await response.json()
        return answer

    return post


async def until_done(hass: HomeAssistant, post: Callable[..., Awaitable[Json]], flow: str) -> Json:
    async with asyncio.timeout(PATIENCE):
        while (step := await post(flow))["type"] in {"progress", "progress_done"}:  # noqa: ASYNC110 # as a dialog asks
            await asyncio.sleep(0.05)
    return step


async def test_the_repair_downloads_a_missing_model(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    post: Callable[..., Awaitable[Json]],
    missing: MockConfigEntry,
    issue_registry: ir.IssueRegistry,
) -> None:
    issue = issue_registry.async_get_issue(DOMAIN, MISSING)
    assert issue
    assert (issue.translation_placeholders or {})["models"] == "nemotron-3-nano:4b"
    form = await post(FIX, handler=DOMAIN, issue_id=MISSING)
    assert (form["type"], form["step_id"]) == ("form", "confirm")
    assert server.pulls == 0
    flow = f"{FIX}/{form['flow_id']}"

    step = await post(flow)
    assert (step["type"], step["progress_action"]) == ("progress", "download")
    await state_is(hass, f"{HUB}_llm_download", "0.0")
    server.assessor = {**GONE, "pull": pull("running", completed_bytes=700_000_000)}
    await state_is(hass, f"{HUB}_llm_download", "25.0")
    assert server.pulls == 1

    server.assessor = {"state": "loading", "pull": pull("done")}
    step = await until_done(hass, post, flow)
    assert step["type"] == "create_entry"
    assert issue_registry.async_get_issue(DOMAIN, MISSING) is None
    await state_is(hass, f"{HUB}_llm_download", "unknown")


async def test_a_failed_download_shows_its_error(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    post: Callable[..., Awaitable[Json]],
    issue_registry: ir.IssueRegistry,
) -> None:
    form = await post(FIX, handler=DOMAIN, issue_id=MISSING)
    flow = f"{FIX}/{form['flow_id']}"
    await post(flow)
    await state_is(hass, f"{HUB}_llm_download", "0.0")
    server.assessor = {**GONE, "pull": pull("failed", error="The disk is full.")}

    step = await until_done(hass, post, flow)

    assert (step["type"], step["reason"]) == ("abort", "download_failed")
    assert step["description_placeholders"] == {"error": "The disk is full."}
    assert issue_registry.async_get_issue(DOMAIN, MISSING)


async def test_a_server_that_cannot_download_is_an_error(
    hass: HomeAssistant, server: FakeInferenceServer, post: Callable[..., Awaitable[Json]]
) -> None:
    server.pull_fault = problem(501, "pull_unsupported")
    form = await post(FIX, handler=DOMAIN, issue_id=MISSING)
    flow = f"{FIX}/{form['flow_id']}"
    await post(flow)

    step = await until_done(hass, post, flow)

    assert (step["type"], step["reason"]) == ("abort", "download_failed")


async def test_closing_the_dialog_does_not_stop_the_download(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    post: Callable[..., Awaitable[Json]],
    hass_client: ClientSessionGenerator,
) -> None:
    form = await post(FIX, handler=DOMAIN, issue_id=MISSING)
    flow = f"{FIX}/{form['flow_id']}"
    await post(flow)
    await state_is(hass, f"{HUB}_llm_download", "0.0")

    response = await (await hass_client()).delete(flow)

    assert response.status == HTTPStatus.OK
    assert server.pulls == 1
