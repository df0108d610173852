"""An alert fires once when an event first reaches a level, with everything that an automation needs."""

import asyncio
from http import HTTPStatus
from pathlib import Path
import time

from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CoreState, HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.home_security_intelligence.bridge import async_create_pipeline
from custom_components.home_security_intelligence.core.domain.updates import EventUpdate, Update
from testbed.fake_inference_server import FakeInferenceServer, problem
from testbed.services.postgres import Postgres
from tests.ha.helpers import (
    PATIENCE,
    act,
    end_event,
    fired,
    has_images,
    listed_when,
    record_firings,
    state_is,
    state_of,
    state_when,
    upload,
)
from tests.ha.scenes import IN_THE_PASSAGE, SCENES, show

ALERT = "event.front_door_alert"
SCORE = "sensor.front_door_risk_score"
LEVEL = "sensor.front_door_risk_level"
LAST = "sensor.front_door_last_activity"


@pytest.mark.parametrize("level", ["low", "medium", "high", "critical"])
async def test_a_detected_person_raises_an_alert(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    loaded: MockConfigEntry,
    camera_root: Path,
    hass_client_no_auth: ClientSessionGenerator,
    level: str,
) -> None:
    assert state_of(hass, ALERT).state == "unknown"
    show(server, SCENES[level])
    server.assess_gate.clear()  # a model that hangs delays nothing

    upload(camera_root, "front_door/one.jpg")

    attributes = (await fired(hass, ALERT)).attributes
    assert (attributes["event_type"], attributes["level"]) == (level, level)
    assert attributes["phase"] == "detected"
    assert attributes["labels"] == ["person"]
    assert attributes["assessed_by"] == "rules"
    assert attributes["late"] is False
    assert attributes["started_at"] == attributes["last_seen_at"]
    score = max(0, sum(factor["points"] for factor in attributes["factors"]))
    assert attributes["score"] == score
    listed = (await act(hass, "list_events"))["events"][0]
    assert attributes["event_id"] == listed["event_id"]
    assert (listed["risk_level"], listed["risk_score"]) == (level, score)
    # The signature is enough: a notification's image needs no login.
    image = await (await hass_client_no_auth()).get(attributes["image_url"])
    assert image.status == HTTPStatus.OK
    assert await image.read() == (camera_root / "front_door" / "one.jpg").read_bytes()
    assert (await state_is(hass, SCORE, str(score))).attributes["state_class"] == "measurement"
    await state_is(hass, LEVEL, level)
    assert state_of(hass, LAST).state != "unknown"
    assert state_of(hass, "event.yard_alert").state == "unknown"
    server.assess_gate.set()


async def test_an_alert_needs_no_language_model(
    hass: HomeAssistant, server: FakeInferenceServer, quick: MockConfigEntry, camera_root: Path
) -> None:
    server.assess_fault = problem(422, "invalid_request")
    alerts = record_firings(hass, ALERT)
    upload(camera_root, "front_door/one.jpg")

    alert = await fired(hass, ALERT)
    assert (alert.attributes["event_type"], alert.attributes["assessed_by"]) == ("high", "rules")
    await state_when(
        hass,
        "sensor.home_security_intelligence_dead_letters",
        lambda state: state.state not in {"0", "unknown", "unavailable"},
    )
    # The dead letter is about the words only.
    score = alert.attributes["score"]
    assert (state_of(hass, LEVEL).state, state_of(hass, SCORE).state) == ("high", str(score))
    event = await listed_when(hass, lambda event: event["assessment"] == "unassessed")
    assert (event["risk_level"], event["risk_score"]) == ("high", score)
    assert alerts == [alert]


async def test_each_level_is_alerted_once(
    hass: HomeAssistant, server: FakeInferenceServer, loaded: MockConfigEntry, camera_root: Path
) -> None:
    alerts = record_firings(hass, ALERT)
    for number, level in enumerate(("medium", "medium", "high", "high", "critical", "medium")):
        show(server, SCENES[level])
        upload(camera_root, f"front_door/{number}.jpg")
        await listed_when(hass, has_images(number + 1))

    assert [alert.attributes["event_type"] for alert in alerts] == ["medium", "high", "critical"]
    assert len({alert.attributes["event_id"] for alert in alerts}) == 1


