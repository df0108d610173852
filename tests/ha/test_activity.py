"""The activity of an event: detected, escalated, explained, closed, corrected, each once."""

from pathlib import Path
import time

from homeassistant.core import HomeAssistant, State
from pytest_homeassistant_custom_component.common import MockConfigEntry

from testbed.fake_inference_server import NO_ASSESSOR, FakeInferenceServer
from testbed.services.postgres import Postgres
from tests.ha.helpers import end_event, fired, record_firings, state_is, state_when, upload

ACTIVITY = "event.front_door_activity"
SCORE = "sensor.front_door_risk_score"


async def phase(hass: HomeAssistant, wanted: str) -> State:
    """Wait until the latest firing is of this phase, and return it."""
    return await state_when(hass, ACTIVITY, lambda s: s.attributes.get("event_type") == wanted)


def phases(firings: list[State]) -> list[str]:
    for firing in firings:
        assert firing.attributes["phase"] == firing.attributes["event_type"]
    return [firing.attributes["event_type"] for firing in firings]


async def test_the_words_follow_under_the_same_event(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    loaded: MockConfigEntry,
    camera_root: Path,
    postgres: Postgres,
) -> None:
    firings = record_firings(hass, ACTIVITY)
    server.assess_gate.clear()
    upload(camera_root, "front_door/one.jpg")
    detected = await phase(hass, "detected")
    assert detected.attributes["level"] == "high"

    server.assess_gate.set()
    explained = await phase(hass, "explained")
    assert explained.attributes["event_id"] == detected.attributes["event_id"]
    assert explained.attributes["level"] == "high"
    assert explained.attributes["summary"] == "A person at the door at night."

    await end_event(postgres, loaded)
    closed = await phase(hass, "closed")
    assert closed.attributes["event_id"] == detected.attributes["event_id"]
    assert phases(firings) == ["detected", "explained", "closed"]


async def test_a_rising_level_escalates_and_a_falling_one_does_not(
    hass: HomeAssistant, server: FakeInferenceServer, loaded: MockConfigEntry, camera_root: Path
) -> None:
    server.assess_gate.clear()
    firings = record_firings(hass, ACTIVITY)
    for number, score in enumerate((5, 40, 41, 90, 20, 40)):
        server.score = score
        upload(camera_root, f"front_door/{number}.jpg")
        await state_is(hass, SCORE, str(score))
    assert phases(firings) == ["detected", "escalated", "escalated"]
    assert [firing.attributes["level"] for firing in firings] == ["low", "medium", "critical"]
    server.assess_gate.set()


async def test_a_late_image_corrects_an_event_that_is_over(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    loaded: MockConfigEntry,
    camera_root: Path,
    postgres: Postgres,
) -> None:
    firings = record_firings(hass, ACTIVITY)
    upload(camera_root, "front_door/one.jpg")
    first = await fired(hass, ACTIVITY)
    began = await end_event(postgres, loaded)
    await phase(hass, "closed")
    server.score = 20
    upload(camera_root, "front_door/late.jpg", age=time.time() - began - 5)
    corrected = await phase(hass, "corrected")
    assert (corrected.attributes["level"], corrected.attributes["score"]) == ("low", 20)
    assert {f.attributes["event_id"] for f in firings} == {first.attributes["event_id"]}
    # A correction downwards is no alert.
    assert phases(firings).count("corrected") == 1


async def test_an_event_without_a_language_model_is_never_explained(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    loaded: MockConfigEntry,
    camera_root: Path,
    postgres: Postgres,
) -> None:
    server.assessor = {"state": "absent", "backend": None, "model": None}
    await loaded.runtime_data.pipeline.refresh_health()
    server.assess_fault = NO_ASSESSOR
    firings = record_firings(hass, ACTIVITY)
    upload(camera_root, "front_door/one.jpg")
    await phase(hass, "detected")
    await end_event(postgres, loaded)
    closed = await phase(hass, "closed")
    assert phases(firings) == ["detected", "closed"]
    assert (closed.attributes["level"], closed.attributes["assessed_by"]) == ("high", "rules")
