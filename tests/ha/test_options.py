"""The options reach the pipeline."""

import asyncio
from pathlib import Path
from typing import Any

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers.dispatcher import async_dispatcher_connect
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_security_intelligence.bridge import settings_of
from custom_components.home_security_intelligence.core.domain.settings import Settings
from testbed.fake_inference_server import FakeInferenceServer
from testbed.services.postgres import Postgres
from tests.ha.helpers import (
    PATIENCE,
    STANDARD,
    act,
    choose_options,
    database_says,
    fired,
    state_is,
    state_when,
    suggested,
    upload,
)
from tests.ha.scenes import IN_THE_GARDEN, LEVELS, show

ANSWERS: dict[str, Any] = {
    "confidence_threshold": 0.7,
    "event_idle": 60,
    "event_window": 120,
    "risk_reset": 60,
    "alert_cooldown": 600,
    "home": {"alarm": "alarm_control_panel.house", "residents": ["person.ann", "group.all"]},
    "levels": {
        "medium_from": 20,
        "high_from": 50,
        "critical_from": 95,
        "pictures_to_model": True,
    },
    "keeping": {"retention_days": 365, "original_days": 14, "original_gigabytes": 2.5},
    "finding": {
        "watch_polling": True,
        "polling_interval": 0.5,
        "ignored_names": ["thumbs", "*_small.*"],
    },
}


SHARED = "select value, source from hsi.settings where name = '{}'"


