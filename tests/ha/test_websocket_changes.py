"""Dashboards mark events, draw zones and manage dead letters by WebSocket commands."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.home_security_intelligence.const import DOMAIN
from testbed.fake_inference_server import FakeInferenceServer, problem
from tests.ha.helpers import act, state_is, state_when, suggested, upload

type Ask = Callable[..., Awaitable[Any]]

DEAD = "sensor.home_security_intelligence_dead_letters"
POLYGON = [[0.123456, 0.2], [0.9, 0.25], [1, 1], [0, 0.98]]
PORCH: dict[str, object] = {"name": "Porch", "kind": "entry_point", "polygon": POLYGON}


async def asker(hass_ws_client: WebSocketGenerator, token: str | None = None) -> Ask:
    """Return a function that sends a command and returns its result, or its error."""
    client = await (hass_ws_client() if token is None else hass_ws_client(access_token=token))

    async def send(command: str, **data: object) -> Any:
        await client.send_json_auto_id({"type": f"{DOMAIN}/{command}", **data})
        while (answer := await client.receive_json())["type"] == "event":
            send.events.append(answer["event"])  # type: ignore[attr-defined]
        return answer["result"] if answer["success"] else answer["error"]

    send.events = []  # type: ignore[attr-defined]
    return send


@pytest.fixture
async def ask(loaded: MockConfigEntry, hass_ws_client: WebSocketGenerator) -> Ask:
    """Return a function that sends commands as an administrator."""
    return await asker(hass_ws_client)


@pytest.fixture
async def ask_as_user(
    loaded: MockConfigEntry, hass_ws_client: WebSocketGenerator, hass_read_only_access_token: str
) -> Ask:
    """Return a function that sends commands as a person who is no administrator."""
    return await asker(hass_ws_client, hass_read_only_access_token)


async def test_a_mark_with_a_note_is_stored_and_reaches_every_dashboard(
    hass: HomeAssistant, ask: Ask, ask_as_user: Ask, camera_root: Path
) -> None:
    upload(camera_root, "yard/one.jpg")
    state = await state_when(hass, "event.yard_activity", lambda state: state.state != "unknown")
    alert = hass.states.get("event.yard_alert")
    event_id = state.attributes["event_id"]
    await ask("subscribe_events")

    note = "The neighbour's cat 🐈"
    marked = (await ask_as_user("mark", event_id=event_id, mark="false_alarm", note=note))["event"]
    assert (marked["mark"], marked["note"]) == ("false_alarm", note)
    assert (await ask("overview"))["unreviewed"] == 0
    events = [each for each in ask.events if each["type"] == "event"]  # type: ignore[attr-defined]
    assert [each["event"]["mark"] for each in events][-1:] == ["false_alarm"]
    camera = next(each for each in (await ask("overview"))["cameras"] if each["name"] == "Yard")
    assert camera["event"]["note"] == note
    assert hass.states.get("event.yard_alert") == alert  # no alert fires again

    again = (await ask("mark", event_id=event_id, mark="true_alarm"))["event"]
    assert (again["mark"], again["note"]) == ("true_alarm", note)
    removed = (await ask("mark", event_id=event_id, mark="none"))["event"]
    assert (removed["mark"], removed["note"], removed["marked_at"]) == (None, None, None)
    assert (await act(hass, "mark_event", event_id=event_id, mark="missed", note="Too low"))[
        "event"
    ]["note"] == "Too low"


async def test_drawn_zones_are_stored_as_the_form_stores_them(
    hass: HomeAssistant, ask: Ask, loaded: MockConfigEntry
) -> None:
    stored = await ask("zones/set", subentry_id="01JFRONT_DOOR", zones=[PORCH])
    await hass.async_block_till_done()
    assert (await ask("zones/get", subentry_id="01JFRONT_DOOR"))["zones"] == stored["zones"]
    (zone,) = stored["zones"]
    for corner, drawn in zip(zone["polygon"], POLYGON, strict=True):
        assert corner == pytest.approx(drawn, abs=0.01)
    form = await loaded.start_subentry_reconfigure_flow(hass, "01JFRONT_DOOR")
    assert suggested(form, "zones") == [
        {
            "name": "Porch",
            "kind": "entry_point",
            "corners": "0.1235 0.2, 0.9 0.25, 1 1, 0 0.98",
        }
    ]


INVALID: tuple[tuple[dict[str, object], str], ...] = (
    ({"name": " "}, "name"),
    ({"name": "Porch" * 20}, "characters"),
    ({"kind": "moat"}, "kind"),
    ({"polygon": [[0, 0], [1, 1], [1, 0], [0, 1]]}, "Porch"),
    ({"polygon": [[0, 0], [0.001, 0], [0, 0.001]]}, "Porch"),
    ({"polygon": [[0, 0], [1.5, 0], [0, 1]]}, "invalid_format"),
    ({"polygon": [[0, 0], [1, 1]]}, "invalid_format"),
    ({"polygon": [[0, 0], [1, None], [1, 0]]}, "invalid_format"),
    ({"polygon": [[0, 0], [1, 1, 1], [1, 0]]}, "invalid_format"),
)


async def test_an_invalid_zone_is_refused_with_the_reason_of_the_form(
    ask: Ask, loaded: MockConfigEntry
) -> None:
    before = loaded.subentries["01JYARD"].data
    for zone, word in INVALID:
        error = await ask("zones/set", subentry_id="01JYARD", zones=[{**PORCH, **zone}])
        assert word in f"{error['code']} {error['message']}"
    assert loaded.subentries["01JYARD"].data == before


async def test_heat_shows_where_people_stood(
    hass: HomeAssistant, ask: Ask, camera_root: Path
) -> None:
    upload(camera_root, "yard/one.jpg")
    await state_is(hass, "binary_sensor.yard_person", "on")
    cells = (await ask("zones/heat", subentry_id="01JYARD"))["cells"]
    assert (len(cells), len(cells[0])) == (18, 32)
    assert [(x, y) for y in range(18) for x in range(32) if cells[y][x]] == [(19, 16)]


async def test_dead_letters_are_listed_requeued_and_discarded(
    hass: HomeAssistant, ask: Ask, server: FakeInferenceServer, camera_root: Path
) -> None:
    server.detect_fault = problem(422, "invalid_image")
    upload(camera_root, "front_door/bad.jpg")
    upload(camera_root, "yard/bad.jpg")
    await state_is(hass, DEAD, "2")
    page = await ask("dead_letters", limit=1)
    assert page["total"] == 2
    (letter,) = page["dead_letters"]
    (other,) = (await ask("dead_letters", cursor=page["cursor"]))["dead_letters"]
    assert {letter["camera_name"], other["camera_name"]} == {"Front door", "Yard"}
    assert letter["message"]
    assert (await ask("dead_letters/discard"))["discarded"] == 0  # nothing was selected
    assert (await ask("dead_letters/discard", job_ids=[letter["job_id"]]))["discarded"] == 1
    server.detect_fault = None
    assert (await ask("dead_letters/requeue", all=True))["requeued"] == 1
    await state_is(hass, DEAD, "0")


async def test_only_administrators_change_zones_and_dead_letters(ask_as_user: Ask) -> None:
    for command, data in (
        ("zones/set", {"subentry_id": "01JYARD", "zones": []}),
        ("dead_letters/requeue", {"all": True}),
        ("dead_letters/discard", {"all": True}),
    ):
        assert (await ask_as_user(command, **data))["code"] == "unauthorized"


@pytest.mark.parametrize(
    ("command", "data", "key"),
    [
        ("zones/get", {"subentry_id": "another"}, "camera_removed"),
        (
            "mark",
            {"event_id": "6f3f9d6e-3c54-4f6c-8f0b-8f5f5d0f4a11", "mark": "none"},
            "invalid_question",
        ),
    ],
)
async def test_an_unknown_name_is_a_translated_error(
    ask: Ask, command: str, data: dict[str, str], key: str
) -> None:
    assert (await ask(command, **data))["translation_key"] == key
