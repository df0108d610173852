"""The actions respond in plain JSON and refuse ambiguous requests."""

from datetime import timedelta
from pathlib import Path

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.home_security_intelligence.const import DOMAIN
from testbed.fake_inference_server import FakeInferenceServer, problem
from tests.ha.helpers import act, state_is, state_when, upload
from tests.ha.scenes import IN_THE_PASSAGE, PASSERS_BY, show

DEAD = "sensor.home_security_intelligence_dead_letters"


def device(hass: HomeAssistant, entry: MockConfigEntry, name: str) -> str:
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return next(device.id for device in devices if device.name == name)


@pytest.fixture
async def two_events(
    hass: HomeAssistant, server: FakeInferenceServer, loaded: MockConfigEntry, camera_root: Path
) -> None:
    """A critical one at the front door, and then a low one in the yard."""
    show(server, IN_THE_PASSAGE)
    upload(camera_root, "front_door/one.jpg", age=1)
    await state_is(hass, "sensor.front_door_risk_level", "critical")
    await state_when(
        hass,
        "event.front_door_activity",
        lambda state: state.attributes.get("event_type") == "explained",
    )
    show(server, PASSERS_BY)
    upload(camera_root, "yard/one.jpg")
    await state_when(hass, "event.yard_alert", lambda state: state.state != "unknown")


@pytest.fixture
async def two_dead(
    hass: HomeAssistant, server: FakeInferenceServer, loaded: MockConfigEntry, camera_root: Path
) -> None:
    """A picture of each camera that is none."""
    server.detect_fault = problem(422, "invalid_image")
    upload(camera_root, "front_door/bad.jpg")
    upload(camera_root, "yard/bad.jpg")
    await state_is(hass, DEAD, "2")
    server.detect_fault = None


@pytest.mark.usefixtures("two_events")
async def test_events_are_listed_newest_first(hass: HomeAssistant) -> None:
    answer = await act(hass, "list_events")
    assert answer["total"] == 2
    assert answer["next_cursor"] is None
    yard, front = answer["events"]
    assert (yard["camera"], yard["risk_level"]) == ("yard", "low")
    assert (front["camera"], front["risk_level"], front["late"]) == (
        "front_door",
        "critical",
        False,
    )
    assert front["labels"] == ["person"]
    assert front["assessment"] == "assessed"
    assert front["provisional_score"] == front["risk_score"]
    assert sum(factor["points"] for factor in front["factors"]) == front["risk_score"]
    assert all(factor.keys() == {"name", "points", "reason"} for factor in front["factors"])


@pytest.mark.usefixtures("two_events")
@pytest.mark.parametrize(
    ("asked", "cameras"),
    [
        ({"config_entry_id": "01JENTRY"}, ["yard", "front_door"]),
        ({"camera": "yard"}, ["yard"]),
        ({"min_score": 50}, ["front_door"]),
        ({"level": "low"}, ["yard"]),
        ({"label": "person"}, ["yard", "front_door"]),
        ({"label": "dog"}, []),
        ({"limit": 1}, ["yard"]),
        ({"since": dt_util.utcnow() - timedelta(days=1)}, ["yard", "front_door"]),
        ({"until": "2020-01-01 00:00:00"}, []),
    ],
)
async def test_events_are_filtered(
    hass: HomeAssistant, asked: dict[str, object], cameras: list[str]
) -> None:
    answer = await act(hass, "list_events", **asked)
    assert [event["camera"] for event in answer["events"]] == cameras


@pytest.mark.usefixtures("two_events")
async def test_events_come_in_pages(hass: HomeAssistant) -> None:
    first = await act(hass, "list_events", limit=1)
    second = await act(hass, "list_events", limit=1, cursor=first["next_cursor"])
    assert [event["camera"] for event in second["events"]] == ["front_door"]
    assert second["next_cursor"] is None


@pytest.mark.usefixtures("two_events")
async def test_a_camera_may_be_named_by_its_device(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    answer = await act(hass, "list_events", device_id=device(hass, loaded, "Yard"))
    assert [event["camera"] for event in answer["events"]] == ["yard"]
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, "list_events", device_id=device(hass, loaded, "Home Security Intelligence"))
    assert caught.value.translation_key == "device_is_no_camera"


