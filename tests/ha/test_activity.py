"""The activity of an event: detected, escalated, explained, closed, corrected, each once."""

from datetime import datetime
from pathlib import Path
import time

from homeassistant.core import HomeAssistant, State
from pytest_homeassistant_custom_component.common import MockConfigEntry

from testbed.fake_inference_server import NO_ASSESSOR, FakeInferenceServer
from testbed.services.postgres import Postgres
from tests.ha.helpers import end_event, has_images, listed_when, record_firings, state_when, upload
from tests.ha.scenes import IN_THE_GARDEN, IN_THE_PASSAGE, STRAYING, show

ACTIVITY = "event.front_door_activity"


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
    shown = []
    for number, scene in enumerate((*STRAYING, IN_THE_GARDEN, IN_THE_PASSAGE)):
        show(server, scene)
        upload(camera_root, f"front_door/{number}.jpg")
        event = await listed_when(hass, has_images(number + 1))
        shown.append(event["risk_level"])
    assert shown == ["low", "medium", "medium", "low", "medium", "critical"]
    assert phases(firings) == ["detected", "escalated", "escalated"]
    assert [firing.attributes["level"] for firing in firings] == ["low", "medium", "critical"]
    server.assess_gate.set()


async def test_a_late_image_corrects_an_event_that_is_over(
    hass: HomeAssistant, server: FakeInferenceServer, quick: MockConfigEntry, camera_root: Path
) -> None:
    firings = record_firings(hass, ACTIVITY)
    for number, scene in enumerate(STRAYING[:-1]):
        show(server, scene)
        upload(camera_root, f"front_door/{number}.jpg")
        before = await listed_when(hass, has_images(number + 1))
    assert before["risk_level"] == "medium"
    await phase(hass, "closed")
    show(server, STRAYING[-1])
    began = datetime.fromisoformat(before["started_at"]).timestamp()
    upload(camera_root, "front_door/late.jpg", age=time.time() - began + 0.5)
    corrected = await phase(hass, "corrected")
    assert corrected.attributes["level"] == "low"
    assert corrected.attributes["score"] < before["risk_score"]
    assert {f.attributes["event_id"] for f in firings} == {before["event_id"]}
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
