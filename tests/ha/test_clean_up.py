"""The clean-up action counts what is expired, and deletes it only without dry run."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient
from freezegun import freeze_time
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.home_security_intelligence.const import DOMAIN
from testbed.fake_inference_server import FakeInferenceServer
from testbed.services.postgres import Postgres
from tests.ha.helpers import (
    STANDARD,
    act,
    choose_options,
    is_settled,
    listed_when,
    upload,
    when_updated,
)

NOTHING = {
    "events": 0,
    "images": 0,
    "detections": 0,
    "jobs": 0,
    "files": 0,
    "file_bytes": 0,
    "orphans": 0,
    "needs_confirmation": None,
}
ISSUE = "clean_up_waits_01JENTRY"
FIX = "/api/repairs/issues/fix"
OLD = {**NOTHING, "events": 1, "images": 1, "detections": 1, "jobs": 2}
AGED = """
    UPDATE hsi.images SET found_at = found_at - interval '3 years',
        captured_at = captured_at - interval '3 years';
    UPDATE hsi.events SET started_at = started_at - interval '3 years',
        last_activity_at = last_activity_at - interval '3 years',
        ended_at = ended_at - interval '3 years'
"""


@pytest.fixture
async def old_picture(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    quick: MockConfigEntry,
    camera_root: Path,
    postgres: Postgres,
) -> Path:
    """An event of years ago, and its picture."""
    upload(camera_root, "yard/one.jpg")
    await listed_when(hass, is_settled)
    postgres.execute(AGED, database=str(quick.data["database"]))
    return camera_root / "yard/one.jpg"


async def test_a_dry_run_is_the_default(hass: HomeAssistant, old_picture: Path) -> None:
    assert await act(hass, "clean_up") == OLD
    assert await act(hass, "clean_up", dry_run=True) == OLD
    assert (await act(hass, "list_events"))["total"] == 1

    assert await act(hass, "clean_up", dry_run=False) == OLD
    assert (await act(hass, "list_events"))["total"] == 0
    assert size(old_picture)
    assert await act(hass, "clean_up", dry_run=False) == NOTHING


async def test_deletes_without_a_response(hass: HomeAssistant, old_picture: Path) -> None:
    await hass.services.async_call(DOMAIN, "clean_up", {"dry_run": False}, blocking=True)
    assert (await act(hass, "list_events"))["total"] == 0


async def test_a_retention_of_zero_deletes_nothing(
    hass: HomeAssistant, quick: MockConfigEntry, old_picture: Path
) -> None:
    await choose_options(hass, quick, STANDARD | {"keeping": {"retention_days": 0}})
    assert await act(hass, "clean_up", dry_run=False) == NOTHING


@pytest.mark.parametrize("given_up", [{"original_days": 365}, {"original_gigabytes": 1e-7}])
async def test_image_files_are_deleted_if_the_options_say_so(
    hass: HomeAssistant, quick: MockConfigEntry, old_picture: Path, given_up: dict[str, float]
) -> None:
    await choose_options(hass, quick, STANDARD | {"keeping": {"retention_days": 0, **given_up}})
    expected = {**NOTHING, "files": 1, "file_bytes": size(old_picture)}
    told = await act(hass, "clean_up")
    assert "nothing was deleted since" in told.pop("needs_confirmation")
    assert told == {key: expected[key] for key in told}
    assert size(old_picture)
    assert await act(hass, "clean_up", dry_run=False) == expected
    assert size(old_picture) is None
    assert (await act(hass, "list_events"))["total"] == 1


@pytest.fixture
async def waiting(
    hass: HomeAssistant, quick: MockConfigEntry, old_picture: Path, issue_registry: ir.IssueRegistry
) -> Path:
    """A file whose nightly deletion has to be confirmed."""
    await choose_options(
        hass, quick, STANDARD | {"keeping": {"retention_days": 0, "original_days": 365}}
    )
    assert await quick.runtime_data.pipeline.cleanup.delete_unless_doubted() is None
    issue = issue_registry.async_get_issue(DOMAIN, ISSUE)
    assert issue is not None
    assert issue.is_fixable
    placeholders = issue.translation_placeholders or {}
    assert (placeholders["files"], placeholders["stored_files"]) == ("1", "1")
    assert "nothing was deleted since" in placeholders["reason"]
    return old_picture


async def test_a_repair_confirms_what_would_delete_much(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    issue_registry: ir.IssueRegistry,
    waiting: Path,
) -> None:
    await async_setup_component(hass, "repairs", {})
    client = await hass_client()
    response = await client.post(FIX, json={"handler": DOMAIN, "issue_id": ISSUE})
    form = await response.json()
    assert (form["type"], form["step_id"]) == ("form", "confirm")
    assert form["description_placeholders"]["files"] == "1"
    assert size(waiting)
    response = await client.post(f"{FIX}/{form['flow_id']}", json={})
    assert (await response.json())["type"] == "create_entry"

    async def is_gone() -> bool | None:
        return not size(waiting) or None

    await when_updated(hass, is_gone)
    await hass.async_block_till_done()
    assert issue_registry.async_get_issue(DOMAIN, ISSUE) is None


async def confirm(hass: HomeAssistant, client: TestClient[Any, Any], form: Any) -> Any:
    response = await client.post(f"{FIX}/{form['flow_id']}", json={})
    await hass.async_block_till_done()
    return await response.json()


async def test_a_confirmation_that_cannot_be_stored_deletes_nothing(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    quick: MockConfigEntry,
    waiting: Path,
    postgres: Postgres,
) -> None:
    await async_setup_component(hass, "repairs", {})
    client = await hass_client()
    response = await client.post(FIX, json={"handler": DOMAIN, "issue_id": ISSUE})
    name = quick.data["database"]
    postgres.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    postgres.execute(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    )
    result = await confirm(hass, client, await response.json())
    postgres.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    assert (result["type"], result["reason"]) == ("abort", "database_failed")
    assert size(waiting)


async def test_an_entry_that_is_not_loaded_confirms_nothing(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, quick: MockConfigEntry, waiting: Path
) -> None:
    await async_setup_component(hass, "repairs", {})
    client = await hass_client()
    response = await client.post(FIX, json={"handler": DOMAIN, "issue_id": ISSUE})
    form = await response.json()
    assert await hass.config_entries.async_unload(quick.entry_id)
    result = await confirm(hass, client, form)
    assert (result["type"], result["reason"]) == ("abort", "not_loaded")
    assert size(waiting)


async def test_nothing_is_deleted_while_the_clock_is_in_doubt(
    hass: HomeAssistant,
    quick: MockConfigEntry,
    old_picture: Path,
) -> None:
    later = datetime.now(UTC) + timedelta(hours=6)
    with freeze_time(later, tick=True, real_asyncio=True):
        with pytest.raises(HomeAssistantError) as caught:
            await act(hass, "clean_up", dry_run=False)
        assert caught.value.translation_key == "clock_doubted"
        doubt = (await act(hass, "clean_up"))["needs_confirmation"]
    assert doubt == "the clock of this machine jumped ahead by 6 hours"
    assert size(old_picture)


async def test_only_administrators_may_clean_up(
    hass: HomeAssistant, loaded: MockConfigEntry, hass_read_only_user: MockUser
) -> None:
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            DOMAIN, "clean_up", blocking=True, context=Context(user_id=hass_read_only_user.id)
        )


async def test_an_unknown_entry_is_refused(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    assert await act(hass, "clean_up", config_entry_id=loaded.entry_id) == NOTHING
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, "clean_up", config_entry_id="another")
    assert caught.value.translation_key == "service_config_entry_not_found"


@pytest.mark.usefixtures("lost_database")
async def test_an_unavailable_database_is_an_error(hass: HomeAssistant) -> None:
    with pytest.raises(HomeAssistantError) as caught:
        await act(hass, "clean_up")
    assert caught.value.translation_key == "database_failed"


def size(file: Path) -> int | None:
    """Return a file's bytes; None where there is no such file."""
    return file.stat().st_size if file.exists() else None