@pytest.mark.usefixtures("two_dead")
async def test_dead_letters_are_listed_with_their_reason(hass: HomeAssistant) -> None:
    answer = await act(hass, "list_dead_letters")
    assert answer["total"] == 2
    assert {letter["camera"] for letter in answer["dead_letters"]} == {"front_door", "yard"}
    (letter,) = (await act(hass, "list_dead_letters", camera="yard"))["dead_letters"]
    assert (letter["kind"], letter["failure"], letter["image_path"]) == (
        "detect",
        "input",
        "yard/bad.jpg",
    )
    assert "The server reports invalid_image." in letter["message"]
    assert (await act(hass, "list_dead_letters", kind="assess"))["total"] == 0
    assert (await act(hass, "list_dead_letters", failure="crash"))["total"] == 0


@pytest.mark.usefixtures("two_dead")
async def test_dead_letters_are_requeued(hass: HomeAssistant) -> None:
    letters = (await act(hass, "list_dead_letters", camera="yard"))["dead_letters"]
    answer = await act(hass, "requeue_dead_letters", job_ids=[letters[0]["job_id"]])
    assert answer == {"requeued": 1, "refused": 0, "refusal": None}
    await state_is(hass, DEAD, "1")
    await state_is(hass, "sensor.yard_risk_level", "high")
    answer = await act(hass, "requeue_dead_letters", all=True)
    assert answer["requeued"] == 1
    await state_is(hass, "sensor.front_door_risk_level", "high")
    await state_is(hass, DEAD, "0")


@pytest.mark.usefixtures("two_dead")
async def test_dead_letters_are_discarded(hass: HomeAssistant) -> None:
    assert await act(hass, "discard_dead_letters", camera="yard") == {"discarded": 1}
    assert await act(hass, "discard_dead_letters", kind="detect") == {"discarded": 1}
    await state_is(hass, DEAD, "0")


@pytest.mark.parametrize("action", ["requeue_dead_letters", "discard_dead_letters"])
@pytest.mark.parametrize(
    "unclear", [{}, {"job_ids": [1], "all": True}, {"job_ids": [1], "kind": "detect"}]
)
async def test_an_ambiguous_selection_is_refused(
    hass: HomeAssistant, loaded: MockConfigEntry, action: str, unclear: dict[str, object]
) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, action, **unclear)
    assert caught.value.translation_key == "selection_unclear"


@pytest.mark.parametrize("impossible", [0, -1, 2**63, "one"])
async def test_an_impossible_job_id_is_refused(
    hass: HomeAssistant, loaded: MockConfigEntry, impossible: object
) -> None:
    with pytest.raises(probatio.Invalid):
        await act(hass, "requeue_dead_letters", job_ids=[impossible])


@pytest.mark.parametrize("action", ["requeue_dead_letters", "discard_dead_letters"])
async def test_only_administrators_may_change_dead_letters(
    hass: HomeAssistant, loaded: MockConfigEntry, hass_read_only_user: MockUser, action: str
) -> None:
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            DOMAIN,
            action,
            {"all": True},
            blocking=True,
            context=Context(user_id=hass_read_only_user.id),
        )


async def test_an_invalid_cursor_is_refused(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, "list_events", cursor="made up")
    assert caught.value.translation_key == "invalid_question"


async def test_a_camera_must_be_named_in_one_way(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    with pytest.raises(probatio.Invalid):
        await act(hass, "list_events", camera="yard", device_id="x")


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("list_events", {}),
        ("list_dead_letters", {}),
        ("requeue_dead_letters", {}),
        ("discard_dead_letters", {}),
        ("mark_event", {"mark": "missed", "at": "2026-11-01T12:00:00+00:00"}),
    ],
)
async def test_an_unknown_camera_is_refused(
    hass: HomeAssistant, loaded: MockConfigEntry, action: str, data: dict[str, object]
) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, action, camera="front_dor", **data)
    assert caught.value.translation_key == "camera_unknown"
    assert caught.value.translation_placeholders == {
        "camera": "front_dor",
        "cameras": "front_door, yard",
    }


async def test_events_of_a_removed_camera_are_listed(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    hass.config_entries.async_remove_subentry(loaded, "01JYARD")
    await hass.async_block_till_done()
    assert (await act(hass, "list_events", camera="yard"))["total"] == 0


@pytest.mark.usefixtures("lost_database")
async def test_an_unavailable_database_is_an_error(hass: HomeAssistant) -> None:
    with pytest.raises(HomeAssistantError) as caught:
        await act(hass, "list_events")
    assert caught.value.translation_key == "database_failed"
