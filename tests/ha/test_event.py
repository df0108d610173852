"""An event fires once with its level; without an assessment it has no score."""

import asyncio
from pathlib import Path
import time

from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CoreState, HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.home_security_intelligence.bridge import async_create_pipeline
from custom_components.home_security_intelligence.core.domain.updates import (
    EventPhase,
    EventUpdate,
    Update,
)
from testbed.fake_inference_server import FakeInferenceServer, problem
from testbed.services.postgres import Postgres
from tests.ha.helpers import PATIENCE, state_is, state_of, state_when, upload

ACTIVITY = "event.front_door_activity"
SCORE = "sensor.front_door_risk_score"
LEVEL = "sensor.front_door_risk_level"
LAST = "sensor.front_door_last_activity"
ENDED = """
    UPDATE hsi.events SET started_at = started_at - interval '100 seconds',
        last_activity_at = last_activity_at - interval '100 seconds'
    WHERE state = 'open' RETURNING extract(epoch FROM started_at)
"""
DEAD = "sensor.home_security_intelligence_dead_letters"


@pytest.mark.parametrize(
    ("score", "level"), [(5, "low"), (30, "medium"), (72, "high"), (100, "critical")]
)
async def test_a_detected_person_fires_an_event(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    loaded: MockConfigEntry,
    camera_root: Path,
    score: int,
    level: str,
) -> None:
    assert state_of(hass, ACTIVITY).state == "unknown"
    assert state_of(hass, SCORE).state == "unknown"
    server.score = score

    upload(camera_root, "front_door/one.jpg")

    told = await state_when(hass, ACTIVITY, lambda state: state.state != "unknown")
    assert told.attributes["event_type"] == level
    assert told.attributes["risk_score"] == score
    assert told.attributes["labels"] == ["person"]
    assert told.attributes["summary"] == "A person at the door at night."
    assert told.attributes["late"] is False
    assert told.attributes["event_id"]
    assert (await state_is(hass, SCORE, str(score))).attributes["state_class"] == "measurement"
    await state_is(hass, LEVEL, level)
    assert state_of(hass, LAST).state != "unknown"
    assert state_of(hass, "event.yard_activity").state == "unknown"
    (facts,) = server.assessed
    assert facts["camera"] == "Front door"


async def test_a_failed_assessment_fires_without_a_score(
    hass: HomeAssistant, server: FakeInferenceServer, quick: MockConfigEntry, camera_root: Path
) -> None:
    server.assess_fault = problem(422, "invalid_request")
    upload(camera_root, "front_door/one.jpg")

    told = await state_when(hass, ACTIVITY, lambda state: state.state != "unknown")
    assert told.attributes["event_type"] == "unassessed"
    assert told.attributes["risk_score"] is None
    # What the rules found is there to see, and makes no score.
    found = [{"name": "as told", "points": server.score, "reason": "The test says so."}]
    assert told.attributes["factors"] == found
    for entity_id in (SCORE, LEVEL):
        assert state_of(hass, entity_id).state == "unknown"
        assert state_of(hass, entity_id).attributes["factors"] == found
    await state_when(hass, DEAD, lambda state: int(state.state) > 0)


async def test_a_later_assessment_fires_only_if_the_level_changes(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    loaded: MockConfigEntry,
    camera_root: Path,
    postgres: Postgres,
) -> None:
    told = async_capture_events(hass, "state_changed")

    def levels() -> list[str]:
        return [
            event.data["new_state"].attributes["event_type"]
            for event in told
            if event.data["entity_id"] == ACTIVITY and event.data["new_state"].state != "unknown"
        ]

    server.score = 40
    upload(camera_root, "front_door/one.jpg")
    await state_is(hass, LEVEL, "medium")
    server.score = 41  # the event closes and is assessed again: the same level
    await end_event(postgres, loaded)
    await state_is(hass, SCORE, "41")
    assert levels() == ["medium"]

    server.score = 65
    upload(camera_root, "front_door/two.jpg")
    await state_is(hass, LEVEL, "high")
    server.score = 90  # this time the level changes
    await end_event(postgres, loaded)
    await state_is(hass, LEVEL, "critical")
    assert levels() == ["medium", "high", "critical"]


async def test_a_late_image_fires_an_earlier_event_only_if_its_level_changes(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    loaded: MockConfigEntry,
    camera_root: Path,
    postgres: Postgres,
) -> None:
    told = async_capture_events(hass, "state_changed")
    server.score = 72
    upload(camera_root, "front_door/one.jpg")
    first = await state_when(hass, ACTIVITY, lambda state: state.state != "unknown")
    server.score = 73  # the event closes and is assessed again
    began = await end_event(postgres, loaded)
    await state_is(hass, SCORE, "73")
    upload(camera_root, "front_door/two.jpg")
    second = await state_when(hass, ACTIVITY, lambda state: state.state != first.state)

    server.score = 95
    upload(camera_root, "front_door/late.jpg", age=time.time() - began - 5)
    await state_when(hass, ACTIVITY, lambda s: s.attributes["event_type"] == "critical")

    states = [e.data["new_state"] for e in told if e.data["entity_id"] == ACTIVITY]
    one, two = (state.attributes["event_id"] for state in (first, second))
    assert [(s.attributes["event_id"], s.attributes["event_type"]) for s in states] == [
        (one, "high"),
        (two, "high"),
        (one, "critical"),
    ]