async def test_untouched_options_are_the_defaults(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(loaded, options={})
    assert settings_of(loaded) == Settings()
    await choose_options(hass, loaded, STANDARD | {"levels": {}})
    assert settings_of(loaded) == Settings()


async def test_chosen_options_take_effect_and_are_shown_again(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    await choose_options(hass, loaded, ANSWERS)
    assert loaded.state is ConfigEntryState.LOADED
    assert settings_of(loaded) == Settings(
        confidence_threshold=0.7,
        event_idle=60,
        event_window=120,
        risk_reset=60,
        alert_cooldown=600,
        retention_days=365,
        original_days=14,
        original_gigabytes=2.5,
        medium_from=20,
        high_from=50,
        critical_from=95,
        images_to_model=True,
        watch_polling=True,
        polling_interval=0.5,
        ignored_names=frozenset({"thumbs", "*_small.*"}),
    )
    result = await hass.config_entries.options.async_init(loaded.entry_id)
    assert suggested(result, "event_idle") == 60
    for section in STANDARD:
        for field, value in ANSWERS[section].items():
            assert suggested(result, field, section=section) == value


async def test_contradictory_options_are_refused(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    result = await hass.config_entries.options.async_init(loaded.entry_id)
    assert result["step_id"] == "init"
    result = await hass.config_entries.options.async_configure(
        result["flow_id"], ANSWERS | {"event_window": 45}
    )
    assert result["errors"] == {"event_idle": "idle_exceeds_window"}
    assert suggested(result, "event_window") == 45
    result = await hass.config_entries.options.async_configure(
        result["flow_id"], ANSWERS | {"levels": {"high_from": 20, "medium_from": 20}}
    )
    assert result["errors"] == {"base": "levels_out_of_order"}
    assert suggested(result, "high_from", section="levels") == 20
    assert suggested(result, "retention_days", section="keeping") == 365

    result = await hass.config_entries.options.async_configure(result["flow_id"], ANSWERS)
    await hass.async_block_till_done()
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert loaded.options == ANSWERS
    assert loaded.state is ConfigEntryState.LOADED


@pytest.mark.parametrize(
    ("section", "field", "value"),
    [
        ("keeping", "retention_days", -1),
        ("keeping", "original_days", 36_501),
        ("keeping", "original_gigabytes", -0.1),
        ("finding", "polling_interval", 0),
    ],
)
async def test_a_number_out_of_range_is_refused(
    hass: HomeAssistant, loaded: MockConfigEntry, section: str, field: str, value: float
) -> None:
    with pytest.raises(InvalidData) as caught:
        await choose_options(hass, loaded, STANDARD | {section: {field: value}})
    assert f"{section}.{field}" in str(caught.value.schema_errors)
    assert loaded.options == {"levels": LEVELS}


async def test_polling_finds_images(
    hass: HomeAssistant, loaded: MockConfigEntry, camera_root: Path
) -> None:
    await choose_options(
        hass, loaded, STANDARD | {"finding": {"watch_polling": True, "polling_interval": 0.1}}
    )
    assert not has_watch(camera_root / "yard")
    upload(camera_root, "yard/one.jpg")
    await state_when(hass, "sensor.yard_last_activity", lambda state: state.state != "unknown")

    await choose_options(hass, loaded, STANDARD)
    # A folder is listed only after its watch stands.
    upload(camera_root, "front_door/two.jpg")
    await state_when(
        hass, "sensor.front_door_last_activity", lambda state: state.state != "unknown"
    )
    assert has_watch(camera_root / "front_door")


def has_watch(folder: Path) -> bool:
    """Return whether this process has an inotify watch on a folder."""
    inode = f"ino:{folder.stat().st_ino:x} "
    return any(
        line.startswith("inotify ") and inode in line
        for file in Path("/proc/self/fdinfo").iterdir()
        if file.exists()
        for line in file.read_text().splitlines()
    )


async def test_changed_levels_apply_to_new_events_only(
    hass: HomeAssistant, server: FakeInferenceServer, loaded: MockConfigEntry, camera_root: Path
) -> None:
    show(server, IN_THE_GARDEN)
    upload(camera_root, "front_door/one.jpg")
    medium = await fired(hass, "event.front_door_alert")
    assert medium.attributes["level"] == "medium"
    bound = medium.attributes["score"]
    await choose_options(hass, loaded, STANDARD | {"levels": {**LEVELS, "high_from": bound}})

    upload(camera_root, "yard/one.jpg")
    await state_is(hass, "sensor.yard_risk_level", "high")
    await state_is(hass, "sensor.front_door_risk_level", "medium")
    for level, camera in (("high", "yard"), ("medium", "front_door")):
        [event] = (await act(hass, "list_events", level=level))["events"]
        assert event["camera"] == camera


async def test_the_database_has_the_options_that_all_workers_share(
    hass: HomeAssistant, loaded: MockConfigEntry, postgres: Postgres
) -> None:
    await database_says(postgres, loaded, SHARED.format("event_idle"), "30.0|home_assistant")
    await database_says(
        postgres, loaded, SHARED.format("time_zone"), f'"{hass.config.time_zone}"|home_assistant'
    )
    await choose_options(hass, loaded, ANSWERS)
    await database_says(postgres, loaded, SHARED.format("event_idle"), "60.0|home_assistant")
    await database_says(postgres, loaded, SHARED.format("images_to_model"), "true|home_assistant")
    await database_says(postgres, loaded, SHARED.format("original_days"), "")


async def test_a_stored_setting_without_an_option_is_adopted(
    hass: HomeAssistant, loaded: MockConfigEntry, postgres: Postgres
) -> None:
    changed = asyncio.Event()

    @callback
    def note(*_: object) -> None:
        changed.set()

    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, note)
    postgres.execute(
        "insert into hsi.settings (name, value, source, host)"
        " values ('incident_window', '600', 'worker', 'gpu-1'); notify hsi_settings",
        database=str(loaded.data["database"]),
    )
    async with asyncio.timeout(PATIENCE):
        while incident_window(loaded) != 600:
            await changed.wait()
            changed.clear()
    assert loaded.runtime_data.pipeline.settings.event_idle == 30


def incident_window(entry: MockConfigEntry) -> float | None:
    """Return the setting in use; None while the entry is not loaded."""
    if entry.state is not ConfigEntryState.LOADED:
        return None
    settings: Settings = entry.runtime_data.pipeline.settings
    return settings.incident_window


async def test_a_workers_value_is_replaced_by_home_assistants(
    hass: HomeAssistant, entry: MockConfigEntry, postgres: Postgres
) -> None:
    postgres.execute(
        "insert into hsi.settings (name, value, source, host)"
        " values ('event_idle', '5', 'worker', 'gpu-1')",
        database=str(entry.data["database"]),
    )
    assert await hass.config_entries.async_setup(entry.entry_id)
    await database_says(postgres, entry, SHARED.format("event_idle"), "30.0|home_assistant")
    await hass.config_entries.async_unload(entry.entry_id)


async def test_levels_out_of_order_fail_the_setup(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(entry, options={"levels": {"medium_from": 90}})
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == "risk_bands"
    assert "medium from 90, high from 60" in (entry.reason or "")
