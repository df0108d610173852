"""Actions return an event with its images, events by words, and a day in words."""

from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.ha.helpers import act, state_when, upload

UNKNOWN = "6f3f9d6e-3c54-4f6c-8f0b-8f5f5d0f4a11"


async def test_events_are_returned_whole_by_words_and_as_a_day(
    hass: HomeAssistant, loaded: MockConfigEntry, camera_root: Path
) -> None:
    today = dt_util.now().date()
    assert (await act(hass, "daily_summary"))["text"] == "No events."
    upload(camera_root, "yard/one.jpg")
    state = await state_when(hass, "event.yard_activity", lambda state: state.state != "unknown")
    event_id = state.attributes["event_id"]

    details = await act(hass, "get_event", event_id=event_id)
    assert details["event"]["event_id"] == event_id
    (image,) = details["images"]
    assert image["image_url"].startswith("/api/")

    level = details["event"]["risk_level"]
    for asked, count in (
        ({"text": "pers yard"}, 1),
        ({"text": "spaceship"}, 0),
        ({"min_level": level}, 1),
        ({"mark": "missed"}, 0),
    ):
        assert (await act(hass, "list_events", **asked))["total"] == count, asked

    day = await act(hass, "daily_summary", date=today.isoformat())
    assert (day["date"], day["events"]) == (today.isoformat(), 1)
    assert day["by_level"] == {"low": 0, "medium": 0, "high": 0, "critical": 0} | {level: 1}
    assert day["by_camera"] == {"Yard": 1}
    assert day["highest"]["event_id"] == event_id
    assert day["text"].startswith(f"1 event: 1 {level}. Yard 1. Highest risk: {level} at ")
    before = await act(hass, "daily_summary", date="2020-01-01")
    assert (before["events"], before["highest"]) == (0, None)


async def test_an_unknown_event_is_an_error(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, "get_event", event_id=UNKNOWN)
    assert caught.value.translation_key == "event_unknown"


async def test_snapshots_take_the_path_of_uploads(
    hass: HomeAssistant, loaded: MockConfigEntry, camera_root: Path
) -> None:
    upload(camera_root, "front_door/one.jpg")
    await state_when(hass, "event.front_door_activity", lambda state: state.state != "unknown")
    taken = await act(hass, "capture", camera="yard", entity_id="camera.front_door")
    (path,) = taken["images"]
    content = (camera_root / "front_door/one.jpg").read_bytes()
    assert (camera_root / path).read_bytes() == content
    assert [each.name for each in (camera_root / "yard").iterdir()] == [Path(path).name]
    await state_when(hass, "event.yard_activity", lambda state: state.state != "unknown")

    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, "capture", camera="yrad", entity_id="camera.front_door")
    assert caught.value.translation_key == "camera_unknown"
    with pytest.raises(HomeAssistantError):
        await act(hass, "capture", camera="yard", entity_id="camera.unknown")
