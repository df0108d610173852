"""The person sensor turns on at once and off after the hold time."""

from datetime import timedelta
from pathlib import Path

from freezegun import freeze_time
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from testbed.fake_inference_server import FakeInferenceServer, problem
from tests.ha.helpers import state_is, state_of, state_when, upload

PERSON = "binary_sensor.front_door_person"
LAST = "sensor.front_door_last_activity"


async def half_a_minute_passes(hass: HomeAssistant) -> None:
    """Let it be later for all: whatever else is told at that moment must not bring a person back."""
    later = dt_util.utcnow() + timedelta(seconds=31)
    with freeze_time(later, real_asyncio=True):
        async_fire_time_changed(hass, later + timedelta(seconds=31))
        await hass.async_block_till_done()


async def test_turns_off_after_the_hold_time(
    hass: HomeAssistant, loaded: MockConfigEntry, camera_root: Path
) -> None:
    assert state_of(hass, PERSON).state == "off"
    upload(camera_root, "front_door/one.jpg")
    await state_is(hass, PERSON, "on")
    assert state_of(hass, "binary_sensor.yard_person").state == "off"

    await half_a_minute_passes(hass)
    assert state_of(hass, PERSON).state == "off"


async def test_needs_no_assessment(
    hass: HomeAssistant, server: FakeInferenceServer, loaded: MockConfigEntry, camera_root: Path
) -> None:
    server.assess_fault = problem(503, "assessor_unavailable")
    upload(camera_root, "front_door/one.jpg")
    await state_is(hass, PERSON, "on")


async def test_stays_off_for_a_car(
    hass: HomeAssistant, server: FakeInferenceServer, loaded: MockConfigEntry, camera_root: Path
) -> None:
    server.detections = [("car", 0.95)]
    upload(camera_root, "front_door/one.jpg")
    await state_when(hass, LAST, lambda state: state.state != "unknown")
    assert state_of(hass, PERSON).state == "off"


async def test_stays_off_for_an_old_image(
    hass: HomeAssistant, loaded: MockConfigEntry, camera_root: Path
) -> None:
    upload(camera_root, "front_door/one.jpg", age=600)
    await state_when(hass, LAST, lambda state: state.state != "unknown")
    assert state_of(hass, PERSON).state == "off"


async def test_is_restored_after_a_restart(
    hass: HomeAssistant, loaded: MockConfigEntry, camera_root: Path
) -> None:
    upload(camera_root, "front_door/one.jpg")
    await state_is(hass, PERSON, "on")
    assert await hass.config_entries.async_reload(loaded.entry_id)
    await hass.async_block_till_done()
    assert state_of(hass, PERSON).state == "on"
    await half_a_minute_passes(hass)
    assert state_of(hass, PERSON).state == "off"
