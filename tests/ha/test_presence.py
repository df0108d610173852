"""The presence sensors turn on at once for their class, and off after the hold time."""

from datetime import timedelta
from functools import partial
from pathlib import Path

from freezegun import freeze_time
from homeassistant.core import HomeAssistant, State
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from testbed.fake_inference_server import FakeInferenceServer, problem
from tests.ha.helpers import (
    change_camera,
    fired,
    record_changes,
    state_is,
    state_of,
    state_when,
    upload,
)

PERSON = "binary_sensor.front_door_person"
LAST = "sensor.front_door_last_activity"
CLASSES = ("person", "vehicle", "animal", "package")


def differs(before: str, state: State) -> bool:
    return state.state != before


async def pass_time(hass: HomeAssistant, seconds: float) -> None:
    """Let it be later for all: other updates at that moment must not bring a person back."""
    later = dt_util.utcnow() + timedelta(seconds=seconds)
    with freeze_time(later, real_asyncio=True):
        async_fire_time_changed(hass, later + timedelta(seconds=seconds))
        await hass.async_block_till_done()


async def test_turns_off_after_the_hold_time(
    hass: HomeAssistant, loaded: MockConfigEntry, camera_root: Path
) -> None:
    assert state_of(hass, PERSON).state == "off"
    upload(camera_root, "front_door/one.jpg")
    await state_is(hass, PERSON, "on")
    assert state_of(hass, "binary_sensor.yard_person").state == "off"

    await pass_time(hass, 31)
    assert state_of(hass, PERSON).state == "off"


@pytest.mark.parametrize(
    ("label", "present"),
    [("person", "person"), ("car", "vehicle"), ("dog", "animal"), ("package", "package")],
)
async def test_each_class_has_its_sensor(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    loaded: MockConfigEntry,
    camera_root: Path,
    label: str,
    present: str,
) -> None:
    server.detections = [(label, 0.95)]
    upload(camera_root, "front_door/one.jpg")
    await state_is(hass, f"binary_sensor.front_door_{present}", "on")
    for other in set(CLASSES) - {present}:
        assert state_of(hass, f"binary_sensor.front_door_{other}").state == "off"


async def test_person_carries_the_event(
    hass: HomeAssistant, loaded: MockConfigEntry, camera_root: Path
) -> None:
    assert state_of(hass, PERSON).attributes["event_id"] is None
    upload(camera_root, "front_door/one.jpg")
    shown = await state_when(hass, PERSON, lambda state: bool(state.attributes["event_id"]))
    assert shown.state == "on"
    alert = await fired(hass, "event.front_door_alert")
    assert alert.attributes["event_id"] == shown.attributes["event_id"]

    await pass_time(hass, 31)
    assert state_of(hass, PERSON).attributes["event_id"] is None


async def test_a_longer_hold_time_bridges_the_interval_of_uploads(
    hass: HomeAssistant, loaded: MockConfigEntry, camera_root: Path
) -> None:
    await change_camera(hass, loaded, "01JFRONT_DOOR", presence_hold=90)
    changes = record_changes(hass, PERSON)
    upload(camera_root, "front_door/one.jpg", age=65)
    await state_is(hass, PERSON, "on")
    first = await state_when(hass, LAST, lambda state: state.state != "unknown")
    upload(camera_root, "front_door/two.jpg", age=5)
    await state_when(hass, LAST, lambda state: state.state != first.state)
    await pass_time(hass, 60)
    assert changes == ["on"]


async def test_a_camera_that_uploads_once_a_minute_does_not_flap(
    hass: HomeAssistant, loaded: MockConfigEntry, camera_root: Path
) -> None:
    changes = record_changes(hass, PERSON)
    for number, age in enumerate((125, 65, 5)):
        before = state_of(hass, LAST).state
        upload(camera_root, f"front_door/{number}.jpg", age=age)
        await state_when(hass, LAST, partial(differs, before))
    await pass_time(hass, 60)
    assert changes == ["on"]
    await pass_time(hass, 90)
    assert changes[:2] == ["on", "off"]


async def test_needs_no_assessment(
    hass: HomeAssistant, server: FakeInferenceServer, loaded: MockConfigEntry, camera_root: Path
) -> None:
    server.assess_fault = problem(503, "assessor_unavailable")
    upload(camera_root, "front_door/one.jpg")
    await state_is(hass, PERSON, "on")


async def test_turns_on_from_off_when_an_image_is_the_first_sign_after_an_outage(
    hass: HomeAssistant, server: FakeInferenceServer, loaded: MockConfigEntry, camera_root: Path
) -> None:
    """Automations wait for a change from off to on."""
    server.health_fault = problem(503, "starting")
    await loaded.runtime_data.pipeline.refresh_health()
    await state_is(hass, PERSON, "unavailable")
    changes = record_changes(hass, PERSON)
    upload(camera_root, "front_door/one.jpg")
    await state_is(hass, PERSON, "on")
    assert changes == ["off", "on"]
    await pass_time(hass, 31)
    assert state_of(hass, PERSON).state == "unavailable"


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
    await pass_time(hass, 31)
    assert state_of(hass, PERSON).state == "off"
