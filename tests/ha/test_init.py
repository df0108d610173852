"""An entry starts with what is available, and unloads completely."""

from pathlib import Path
import shutil
import threading

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_security_intelligence import camera_folders
from custom_components.home_security_intelligence.const import DOMAIN
from custom_components.home_security_intelligence.core.domain.settings import Settings
from testbed.fake_inference_server import FakeInferenceServer
from testbed.services.postgres import Postgres
from tests.ha.helpers import database_says, entry_state, state_is

CONNECTED = """
    SELECT count(*) > 0 FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND backend_type = 'client backend'
"""  # a backend whose client has gone takes a moment to end
SERVER = "binary_sensor.home_security_intelligence_inference_server"


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> ConfigEntryState:
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return entry_state(entry)


async def test_sets_up_and_unloads_completely(
    hass: HomeAssistant, entry: MockConfigEntry, postgres: Postgres
) -> None:
    assert await set_up(hass, entry) is ConfigEntryState.LOADED
    await database_says(postgres, entry, CONNECTED, "t")

    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert entry_state(entry) is ConfigEntryState.LOADED

    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    assert entry_state(entry) is ConfigEntryState.NOT_LOADED
    await database_says(postgres, entry, CONNECTED, "f")


async def test_the_pipeline_stops_with_home_assistant(
    hass: HomeAssistant, entry: MockConfigEntry, postgres: Postgres
) -> None:
    assert await set_up(hass, entry) is ConfigEntryState.LOADED
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    await database_says(postgres, entry, CONNECTED, "f")


async def test_a_refused_token_starts_one_reauthentication(
    hass: HomeAssistant, entry: MockConfigEntry, server: FakeInferenceServer
) -> None:
    server.token = "another"
    assert await set_up(hass, entry) is ConfigEntryState.LOADED
    await state_is(hass, SERVER, "off")
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == SOURCE_REAUTH
    assert flow["context"]["entry_id"] == entry.entry_id
    assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({"port": 9}, ConfigEntryState.SETUP_RETRY),
        ({"database": "not_there"}, ConfigEntryState.SETUP_RETRY),
        ({"password": "wrong"}, ConfigEntryState.SETUP_ERROR),
        ({"camera_root": "/etc"}, ConfigEntryState.SETUP_ERROR),
    ],
)
async def test_setup_errors_are_shown(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    change: dict[str, str | int],
    state: ConfigEntryState,
) -> None:
    hass.config_entries.async_update_entry(entry, data={**entry.data, **change})
    assert await set_up(hass, entry) is state
    assert entry.reason


async def test_newer_tables_are_not_changed(
    hass: HomeAssistant, entry: MockConfigEntry, newer_database: None
) -> None:
    assert await set_up(hass, entry) is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == "database_newer"


async def test_setup_is_retried_until_the_camera_root_exists(
    hass: HomeAssistant, entry: MockConfigEntry, camera_root: Path
) -> None:
    shutil.rmtree(camera_root)
    assert await set_up(hass, entry) is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "folder_missing"


async def test_a_camera_root_that_hangs_is_retried(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()
    started: list[str] = []

    def hang(path: str) -> bool:
        started.append(path)
        return released.wait()

    monkeypatch.setattr(hass.config, "is_allowed_path", hang)
    monkeypatch.setattr(camera_folders, "Settings", lambda: Settings(storage_timeout=0.1))
    assert await set_up(hass, entry) is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "storage_away"
    assert not await hass.config_entries.async_reload(entry.entry_id)
    [thread] = [each for each in threading.enumerate() if each.name == "hsi files"]
    assert len(started) == 1  # and not one thread for each retry
    released.set()
    await hass.async_add_executor_job(thread.join)


async def test_a_second_camera_root_on_the_same_database_is_refused(
    hass: HomeAssistant, loaded: MockConfigEntry, tmp_path: Path
) -> None:
    (tmp_path / "others").mkdir()
    second = MockConfigEntry(
        domain=DOMAIN,
        unique_id="another server",
        data={**loaded.data, "camera_root": str(tmp_path / "others")},
    )
    second.add_to_hass(hass)
    assert await set_up(hass, second) is ConfigEntryState.SETUP_RETRY
    assert second.error_reason_translation_key == "folder_foreign"
    assert second.reason
    assert loaded.data["camera_root"] in second.reason

    assert await hass.config_entries.async_unload(loaded.entry_id)
    assert await hass.config_entries.async_reload(second.entry_id)
    assert second.state is ConfigEntryState.LOADED
    assert await hass.config_entries.async_unload(second.entry_id)


async def test_cameras_are_connected_via_the_hub(
    hass: HomeAssistant, loaded: MockConfigEntry, device_registry: dr.DeviceRegistry
) -> None:
    devices = {
        device.name: device
        for device in dr.async_entries_for_config_entry(device_registry, loaded.entry_id)
    }
    hub = devices.pop("Home Security Intelligence")
    assert hub.entry_type is dr.DeviceEntryType.SERVICE
    assert hub.sw_version == "0.1.0"
    assert set(devices) == {"Front door", "Yard"}
    assert {device.via_device_id for device in devices.values()} == {hub.id}
