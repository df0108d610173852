"""The camera and image entities show the files as uploaded."""

from datetime import timedelta
from http import HTTPStatus
import logging
import os
from pathlib import Path

from freezegun import freeze_time
from homeassistant.components.camera import async_get_image as camera_image
from homeassistant.components.image import async_get_image as event_image
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from testbed.fake_inference_server import FakeInferenceServer, problem
from tests.ha.helpers import act, state_is, state_of, state_when, upload

CAMERA = "camera.front_door"
EVENT = "image.front_door_last_event"
ACTIVITY = "event.front_door_activity"
LAST = "sensor.front_door_last_activity"


async def test_nothing_is_shown_before_the_first_image(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    assert state_of(hass, CAMERA).state == "idle"
    assert state_of(hass, EVENT).state == "unknown"
    with pytest.raises(HomeAssistantError):
        await camera_image(hass, CAMERA)
    with pytest.raises(HomeAssistantError):
        await event_image(hass, EVENT)


async def test_the_uploaded_files_are_shown(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    loaded: MockConfigEntry,
    camera_root: Path,
    hass_client: ClientSessionGenerator,
) -> None:
    server.damaged = "12 extraneous bytes before marker 0xd1"
    upload(camera_root, "front_door/one.jpg", age=5)
    await state_when(hass, EVENT, lambda state: state.state != "unknown")
    assert state_of(hass, CAMERA).attributes["damaged"] == server.damaged
    [event] = (await act(hass, "list_events"))["events"]
    assert event["image_damaged"] == server.damaged
    server.damaged = None
    one = (camera_root / "front_door" / "one.jpg").read_bytes()
    assert (await camera_image(hass, CAMERA)).content == one

    before = state_of(hass, LAST).state
    server.detections = [("person", 0.6)]  # less sure than before: no better picture
    upload(camera_root, "front_door/two.jpg")
    await state_when(hass, LAST, lambda state: state.state != before)
    assert state_of(hass, CAMERA).attributes["damaged"] is None
    two = (camera_root / "front_door" / "two.jpg").read_bytes()
    assert (await camera_image(hass, CAMERA)).content == two
    assert (await camera_image(hass, CAMERA)).content_type == "image/jpeg"

    client = await hass_client()
    response = await client.get(f"/api/image_proxy/{EVENT}")
    assert response.status == HTTPStatus.OK
    assert response.content_type == "image/jpeg"
    assert await response.read() == one


async def test_an_older_image_does_not_replace_a_newer_one(
    hass: HomeAssistant, server: FakeInferenceServer, loaded: MockConfigEntry, camera_root: Path
) -> None:
    upload(camera_root, "front_door/new.jpg")
    told = await state_when(hass, ACTIVITY, lambda state: state.state != "unknown")
    # An event of its own, which is told once its picture has been through.
    upload(camera_root, "front_door/old.jpg", age=600)
    await state_when(hass, ACTIVITY, lambda state: state.state > told.state)
    new = (camera_root / "front_door" / "new.jpg").read_bytes()
    assert (await camera_image(hass, CAMERA)).content == new


async def test_a_deleted_file_is_an_error(
    hass: HomeAssistant, loaded: MockConfigEntry, camera_root: Path
) -> None:
    upload(camera_root, "front_door/one.jpg")
    await state_when(hass, EVENT, lambda state: state.state != "unknown")
    (camera_root / "front_door" / "one.jpg").unlink()
    with pytest.raises(HomeAssistantError) as caught:
        await camera_image(hass, CAMERA)
    assert caught.value.translation_key == "image_unreadable"
    with pytest.raises(HomeAssistantError) as caught:
        await event_image(hass, EVENT)
    assert caught.value.translation_key == "image_unreadable"


async def test_an_overwritten_file_makes_the_image_unavailable(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    loaded: MockConfigEntry,
    camera_root: Path,
    hass_client: ClientSessionGenerator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    upload(camera_root, "front_door/one.jpg", age=5)
    await state_when(hass, EVENT, lambda state: state.state != "unknown")
    picture = camera_root / "front_door" / "one.jpg"
    before, kept = picture.stat(), picture.read_bytes()
    server.detect_fault = problem(
        503, "detector_unavailable"
    )  # nothing comes of what lies there now
    picture.write_bytes(b"another one")

    client = await hass_client()
    # It is how Home Assistant answers for every image that cannot be had.
    response = await client.get(f"/api/image_proxy/{EVENT}")
    assert response.status == HTTPStatus.INTERNAL_SERVER_ERROR
    assert state_of(hass, EVENT).state == STATE_UNAVAILABLE
    complaints = [each for each in caplog.records if each.levelno >= logging.WARNING]
    # The event loop's own are of how busy the machine is.
    assert not [each for each in complaints if each.name != "asyncio"]

    picture.write_bytes(kept)
    os.utime(picture, ns=(before.st_atime_ns, before.st_mtime_ns))
    response = await client.get(f"/api/image_proxy/{EVENT}")
    assert response.status == HTTPStatus.OK
    assert state_of(hass, EVENT).state != STATE_UNAVAILABLE

    picture.unlink()
    await client.get(f"/api/image_proxy/{EVENT}")
    assert state_of(hass, EVENT).state == STATE_UNAVAILABLE
    server.detect_fault = None
    server.detections = [("person", 0.99)]
    upload(camera_root, "front_door/two.jpg")
    await state_when(hass, EVENT, lambda state: state.state != STATE_UNAVAILABLE)
    assert (await client.get(f"/api/image_proxy/{EVENT}")).status == HTTPStatus.OK


async def test_a_better_image_from_an_earlier_time_is_fetched_again(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    loaded: MockConfigEntry,
    camera_root: Path,
    hass_client: ClientSessionGenerator,
) -> None:
    server.detections = [("person", 0.6)]
    upload(camera_root, "front_door/one.jpg")
    worse = await state_when(hass, EVENT, lambda state: state.state != "unknown")
    server.detections = [("person", 0.9)]
    upload(camera_root, "front_door/earlier.jpg", age=2)
    better = await state_when(hass, EVENT, lambda state: state.state != worse.state)
    # Frontends fetch the image again because the state is another.
    response = await (await hass_client()).get(better.attributes["entity_picture"])
    assert await response.read() == (camera_root / "front_door" / "earlier.jpg").read_bytes()


async def test_viewers_share_one_read(
    hass: HomeAssistant, loaded: MockConfigEntry, camera_root: Path
) -> None:
    upload(camera_root, "front_door/one.jpg")
    await state_when(hass, EVENT, lambda state: state.state != "unknown")
    one = (await camera_image(hass, CAMERA)).content
    (camera_root / "front_door" / "one.jpg").unlink()
    assert (await camera_image(hass, CAMERA)).content == one

    # A moment later the file is read again, and is gone.
    later = dt_util.utcnow() + timedelta(seconds=11)
    with freeze_time(later, real_asyncio=True), pytest.raises(HomeAssistantError):
        await camera_image(hass, CAMERA)


async def test_a_stream_ends_when_the_image_is_gone(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    camera_root: Path,
    hass_client: ClientSessionGenerator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    upload(camera_root, "front_door/one.jpg")
    await state_when(hass, EVENT, lambda state: state.state != "unknown")
    one = (camera_root / "front_door" / "one.jpg").read_bytes()
    client = await hass_client()
    stream = await client.get(f"/api/camera_proxy_stream/{CAMERA}")
    assert stream.status == HTTPStatus.OK
    part = await stream.content.readuntil(b"\r\n\r\n")
    assert b"image/jpeg" in part
    assert await stream.content.readexactly(len(one)) == one
    stream.close()

    upload(camera_root, "front_door/two.jpg")
    await state_when(hass, EVENT, lambda state: state.state != "unknown")
    for file in (camera_root / "front_door").iterdir():
        file.unlink()
    with freeze_time(dt_util.utcnow() + timedelta(seconds=11), real_asyncio=True):
        stream = await client.get(f"/api/camera_proxy_stream/{CAMERA}")
        assert await stream.read() == b""
    # The access log has no time zone while the time is frozen.
    errors = [each for each in caplog.records if each.levelno >= logging.ERROR]
    assert {each.name for each in errors} <= {"aiohttp.access"}


async def test_images_are_shown_after_a_restart(
    hass: HomeAssistant, loaded: MockConfigEntry, camera_root: Path
) -> None:
    upload(camera_root, "front_door/one.jpg")
    await state_is(hass, "sensor.front_door_risk_level", "high")
    before = state_of(hass, EVENT).state
    assert await hass.config_entries.async_reload(loaded.entry_id)
    await hass.async_block_till_done()
    one = (camera_root / "front_door" / "one.jpg").read_bytes()
    assert state_of(hass, EVENT).state == before
    assert (await camera_image(hass, CAMERA)).content == one
    assert (await event_image(hass, EVENT)).content == one