async def test_a_late_image_alerts_an_earlier_event_only_if_its_level_rises(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    loaded: MockConfigEntry,
    camera_root: Path,
    postgres: Postgres,
) -> None:
    alerts = record_firings(hass, ALERT)
    upload(camera_root, "front_door/one.jpg")
    first = await fired(hass, ALERT)
    began = await end_event(postgres, loaded)

    upload(camera_root, "front_door/late.jpg", age=time.time() - began - 5)
    await listed_when(hass, has_images(2))
    show(server, IN_THE_PASSAGE)
    upload(camera_root, "front_door/later.jpg", age=time.time() - began - 6)
    await state_when(hass, ALERT, lambda s: s.attributes["event_type"] == "critical")

    assert [alert.attributes["event_type"] for alert in alerts] == ["high", "critical"]
    assert {a.attributes["event_id"] for a in alerts} == {first.attributes["event_id"]}


async def test_a_reload_alerts_nothing_again(
    hass: HomeAssistant, server: FakeInferenceServer, loaded: MockConfigEntry, camera_root: Path
) -> None:
    alerts = record_firings(hass, ALERT)
    upload(camera_root, "front_door/one.jpg")
    before = await fired(hass, ALERT)
    await state_is(hass, LEVEL, "high")

    assert await hass.config_entries.async_reload(loaded.entry_id)
    await hass.async_block_till_done()

    await state_is(hass, SCORE, str(before.attributes["score"]))
    assert await state_is(hass, LEVEL, "high")
    # The entity comes back with its last firing, which triggers nothing.
    assert state_of(hass, ALERT).state == before.state
    upload(camera_root, "front_door/two.jpg")  # the same event continues
    await listed_when(hass, has_images(2))
    show(server, IN_THE_PASSAGE)
    upload(camera_root, "front_door/three.jpg")
    await state_is(hass, LEVEL, "critical")
    assert [alert.attributes["event_type"] for alert in alerts] == ["high", "critical"]


async def test_an_event_during_unavailability_alerts_afterwards(
    hass: HomeAssistant, server: FakeInferenceServer, loaded: MockConfigEntry, camera_root: Path
) -> None:
    detected = asyncio.Event()

    def note(update: Update) -> None:
        if isinstance(update, EventUpdate):
            detected.set()

    loaded.async_on_unload(loaded.runtime_data.pipeline.subscribe(note))
    server.detect_gate.clear()
    upload(camera_root, "front_door/one.jpg")
    async with asyncio.timeout(PATIENCE):
        await server.requested.wait()  # its file has been read
    away = camera_root.parent / "away"
    (camera_root / "front_door").rename(away)
    await state_is(hass, ALERT, "unavailable")
    server.detect_gate.set()
    async with asyncio.timeout(PATIENCE):
        await detected.wait()
    assert state_of(hass, ALERT).state == "unavailable"

    away.rename(camera_root / "front_door")
    alert = await fired(hass, ALERT)
    assert alert.attributes["event_type"] == "high"


async def test_an_event_during_downtime_alerts_once(
    hass: HomeAssistant, server: FakeInferenceServer, entry: MockConfigEntry, camera_root: Path
) -> None:
    first = await detected_elsewhere(hass, entry, camera_root, "front_door/one.jpg")
    hass.set_state(CoreState.starting)
    alerts = record_firings(hass, ALERT)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    # The sensors show it at once; automations do not run yet.
    await state_is(hass, LEVEL, "high")
    assert state_of(hass, ALERT).state == "unknown"

    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    alert = await fired(hass, ALERT)
    assert (alert.attributes["event_id"], alert.attributes["event_type"]) == (first, "high")

    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    upload(camera_root, "yard/three.jpg")
    await fired(hass, "event.yard_alert")
    assert alerts == [alert]
    assert await hass.config_entries.async_unload(entry.entry_id)


async def detected_elsewhere(
    hass: HomeAssistant, entry: MockConfigEntry, camera_root: Path, path: str
) -> str:
    """Have a worker without Home Assistant process an image; return its event's id."""
    done: asyncio.Future[str] = hass.loop.create_future()

    def note(update: Update) -> None:
        if isinstance(update, EventUpdate) and update.event.risk_level and not done.done():
            done.set_result(str(update.event.id))

    worker = async_create_pipeline(hass, entry)
    worker.subscribe(note)
    await worker.start()
    upload(camera_root, path)
    async with asyncio.timeout(PATIENCE):
        event_id = await done
    await worker.stop()
    return event_id