async def test_a_restart_fires_nothing_twice(
    hass: HomeAssistant, server: FakeInferenceServer, loaded: MockConfigEntry, camera_root: Path
) -> None:
    upload(camera_root, "front_door/one.jpg")
    await state_is(hass, LEVEL, "high")
    before = await state_when(hass, ACTIVITY, lambda state: state.state != "unknown")

    told = async_capture_events(hass, "state_changed")
    assert await hass.config_entries.async_reload(loaded.entry_id)
    await hass.async_block_till_done()

    await state_is(hass, SCORE, "72")
    assert await state_is(hass, LEVEL, "high")
    # The entity comes back with what it said before, which triggers nothing.
    states = [e.data["new_state"] for e in told if e.data["entity_id"] == ACTIVITY]
    assert {state.state for state in states} <= {before.state, "unavailable", "unknown"}


async def end_event(postgres: Postgres, entry: MockConfigEntry) -> float:
    """Let the open event be so long ago that it is over; returns when it began, as a timestamp.

    Which of its assessments come before, and with which score, is then no matter of time.
    """
    began = await asyncio.to_thread(postgres.execute, ENDED, database=str(entry.data["database"]))
    return float(began)


async def assessed_elsewhere(
    hass: HomeAssistant, entry: MockConfigEntry, camera_root: Path, path: str
) -> str:
    """Have a worker without Home Assistant assess an event; returns its ID."""
    done: asyncio.Future[str] = hass.loop.create_future()

    def look(update: Update) -> None:
        if done.done() or not isinstance(update, EventUpdate):
            return
        if update.phase is EventPhase.EXPLAINED:
            done.set_result(str(update.event.id))

    worker = async_create_pipeline(hass, entry)
    worker.subscribe(look)
    await worker.start()
    upload(camera_root, path)
    async with asyncio.timeout(PATIENCE):
        event_id = await done
    await worker.stop()
    return event_id


async def test_an_assessment_during_unavailability_fires_afterwards(
    hass: HomeAssistant, server: FakeInferenceServer, loaded: MockConfigEntry, camera_root: Path
) -> None:
    assessed = asyncio.Event()

    def look(update: Update) -> None:
        if isinstance(update, EventUpdate) and update.phase is EventPhase.EXPLAINED:
            assessed.set()

    loaded.async_on_unload(loaded.runtime_data.pipeline.subscribe(look))
    server.assess_gate.clear()
    upload(camera_root, "front_door/one.jpg")
    await state_is(hass, "binary_sensor.front_door_person", "on")
    away = camera_root.parent / "away"
    (camera_root / "front_door").rename(away)
    await state_is(hass, ACTIVITY, "unavailable")
    server.assess_gate.set()
    async with asyncio.timeout(PATIENCE):
        await assessed.wait()
    assert state_of(hass, ACTIVITY).state == "unavailable"

    away.rename(camera_root / "front_door")
    told = await state_when(hass, ACTIVITY, lambda s: s.state not in {"unavailable", "unknown"})
    assert (told.attributes["event_type"], told.attributes["late"]) == ("high", True)


async def test_an_assessment_during_downtime_fires_once_as_late(
    hass: HomeAssistant, server: FakeInferenceServer, entry: MockConfigEntry, camera_root: Path
) -> None:
    first = await assessed_elsewhere(hass, entry, camera_root, "front_door/one.jpg")
    hass.set_state(CoreState.starting)
    told = async_capture_events(hass, "state_changed")
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    # The sensors know at once, automations are not armed yet.
    await state_is(hass, LEVEL, "high")
    assert state_of(hass, ACTIVITY).state == "unknown"

    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    late = await state_when(hass, ACTIVITY, lambda state: state.state != "unknown")
    assert (late.attributes["event_id"], late.attributes["late"]) == (first, True)
    assert late.attributes["event_type"] == "high"

    # Neither this event nor the next is told again after a restart.
    upload(camera_root, "front_door/two.jpg", age=100)
    second = await state_when(hass, ACTIVITY, lambda s: s.attributes["event_id"] != first)
    assert second.attributes["late"] is False
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    upload(camera_root, "yard/three.jpg")
    await state_when(hass, "event.yard_activity", lambda state: state.state != "unknown")
    ids = {
        state.state: state.attributes["event_id"]
        for state in (event.data["new_state"] for event in told)
        if state.entity_id == ACTIVITY and "event_id" in state.attributes
    }
    ids.pop("unavailable", None)
    assert list(ids.values()) == [first, second.attributes["event_id"]]
    assert await hass.config_entries.async_unload(entry.entry_id)
