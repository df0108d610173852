"""Events are marked by an action and found by their marks."""

from datetime import datetime, timedelta
from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.ha.helpers import act, state_when, upload

UNKNOWN = "6f3f9d6e-3c54-4f6c-8f0b-8f5f5d0f4a11"


async def test_events_are_marked_and_found_by_their_mark(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    camera_root: Path,
    device_registry: dr.DeviceRegistry,
) -> None:
    upload(camera_root, "yard/one.jpg")
    told = await state_when(hass, "event.yard_activity", lambda state: state.state != "unknown")
    event_id = told.attributes["event_id"]

    said = await act(hass, "mark_event", event_id=event_id, mark="false_alarm")
    assert said["event"]["mark"] == "false_alarm"
    assert datetime.fromisoformat(said["event"]["marked_at"]) <= dt_util.utcnow()
    found = await act(hass, "list_events", mark="false_alarm")
    assert [event["event_id"] for event in found["events"]] == [event_id]
    assert (await act(hass, "list_events", mark="missed"))["events"] == []

    said = await act(hass, "mark_event", event_id=event_id, mark="none")
    assert said["event"]["mark"] is None

    # By camera and time: the event that went on then, or else the moment itself.
    devices = dr.async_entries_for_config_entry(device_registry, loaded.entry_id)
    (yard,) = (device for device in devices if device.name == "Yard")
    at = datetime.fromisoformat(found["events"][0]["started_at"])
    said = await act(hass, "mark_event", device_id=yard.id, at=at, mark="missed")
    assert said["event"]["event_id"] == event_id
    before = at - timedelta(hours=1)
    said = await act(hass, "mark_event", camera="yard", at=before, mark="missed")
    assert said["event"] is None
    assert said["missed_moment"]["at"] == before.isoformat()
    found = await act(hass, "list_events", mark="missed")
    assert [event["event_id"] for event in found["events"]] == [event_id]
    assert [each["at"] for each in found["missed_moments"]] == [before.isoformat()]
    said = await act(hass, "mark_event", camera="yard", at=before, mark="none")
    assert said == {"taken_back": 1}


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({"mark": "missed"}, "mark_unclear"),
        ({"mark": "missed", "camera": "yard"}, "mark_unclear"),
        ({"mark": "false_alarm", "camera": "yard", "at": "2026-01-01 12:00"}, "mark_unclear"),
        ({"mark": "missed", "camera": "yard", "event_id": UNKNOWN}, "mark_unclear"),
        ({"mark": "missed", "event_id": UNKNOWN}, "invalid_question"),
        ({"mark": "missed", "camera": "attic", "at": "2026-01-01 12:00"}, "camera_unknown"),
    ],
)
async def test_an_ambiguous_request_is_refused(
    hass: HomeAssistant, loaded: MockConfigEntry, data: dict[str, object], key: str
) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, "mark_event", **data)
    assert caught.value.translation_key == key
