"""The states of the home's entities influence the risk of an event."""

from pathlib import Path

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_security_intelligence.const import DOMAIN
from custom_components.home_security_intelligence.home_state import current_home
from testbed.fake_inference_server import FakeInferenceServer
from testbed.services.postgres import Postgres
from tests.ha.helpers import STANDARD, choose_options, database_says, state_when, upload
from tests.ha.scenes import SCENES, show

ALARM = "alarm_control_panel.house"
RESIDENTS = ["person.ann", "group.children", "binary_sensor.guest"]
AWAY = ("not_home", "off", "off")
NOTED = """
    SELECT armed IS NOT DISTINCT FROM {armed} AND occupancy IS NOT DISTINCT FROM {occupancy}
    FROM hsi.home_states ORDER BY since DESC LIMIT 1
"""
CHOSEN = STANDARD | {"home": {"alarm": ALARM, "residents": RESIDENTS}}


def say(hass: HomeAssistant, alarm: str | None, present: tuple[str | None, ...]) -> None:
    """Let the home's entities have these states; None is an entity that does not exist."""
    for entity_id, state in zip((ALARM, *RESIDENTS), (alarm, *present), strict=True):
        if state is None:
            hass.states.async_remove(entity_id)
        else:
            hass.states.async_set(entity_id, state)


async def noted(
    postgres: Postgres, entry: MockConfigEntry, armed: bool | None, occupancy: str | None
) -> None:
    """Wait until what the home says is kept for the events to come."""
    sql = NOTED.format(
        armed="NULL" if armed is None else armed,
        occupancy="NULL" if occupancy is None else f"'{occupancy}'",
    )
    await database_says(postgres, entry, sql, "t")


async def told(
    hass: HomeAssistant, server: FakeInferenceServer, camera_root: Path, camera: str
) -> tuple[object, object]:
    """Return what the assessment of a camera's first event says of the home."""
    show(server, SCENES["critical"])  # of at least medium risk: explained at once
    upload(camera_root, f"{camera}/one.jpg")
    await state_when(
        hass, f"event.{camera}_activity", lambda s: s.attributes.get("event_type") == "explained"
    )
    return server.assessed[-1]["armed"], server.assessed[-1]["occupancy"]


@pytest.mark.parametrize(
    ("alarm", "present", "armed", "occupancy"),
    [
        ("armed_away", AWAY, True, "away"),
        ("armed_night", ("home", "off", "off"), True, "home"),
        ("disarmed", ("Work", "not_home", "on"), False, "home"),
        ("triggered", ("Work", "not_home", "off"), True, "away"),
        ("arming", AWAY, False, "away"),
        ("unavailable", ("home", "unavailable", "unknown"), None, "home"),
        ("unknown", ("not_home", "unavailable", "off"), None, None),
        (None, ("not_home", None, "off"), None, None),
        ("no such state", ("not_home", "3", "off"), None, None),
    ],
)
async def test_the_homes_state_is_recorded_with_the_event(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    loaded: MockConfigEntry,
    camera_root: Path,
    postgres: Postgres,
    alarm: str | None,
    present: tuple[str | None, ...],
    armed: bool | None,
    occupancy: str | None,
) -> None:
    say(hass, alarm, present)
    await choose_options(hass, loaded, CHOSEN)
    await noted(postgres, loaded, armed, occupancy)
    assert await told(hass, server, camera_root, "yard") == (armed, occupancy)


async def test_a_change_applies_to_later_events(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    loaded: MockConfigEntry,
    camera_root: Path,
    postgres: Postgres,
) -> None:
    say(hass, "armed_away", AWAY)
    await choose_options(hass, loaded, CHOSEN)
    await noted(postgres, loaded, armed=True, occupancy="away")
    assert await told(hass, server, camera_root, "front_door") == (True, "away")
    say(hass, "disarmed", ("home", "off", "off"))
    await noted(postgres, loaded, armed=False, occupancy="home")
    assert await told(hass, server, camera_root, "yard") == (False, "home")


async def test_without_entities_the_homes_state_is_unknown(
    hass: HomeAssistant, server: FakeInferenceServer, loaded: MockConfigEntry, camera_root: Path
) -> None:
    say(hass, "armed_away", AWAY)
    assert await told(hass, server, camera_root, "yard") == (None, None)


@pytest.mark.parametrize(
    ("panel", "attributes", "sleep", "person", "alarm", "occupancy"),
    [
        ("armed_night", {}, "off", "home", "armed_night", "home"),
        ("armed_home", {}, "Nacht", "home", "armed_home", "asleep"),
        ("disarmed", {}, "on", "unknown", "disarmed", "asleep"),
        ("arming", {}, "on", "not_home", "disarmed", "away"),
        ("pending", {"previous_state": "armed_away"}, "day", "unknown", "armed_away", None),
        ("pending", {}, "unavailable", "home", None, "home"),
        ("triggered", {}, "Sleep", "home", "triggered", "asleep"),
        ("unavailable", {}, "off", "home", None, "home"),
    ],
)
def test_the_alarms_mode_and_sleep_are_known(
    hass: HomeAssistant,
    panel: str,
    attributes: dict[str, str],
    sleep: str,
    person: str,
    alarm: str | None,
    occupancy: str | None,
) -> None:
    hass.states.async_set(ALARM, panel, attributes)
    hass.states.async_set("input_select.mode", sleep)
    hass.states.async_set("person.ann", person)
    home = {"alarm": ALARM, "asleep": ["input_select.mode"], "residents": ["person.ann"]}
    entry = MockConfigEntry(domain=DOMAIN, options={"home": home})
    current = current_home(hass, entry)
    assert current is not None
    assert (current.alarm, current.occupancy) == (alarm, occupancy)
