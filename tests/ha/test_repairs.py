"""Many dead letters are a repair that requeues or discards them."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.home_security_intelligence.const import DOMAIN
from testbed.fake_inference_server import FakeInferenceServer, problem
from testbed.services.postgres import Postgres
from tests.ha.helpers import act, state_is, state_of, upload

type Json = dict[str, Any]
type Fix = Callable[[str], Awaitable[Json]]

DEAD = "sensor.home_security_intelligence_dead_letters"
ISSUE = "dead_letters_01JENTRY"
FIX = "/api/repairs/issues/fix"


@pytest.fixture
async def ten_dead(
    hass: HomeAssistant, server: FakeInferenceServer, loaded: MockConfigEntry, camera_root: Path
) -> None:
    """As many as are borne."""
    server.detect_fault = problem(422, "invalid_image")
    for number in range(10):
        upload(camera_root, f"yard/{number}.jpg")
    await state_is(hass, DEAD, "10")


@pytest.fixture
async def eleven_dead(
    hass: HomeAssistant, server: FakeInferenceServer, ten_dead: None, camera_root: Path
) -> None:
    """One more, and then the server is mended."""
    upload(camera_root, "yard/last.jpg")
    await state_is(hass, DEAD, "11")
    server.detect_fault = None


@pytest.fixture
async def fix(hass: HomeAssistant, eleven_dead: None, hass_client: ClientSessionGenerator) -> Fix:
    """Return a repair that stands at its menu."""
    await async_setup_component(hass, "repairs", {})
    client = await hass_client()

    async def post(path: str, **answers: str) -> Json:
        response = await client.post(path, json=answers)
        assert response.status == HTTPStatus.OK
        answer: Json = await response.json()
        return answer

    menu = await post(FIX, handler=DOMAIN, issue_id=ISSUE)
    assert menu["type"] == "menu"
    assert menu["menu_options"] == ["requeue", "discard"]
    assert menu["description_placeholders"]["count"] == "11"

    async def choose(option: str) -> Json:
        return await post(f"{FIX}/{menu['flow_id']}", next_step_id=option)

    return choose


async def test_a_few_are_no_repair(
    hass: HomeAssistant, issue_registry: ir.IssueRegistry, ten_dead: None
) -> None:
    assert issue_registry.async_get_issue(DOMAIN, ISSUE) is None


async def test_many_are_a_repair(
    hass: HomeAssistant, issue_registry: ir.IssueRegistry, eleven_dead: None
) -> None:
    issue = issue_registry.async_get_issue(DOMAIN, ISSUE)
    assert issue is not None
    assert issue.is_fixable
    assert issue.severity is ir.IssueSeverity.WARNING
    assert issue.translation_placeholders == {
        "title": "Home Security Intelligence",
        "count": "11",
    }
    letters = (await act(hass, "list_dead_letters"))["dead_letters"]
    await act(hass, "discard_dead_letters", job_ids=[letters[0]["job_id"]])
    await state_is(hass, DEAD, "10")
    assert issue_registry.async_get_issue(DOMAIN, ISSUE) is None


async def test_the_repair_exists_while_the_entry_is_loaded(
    hass: HomeAssistant,
    issue_registry: ir.IssueRegistry,
    loaded: MockConfigEntry,
    eleven_dead: None,
) -> None:
    assert await hass.config_entries.async_unload(loaded.entry_id)
    assert issue_registry.async_get_issue(DOMAIN, ISSUE) is None
    assert await hass.config_entries.async_setup(loaded.entry_id)
    assert issue_registry.async_get_issue(DOMAIN, ISSUE) is not None


async def test_all_are_requeued(
    hass: HomeAssistant, issue_registry: ir.IssueRegistry, fix: Fix
) -> None:
    assert (await fix("requeue"))["type"] == "create_entry"
    await state_is(hass, DEAD, "0")
    await state_is(hass, "sensor.yard_risk_level", "high")
    assert issue_registry.async_get_issue(DOMAIN, ISSUE) is None


async def test_all_are_discarded(
    hass: HomeAssistant, issue_registry: ir.IssueRegistry, fix: Fix
) -> None:
    assert (await fix("discard"))["type"] == "create_entry"
    await state_is(hass, DEAD, "0")
    assert issue_registry.async_get_issue(DOMAIN, ISSUE) is None
    assert state_of(hass, "sensor.yard_last_activity").state == "unknown"


async def test_jobs_that_fail_again_are_a_repair_again(
    hass: HomeAssistant, server: FakeInferenceServer, issue_registry: ir.IssueRegistry, fix: Fix
) -> None:
    server.detect_fault = problem(422, "invalid_image")
    server.detect_gate.clear()
    await fix("requeue")
    await state_is(hass, DEAD, "0")
    assert issue_registry.async_get_issue(DOMAIN, ISSUE) is None
    server.detect_gate.set()
    await state_is(hass, DEAD, "11")
    assert issue_registry.async_get_issue(DOMAIN, ISSUE) is not None


async def test_refused_dead_letters_keep_the_repair(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    issue_registry: ir.IssueRegistry,
    postgres: Postgres,
    fix: Fix,
) -> None:
    database = str(loaded.data["database"])
    postgres.execute("UPDATE hsi.jobs SET requeues = 100 WHERE state = 'dead'", database=database)
    answer = await fix("requeue")
    assert (answer["type"], answer["reason"]) == ("abort", "requeue_refused")
    placeholders = answer["description_placeholders"]
    assert (placeholders["requeued"], placeholders["refused"]) == ("0", "11")
    assert "maximum" in placeholders["refusal"]
    assert issue_registry.async_get_issue(DOMAIN, ISSUE) is not None


@pytest.mark.parametrize("option", ["requeue", "discard"])
async def test_a_database_outage_keeps_the_repair(
    hass: HomeAssistant,
    issue_registry: ir.IssueRegistry,
    loaded: MockConfigEntry,
    postgres: Postgres,
    fix: Fix,
    option: str,
) -> None:
    name = loaded.data["database"]
    postgres.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    postgres.execute(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    )
    try:
        answer = await fix(option)
    finally:
        postgres.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    assert (answer["type"], answer["reason"]) == ("abort", "database_failed")
    assert issue_registry.async_get_issue(DOMAIN, ISSUE) is not None


async def test_an_entry_that_is_not_loaded_cannot_be_repaired(
    hass: HomeAssistant, loaded: MockConfigEntry, fix: Fix
) -> None:
    assert await hass.config_entries.async_unload(loaded.entry_id)
    answer = await fix("requeue")
    assert (answer["type"], answer["reason"]) == ("abort", "not_loaded")
