"""The clean-up action counts what is expired, and deletes it only without dry run."""

from pathlib import Path

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.home_security_intelligence.const import DOMAIN
from testbed.fake_inference_server import FakeInferenceServer
from testbed.services.postgres import Postgres
from tests.ha.helpers import STANDARD, act, choose_options, is_settled, listed_when, upload

NOTHING = {
    "events": 0,
    "images": 0,
    "detections": 0,
    "jobs": 0,
    "files": 0,
    "file_bytes": 0,
    "orphans": 0,
}
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
    assert await act(hass, "clean_up") == expected
    assert size(old_picture)
    assert await act(hass, "clean_up", dry_run=False) == expected
    assert size(old_picture) is None
    assert (await act(hass, "list_events"))["total"] == 1


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
