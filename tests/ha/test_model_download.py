"""The repair of a missing language model downloads it and shows the progress."""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.home_security_intelligence.const import DOMAIN
from custom_components.home_security_intelligence.flows import model_download
from testbed.fake_inference_server import FakeInferenceServer, problem
from testbed.inference_responses import pull
from tests.ha.helpers import PATIENCE, state_is, state_of

type Json = dict[str, object]
type Post = Callable[..., Awaitable[Json]]

HUB = "sensor.home_security_intelligence"
MISSING = "model_missing_01JENTRY"
FIX = "/api/repairs/issues/fix"
MODEL_MISSING = {"state": "failed", "problem": "assessor_model_missing", "error": "no model"}


@pytest.fixture(autouse=True)
def poll_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_download, "POLL_INTERVAL", 0.02)


@pytest.fixture
async def missing(server: FakeInferenceServer, loaded: MockConfigEntry) -> MockConfigEntry:
    """Return the entry after its server has reported that the model is missing."""
    server.assessor = MODEL_MISSING
    await loaded.runtime_data.pipeline.refresh_health()
    return loaded


@pytest.fixture
async def post(
    hass: HomeAssistant, missing: MockConfigEntry, hass_client: ClientSessionGenerator
) -> Post:
    """Return a function that sends the repair dialog's requests."""
    await async_setup_component(hass, "repairs", {})
    client = await hass_client()

    async def post(path: str, **answers: str) -> Json:
        response = await client.post(path, json=answers)
        assert response.status == HTTPStatus.OK
        answer: Json = await response.json()
        return answer

    return post


async def until_done(hass: HomeAssistant, post: Post, flow: str) -> Json:
    async with asyncio.timeout(PATIENCE):
        while (step := await post(flow))["type"] in {"progress", "progress_done"}:  # noqa: ASYNC110 # as the dialog polls
            await asyncio.sleep(0.05)
    return step


async def test_the_repair_downloads_a_missing_model(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    post: Post,
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
    server.assessor = {**MODEL_MISSING, "pull": pull("running", completed_bytes=700_000_000)}
    await state_is(hass, f"{HUB}_llm_download", "25.0")
    assert server.pulls == 1

    server.assessor = {"state": "loading", "pull": pull("done")}
    step = await until_done(hass, post, flow)
    assert step["type"] == "create_entry"
    assert issue_registry.async_get_issue(DOMAIN, MISSING) is None
    await state_is(hass, f"{HUB}_llm_download", "unknown")


async def test_a_download_does_not_delay_the_start_of_home_assistant(
    hass: HomeAssistant, server: FakeInferenceServer, post: Post
) -> None:
    form = await post(FIX, handler=DOMAIN, issue_id=MISSING)
    await post(f"{FIX}/{form['flow_id']}")
    await state_is(hass, f"{HUB}_llm_download", "0.0")
    async with asyncio.timeout(PATIENCE):
        await hass.async_block_till_done()  # waits for what the start waits for
    assert state_of(hass, f"{HUB}_llm_download").state == "0.0"


async def test_a_failed_download_shows_its_error(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    post: Post,
    issue_registry: ir.IssueRegistry,
) -> None:
    form = await post(FIX, handler=DOMAIN, issue_id=MISSING)
    flow = f"{FIX}/{form['flow_id']}"
    await post(flow)
    await state_is(hass, f"{HUB}_llm_download", "0.0")
    server.assessor = {**MODEL_MISSING, "pull": pull("failed", error="The disk is full.")}

    step = await until_done(hass, post, flow)

    assert (step["type"], step["reason"]) == ("abort", "download_failed")
    assert step["description_placeholders"] == {"error": "The disk is full."}
    assert issue_registry.async_get_issue(DOMAIN, MISSING)


async def test_a_server_that_cannot_download_is_an_error(
    hass: HomeAssistant, server: FakeInferenceServer, post: Post
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
    post: Post,
    hass_client: ClientSessionGenerator,
) -> None:
    form = await post(FIX, handler=DOMAIN, issue_id=MISSING)
    flow = f"{FIX}/{form['flow_id']}"
    await post(flow)
    await state_is(hass, f"{HUB}_llm_download", "0.0")

    response = await (await hass_client()).delete(flow)

    assert response.status == HTTPStatus.OK
    assert server.pulls == 1


async def test_a_download_that_the_server_stopped_is_an_error(
    hass: HomeAssistant, server: FakeInferenceServer, post: Post
) -> None:
    form = await post(FIX, handler=DOMAIN, issue_id=MISSING)
    flow = f"{FIX}/{form['flow_id']}"
    await post(flow)
    await state_is(hass, f"{HUB}_llm_download", "0.0")
    server.assessor = MODEL_MISSING

    step = await until_done(hass, post, flow)

    assert (step["type"], step["reason"]) == ("abort", "download_failed")
    assert step["description_placeholders"] == {
        "error": "The inference server stopped the download."
    }


async def test_closing_the_dialog_before_confirming_downloads_nothing(
    server: FakeInferenceServer, post: Post, hass_client: ClientSessionGenerator
) -> None:
    form = await post(FIX, handler=DOMAIN, issue_id=MISSING)

    response = await (await hass_client()).delete(f"{FIX}/{form['flow_id']}")

    assert response.status == HTTPStatus.OK
    assert server.pulls == 0


async def test_an_entry_that_is_not_loaded_cannot_download(
    hass: HomeAssistant, server: FakeInferenceServer, post: Post, missing: MockConfigEntry
) -> None:
    form = await post(FIX, handler=DOMAIN, issue_id=MISSING)
    assert await hass.config_entries.async_unload(missing.entry_id)

    step = await post(f"{FIX}/{form['flow_id']}")

    assert (step["type"], step["reason"]) == ("abort", "not_loaded")
    assert server.pulls == 0
