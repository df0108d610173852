"""The automations of the documentation run once for each event and level."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
import re
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import yaml

from custom_components.home_security_intelligence.bridge import async_create_pipeline
from custom_components.home_security_intelligence.const import DOMAIN
from custom_components.home_security_intelligence.core.domain.updates import EventUpdate, Update
from testbed.fake_inference_server import FakeInferenceServer
from tests.ha.helpers import (
    PATIENCE,
    act,
    fired,
    record_firings,
    state_is,
    upload,
)
from tests.ha.scenes import AT_THE_WINDOW, IN_THE_PASSAGE, show

DOCUMENT = Path(__file__).parents[2] / "docs/automations.md"
ALERT = "event.front_door_alert"
LEVEL = "sensor.front_door_risk_level"

type Document = dict[str, Any]


def documented() -> dict[str, Document]:
    """Return the document's automations by alias."""
    blocks = re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    found: list[Document] = [yaml.safe_load(block) for block in blocks]
    return {each["alias"]: each for each in found if "triggers" in each}


class Notifications(list[ServiceCall]):
    """The calls of a notification service."""

    def __init__(self) -> None:
        super().__init__()
        self._received = asyncio.Event()

    @callback
    def receive(self, call: ServiceCall) -> None:
        """Add a call."""
        self.append(call)
        self._received.set()

    async def until(self, count: int) -> None:
        """Wait for this many calls."""
        async with asyncio.timeout(PATIENCE):
            while len(self) < count:
                self._received.clear()
                await self._received.wait()


@pytest.fixture
async def notified(
    hass: HomeAssistant, loaded: MockConfigEntry, request: pytest.FixtureRequest
) -> AsyncIterator[Notifications]:
    """Return the notifications of the automations that the test names by alias.

    An automation that waits for its button is a task that `async_block_till_done` waits for.
    """
    calls = Notifications()
    hass.services.async_register("notify", "mobile_app_phone", calls.receive)
    automations = [documented()[alias] for alias in request.param]
    assert await async_setup_component(hass, "automation", {"automation": automations})
    await hass.async_block_till_done()
    yield calls
    await hass.services.async_call(
        "automation",
        "turn_off",
        {"entity_id": "all", "stop_actions": True},
        blocking=True,
    )


def notifies(*aliases: str) -> pytest.MarkDecorator:
    """Run a test with automations of the document."""
    return pytest.mark.parametrize("notified", [aliases], indirect=True)


async def pass_on(hass: HomeAssistant, root: Path) -> None:
    """Wait until an event of another camera has fired: everything before has fired then."""
    upload(root, "yard/last.jpg")
    await fired(hass, "event.yard_alert")


def tags(calls: list[ServiceCall]) -> list[str]:
    return [call.data["data"]["tag"] for call in calls]


