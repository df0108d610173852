"""Dashboards read cameras, events and queue by WebSocket commands, and follow them live."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import MockHAClientWebSocket, WebSocketGenerator

from custom_components.home_security_intelligence.const import DOMAIN
from custom_components.home_security_intelligence.core.domain.updates import EventPhase, EventUpdate
from testbed.fake_inference_server import FakeInferenceServer
from tests.ha.helpers import state_of, state_when, upload
from tests.ha.scenes import AT_THE_WINDOW, LEVELS, PASSERS_BY, ZONES, show

type Ask = Callable[..., Awaitable[Any]]

ALERT = "event.front_door_activity"


@pytest.fixture
async def client(
    loaded: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> MockHAClientWebSocket:
    """Return a signed-in client."""
    return await hass_ws_client()


@pytest.fixture
async def ask(client: MockHAClientWebSocket) -> Ask:
    """Return a function that sends a command and returns its result, or its error."""

    async def send(command: str, **data: object) -> Any:
        await client.send_json_auto_id({"type": f"{DOMAIN}/{command}", **data})
        answer = await client.receive_json()
        return answer["result"] if answer["success"] else answer["error"]

    return send


@pytest.fixture
async def two_events(
    hass: HomeAssistant, server: FakeInferenceServer, loaded: MockConfigEntry, camera_root: Path
) -> None:
    """A high one at the front door, and then a low one in the yard."""
    upload(camera_root, "front_door/one.jpg", age=1)
    await state_when(hass, ALERT, lambda state: state.attributes.get("event_type") == "explained")
    show(server, PASSERS_BY)
    upload(camera_root, "yard/one.jpg")
    await state_when(hass, "event.yard_activity", lambda state: state.state != "unknown")


@pytest.mark.usefixtures("two_events")
async def test_the_overview_shows_cameras_servers_and_queue(
    hass: HomeAssistant, ask: Ask, server: FakeInferenceServer
) -> None:
    overview = await ask("overview")
    assert overview["entry_id"] == "01JENTRY"
    assert (overview["database"], overview["dead_letters"]) == (True, 0)
    assert overview["storage"]["images"] == 2
    assert overview["storage"]["bytes"] > 0
    assert overview["unreviewed"] == 1  # the low one need not be reviewed
    assert set(overview["queue"]) == {"waiting", "running", "oldest_age_s"}
    (first,) = overview["server"]
    assert (first["address"], first["connected"]) == (server.url, True)
    assert first["detector"]["state"] == "ready"
    front, yard = overview["cameras"]
    assert (front["folder"], front["name"]) == ("front_door", "Front door")
    for camera, level in ((front, "high"), (yard, "low")):
        score = state_of(hass, camera["entities"]["risk_score"]).state
        assert (camera["level"], str(camera["score"])) == (level, score)
    assert front["presence"]["person"] is True
    assert front["presence"]["vehicle"] is False
    assert front["available"] is True
    factor = front["event"]["factors"][0]
    assert factor["label"].casefold() == factor["name"]
    assert front["entities"]["camera"] == "camera.front_door"
    assert front["entities"]["alert"] == "event.front_door_alert"
    for entity_id in front["entities"].values():
        state_of(hass, entity_id)


FILTERS: tuple[tuple[dict[str, str], list[str]], ...] = (
    ({}, ["yard", "front_door"]),
    ({"entry_id": "01JENTRY"}, ["yard", "front_door"]),
    ({"camera": "yard"}, ["yard"]),
    ({"level": "low"}, ["yard"]),
    ({"min_level": "medium"}, ["front_door"]),
    ({"min_level": "low"}, ["yard", "front_door"]),
    ({"min_level": "critical"}, []),
    ({"label": "person"}, ["yard", "front_door"]),
    ({"label": "dog"}, []),
    ({"mark": "unreviewed"}, ["yard", "front_door"]),
    ({"mark": "false_alarm"}, []),
    ({"text": "Front"}, ["front_door"]),
    ({"text": "pers"}, ["yard", "front_door"]),
    ({"text": "pers yard"}, ["yard"]),
    ({"text": "spaceship"}, []),
    ({"text": "':* & | ! <-> \\ \x00"}, []),
    ({"text": "  "}, ["yard", "front_door"]),
    ({"until": "2020-01-01 00:00:00"}, []),
    ({"since": "2020-01-01 00:00:00"}, ["yard", "front_door"]),
)


@pytest.mark.usefixtures("two_events")
async def test_events_are_filtered(ask: Ask) -> None:
    found = [
        (asked, [event["camera"] for event in (await ask("events", **asked))["events"]])
        for asked, _ in FILTERS
    ]
    assert found == list(FILTERS)


@pytest.mark.usefixtures("two_events")
async def test_events_come_in_pages_with_signed_paths(
    ask: Ask, hass_client_no_auth: Callable[[], Awaitable[Any]]
) -> None:
    first = await ask("events", limit=1)
    second = await ask("events", limit=1, cursor=first["cursor"])
    assert second["cursor"] is None
    (event,) = second["events"]
    assert (event["camera"], event["camera_name"], event["level"]) == (
        "front_door",
        "Front door",
        "high",
    )
    browser = await hass_client_no_auth()
    for name in ("thumbnail_url", "image_url", "boxes_url"):
        assert (await browser.get(event[name])).status == 200
    again = await ask("events", limit=1, cursor=first["cursor"])
    assert again["events"][0]["image_url"] == event["image_url"]  # for the browser's cache


@pytest.mark.usefixtures("two_events")
async def test_an_event_has_its_images_its_path_and_what_it_misses(ask: Ask) -> None:
    (event,) = (await ask("events", camera="front_door"))["events"]
    details = await ask("event", event_id=event["event_id"])
    assert details["event"]["event_id"] == event["event_id"]
    (image,) = details["images"]
    (detection,) = image["detections"]
    assert detection == {
        "label": "person",
        "confidence": 0.97,
        "box": [*AT_THE_WINDOW.people[0]],
    }
    x1, _, x2, y2 = AT_THE_WINDOW.people[0]
    assert details["path"] == [[[0.0, pytest.approx((x1 + x2) / 2), y2]]]
    assert [zone["name"] for zone in details["zones"]] == [zone["name"] for zone in ZONES]
    assert details["why_not_higher"] == {
        "next_level": "critical",
        "missing_points": LEVELS["critical_from"] - event["risk_score"],
        "largest": [factor["name"] for factor in event["factors"] if factor["points"] < 0],
    }
    assert details["history"][0]["phase"] == "detected"


@pytest.mark.parametrize(
    ("command", "data", "key"),
    [
        ("event", {"event_id": "6f3f9d6e-3c54-4f6c-8f0b-8f5f5d0f4a11"}, "event_unknown"),
        ("events", {"camera": "attic"}, "camera_unknown"),
        ("events", {"cursor": "nonsense"}, "invalid_question"),
        ("subscribe_events", {"camera": "attic"}, "camera_unknown"),
        ("overview", {"entry_id": "another"}, "service_config_entry_not_found"),
    ],
)
async def test_an_unknown_name_is_a_translated_error(
    ask: Ask, command: str, data: dict[str, str], key: str
) -> None:
    error = await ask(command, **data)
    assert error["translation_key"] == key
    assert error["message"]


@pytest.mark.usefixtures("lost_database")
async def test_the_overview_works_without_the_database(ask: Ask) -> None:
    overview = await ask("overview")
    assert overview["storage"] is None
    assert overview["unreviewed"] is None
    assert (await ask("events"))["translation_key"] == "database_failed"


class Stream:
    """What a subscribed client receives."""

    def __init__(self, client: MockHAClientWebSocket) -> None:
        self._client = client

    async def until(self, wanted: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        """Return the messages up to the first that fulfils a condition."""
        messages: list[dict[str, Any]] = []
        async with asyncio.timeout(30):
            while not messages or not wanted(messages[-1]):
                message = await self._client.receive_json()
                if message["type"] == "event":
                    messages.append(message["event"])
        return messages


@pytest.fixture
async def stream(client: MockHAClientWebSocket) -> Stream:
    """Return the stream of a client that has subscribed, after the overview."""
    await client.send_json_auto_id({"type": f"{DOMAIN}/subscribe_events"})
    assert (await client.receive_json())["success"]
    stream = Stream(client)
    (overview,) = await stream.until(lambda message: message["type"] == "overview")
    assert len(overview["cameras"]) == 2
    return stream


async def test_a_subscriber_sees_an_event_and_what_it_changes(
    stream: Stream, camera_root: Path
) -> None:
    upload(camera_root, "yard/one.jpg")
    messages = await stream.until(
        lambda message: message["type"] == "overview" and "cameras" in message
    )
    events = [message for message in messages if message["type"] == "event"]
    assert events[0]["phase"] == "detected"
    assert events[0]["event"]["camera_name"] == "Yard"
    assert events[0]["event"]["level"] == events[0]["event"]["risk_level"]
    (yard,) = messages[-1]["cameras"]
    assert (yard["folder"], yard["presence"]["person"]) == ("yard", True)
    assert "title" not in messages[-1]  # only what has changed


async def test_a_flood_of_updates_asks_the_subscriber_to_read_again(
    hass: HomeAssistant, stream: Stream, loaded: MockConfigEntry, camera_root: Path
) -> None:
    """A client that reads slowly, or an outage's backlog: what waits for it is limited."""
    upload(camera_root, "yard/one.jpg")
    await stream.until(lambda message: message["type"] == "event")
    event = loaded.runtime_data.data.cameras["yard"].last_event
    for _ in range(500):
        update = EventUpdate(event=replace(event, id=uuid4()), phase=EventPhase.CLOSED)
        loaded.runtime_data._async_notify(update)
    messages = await stream.until(lambda message: message["type"] == "resync")
    assert len(messages) < 120


async def test_a_subscription_survives_a_reload(
    hass: HomeAssistant, stream: Stream, loaded: MockConfigEntry, camera_root: Path
) -> None:
    await hass.config_entries.async_reload(loaded.entry_id)
    await stream.until(lambda message: message["type"] == "resync")
    upload(camera_root, "yard/one.jpg")
    await stream.until(lambda message: message["type"] == "event")


async def test_unsubscribing_ends_everything(
    hass: HomeAssistant, client: MockHAClientWebSocket, stream: Stream, camera_root: Path
) -> None:
    await client.send_json_auto_id({"type": "unsubscribe_events", "subscription": 1})
    while (answer := await client.receive_json())["type"] != "result":
        pass
    assert answer["success"]
    upload(camera_root, "yard/one.jpg")
    await state_when(hass, "event.yard_activity", lambda state: state.state != "unknown")
    await client.send_json_auto_id({"type": "ping"})
    assert (await client.receive_json())["type"] == "pong"
