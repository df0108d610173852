"""The risk sensors show the present event from its first image, and low when it is over."""

from datetime import timedelta
from pathlib import Path

from freezegun import freeze_time
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from testbed.fake_inference_server import FakeInferenceServer
from tests.ha.helpers import (
    STANDARD,
    choose_options,
    record_changes,
    state_is,
    state_of,
    state_when,
    upload,
)
from tests.ha.scenes import LEVELS

SCORE = "sensor.front_door_risk_score"
LEVEL = "sensor.front_door_risk_level"
LAST = "sensor.front_door_last_activity"


async def pass_time(hass: HomeAssistant, seconds: float) -> None:
    later = dt_util.utcnow() + timedelta(seconds=seconds)
    with freeze_time(later, real_asyncio=True):
        async_fire_time_changed(hass, later + timedelta(seconds=1))
        await hass.async_block_till_done()


async def test_the_risk_is_low_without_an_event(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    assert (state_of(hass, SCORE).state, state_of(hass, LEVEL).state) == ("0", "low")
    assert state_of(hass, SCORE).attributes["factors"] == []
    assert state_of(hass, LAST).state == "unknown"


async def test_the_risk_returns_to_low_after_the_event(
    hass: HomeAssistant, server: FakeInferenceServer, quick: MockConfigEntry, camera_root: Path
) -> None:
    levels = record_changes(hass, LEVEL)
    upload(camera_root, "front_door/one.jpg")
    shown = await state_is(hass, LEVEL, "high")
    assert shown.attributes["event_id"]
    assert [factor["points"] for factor in shown.attributes["factors"]]
    await state_is(hass, SCORE, str(sum(f["points"] for f in shown.attributes["factors"])))
    await state_when(
        hass, "event.front_door_activity", lambda s: s.attributes["event_type"] == "closed"
    )

    await pass_time(hass, 290)
    assert state_of(hass, LEVEL).state == "high"
    await pass_time(hass, 310)
    assert (state_of(hass, SCORE).state, state_of(hass, LEVEL).state) == ("0", "low")
    assert state_of(hass, LEVEL).attributes["event_id"] is None
    assert state_of(hass, LAST).state != "unknown"
    assert levels == ["high", "low"]  # never unknown between


async def test_the_reset_counts_from_the_close(
    hass: HomeAssistant, entry: MockConfigEntry, camera_root: Path
) -> None:
    """An event closes when it has been idle for a while, not with its last image."""
    options = {"levels": LEVELS, "event_idle": 60.0, "risk_reset": 60.0}
    hass.config_entries.async_update_entry(entry, options=options)
    assert await hass.config_entries.async_setup(entry.entry_id)
    upload(camera_root, "front_door/one.jpg", age=80)
    await state_when(
        hass, "event.front_door_activity", lambda s: s.attributes.get("event_type") == "closed"
    )
    assert state_of(hass, LEVEL).state == "high"
    await pass_time(hass, 45)
    assert state_of(hass, LEVEL).state == "low"
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_an_event_that_is_long_over_is_no_risk(
    hass: HomeAssistant, server: FakeInferenceServer, loaded: MockConfigEntry, camera_root: Path
) -> None:
    await choose_options(hass, loaded, {**STANDARD, "risk_reset": 0})
    upload(camera_root, "front_door/one.jpg", age=3600)
    await state_when(hass, LAST, lambda state: state.state != "unknown")
    await state_is(hass, LEVEL, "low")