async def test_every_documented_automation_is_valid(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    automations = documented()
    assert await async_setup_component(
        hass, "automation", {"automation": list(automations.values())}
    )
    await hass.async_block_till_done()
    assert {state.name for state in hass.states.async_all("automation")} == set(automations)
    assert {state.state for state in hass.states.async_all("automation")} == {"on"}


@notifies("Camera alert", "Camera alert by state")
async def test_an_alert_notifies_once_with_image_and_button(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    notified: Notifications,
    camera_root: Path,
) -> None:
    upload(camera_root, "front_door/0.jpg")
    alert = await fired(hass, ALERT)
    await notified.until(2)
    by_state, by_event = sorted(notified, key=lambda call: "data" in call.data)
    assert by_state.data == {"message": "high"}
    assert by_event.data["title"] == "Front door Alert: high"
    extra = by_event.data["data"]
    event_id = alert.attributes["event_id"]
    assert extra["tag"] == event_id
    assert extra["image"] == alert.attributes["image_url"]

    [button] = extra["actions"]
    hass.bus.async_fire("mobile_app_notification_action", {"action": button["action"]})
    await hass.async_block_till_done()  # also until the automation that waited has ended
    assert (await act(hass, "list_events"))["events"][0]["mark"] == "false_alarm"


@notifies("Camera alert")
async def test_twenty_images_of_one_event_notify_once_for_each_level(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    notified: Notifications,
    camera_root: Path,
) -> None:
    for number in range(20):
        show(server, AT_THE_WINDOW if number < 19 else IN_THE_PASSAGE)
        upload(camera_root, f"front_door/{number}.jpg", age=(20 - number) / 10)
        await all_detected(hass, number + 1)
    await notified.until(2)
    await pass_on(hass, camera_root)
    assert [call.data["title"].rpartition(" ")[2] for call in notified] == ["high", "critical"]
    assert len(set(tags(notified))) == 1


@notifies("Camera alert")
async def test_images_out_of_order_notify_once(
    hass: HomeAssistant,
    notified: Notifications,
    camera_root: Path,
) -> None:
    for number, age in enumerate((5, 9, 1, 7, 3, 0)):
        upload(camera_root, f"front_door/{number}.jpg", age=age)
    await all_detected(hass, 6)
    await pass_on(hass, camera_root)
    events = (await act(hass, "list_events", camera="front_door"))["events"]
    assert len(notified) == len(events) == 1


async def all_detected(hass: HomeAssistant, count: int) -> None:
    """Wait until the events have this many images together."""
    [entry] = hass.config_entries.async_loaded_entries(DOMAIN)
    images: dict[str, int] = {}
    updated = asyncio.Event()

    def note(update: Update) -> None:
        if isinstance(update, EventUpdate):
            images[str(update.event.id)] = update.event.image_count
            updated.set()

    stop = entry.runtime_data.pipeline.subscribe(note)
    events = (await act(hass, "list_events", limit=500))["events"]
    images = {event["event_id"]: event["image_count"] for event in events} | images
    async with asyncio.timeout(PATIENCE + count):
        while sum(images.values()) < count:
            updated.clear()
            await updated.wait()
    stop()
    events = (await act(hass, "list_events", limit=500))["events"]
    assert sum(event["image_count"] for event in events) == count


@notifies("Camera alert")
async def test_a_restart_in_the_middle_notifies_once_for_each_level(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    loaded: MockConfigEntry,
    notified: Notifications,
    camera_root: Path,
) -> None:
    upload(camera_root, "front_door/0.jpg")
    await state_is(hass, LEVEL, "high")
    assert await hass.config_entries.async_unload(loaded.entry_id)
    upload(camera_root, "front_door/1.jpg")
    assert await hass.config_entries.async_setup(loaded.entry_id)
    show(server, IN_THE_PASSAGE)
    upload(camera_root, "front_door/2.jpg")
    await state_is(hass, LEVEL, "critical")
    await all_detected(hass, 3)
    await pass_on(hass, camera_root)
    assert [call.data["title"].rpartition(" ")[2] for call in notified] == ["high", "critical"]
    assert len(set(tags(notified))) == 1


@notifies("Camera alert")
async def test_two_workers_notify_once(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    notified: Notifications,
    camera_root: Path,
) -> None:
    worker = async_create_pipeline(hass, loaded)
    await worker.start()
    for number in range(20):
        upload(camera_root, f"front_door/{number}.jpg", age=(20 - number) / 10)
    await all_detected(hass, 20)
    await pass_on(hass, camera_root)
    await worker.stop()
    assert len(notified) == len((await act(hass, "list_events", camera="front_door"))["events"])
    assert len(set(tags(notified))) == len(notified)


@notifies("Camera alert")
async def test_a_backlog_notifies_once_for_each_event(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    loaded: MockConfigEntry,
    notified: Notifications,
    camera_root: Path,
) -> None:
    firings = record_firings(hass, ALERT)
    assert await hass.config_entries.async_unload(loaded.entry_id)
    for visit in range(10):
        for number in range(50):
            upload(
                camera_root,
                f"front_door/{visit}_{number}.jpg",
                age=7_200 - 600 * visit - number,
            )
    assert await hass.config_entries.async_setup(loaded.entry_id)
    await all_detected(hass, 500)
    events = (await act(hass, "list_events", limit=500))["events"]
    await notified.until(len(events))
    assert await hass.config_entries.async_reload(loaded.entry_id)
    await pass_on(hass, camera_root)

    assert len(events) == 10
    alerts = [(each.attributes["event_id"], each.attributes["event_type"]) for each in firings]
    assert len(alerts) == len(set(alerts))  # one for each event and level
    assert {event_id for event_id, _ in alerts} == {event["event_id"] for event in events}
    loud = [event_id for event_id, level in alerts if level in {"high", "critical"}]
    assert sorted(tags(notified)) == sorted(loud)
    assert {firing.attributes["late"] for firing in firings} == {True}
