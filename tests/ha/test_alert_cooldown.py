"""A pause between alerts suppresses those of the same or a lower level, for each camera and level."""

from functools import partial
from pathlib import Path

from homeassistant.core import HomeAssistant, State
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from testbed.fake_inference_server import FakeInferenceServer
from tests.ha.helpers import (
    STANDARD,
    act,
    change_camera,
    choose_options,
    record_firings,
    upload,
    when_updated,
)
from tests.ha.scenes import SCENES, show

HOUR = 3600.0
# The time between the events of one test.
EVENTS = 600.0


async def events_with(
    hass: HomeAssistant, server: FakeInferenceServer, root: Path, wanted: list[str]
) -> None:
    """Have an event of each level at the front door, ten minutes after one another."""
    for number, level in enumerate(wanted, start=1):
        show(server, SCENES[level])
        upload(root, f"front_door/{number}.jpg", age=EVENTS * (10 - number))
        await when_updated(hass, partial(listed, hass, number))
    await hass.async_block_till_done()


async def listed(hass: HomeAssistant, count: int) -> bool | None:
    """Return whether this many events exist and are over, so that no rule judges them again."""
    events = (await act(hass, "list_events"))["events"]
    return [event["state"] for event in events] == ["closed"] * count or None


def levels(alerts: list[State]) -> list[str]:
    return [alert.attributes["event_type"] for alert in alerts]


@pytest.mark.parametrize(
    ("cooldown", "wanted", "alerted"),
    [
        (0.0, ["high", "high"], ["high", "high"]),
        (HOUR, ["high", "high"], ["high"]),
        (HOUR, ["high", "medium", "critical", "high"], ["high", "critical"]),
        (EVENTS + 60, ["high", "medium", "high"], ["high", "high"]),
    ],
)
async def test_a_pause_suppresses_the_same_and_lower_levels(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    loaded: MockConfigEntry,
    camera_root: Path,
    cooldown: float,
    wanted: list[str],
    alerted: list[str],
) -> None:
    await choose_options(hass, loaded, {**STANDARD, "alert_cooldown": cooldown})
    alerts = record_firings(hass, "event.front_door_alert")
    activity = record_firings(hass, "event.front_door_activity")
    await events_with(hass, server, camera_root, wanted)
    assert levels(alerts) == alerted
    assert len({firing.attributes["event_id"] for firing in activity}) == len(wanted)


async def test_a_camera_has_a_pause_of_its_own_for_each_level(
    hass: HomeAssistant, server: FakeInferenceServer, loaded: MockConfigEntry, camera_root: Path
) -> None:
    await choose_options(hass, loaded, {**STANDARD, "alert_cooldown": HOUR})
    await change_camera(hass, loaded, "01JFRONT_DOOR", alert_cooldown={"high": 0})
    alerts = record_firings(hass, "event.front_door_alert")
    await events_with(hass, server, camera_root, ["medium", "high", "high", "medium"])
    assert levels(alerts) == ["medium", "high", "high"]


async def test_a_pause_lasts_over_a_reload(
    hass: HomeAssistant, server: FakeInferenceServer, loaded: MockConfigEntry, camera_root: Path
) -> None:
    await choose_options(hass, loaded, {**STANDARD, "alert_cooldown": HOUR})
    alerts = record_firings(hass, "event.front_door_alert")
    await events_with(hass, server, camera_root, ["high"])
    assert await hass.config_entries.async_reload(loaded.entry_id)
    await events_with(hass, server, camera_root, ["high", "high"])
    assert levels(alerts) == ["high"]
