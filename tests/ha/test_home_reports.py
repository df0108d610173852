"""Each kind of entity reports what happened at it, and nothing that did not happen."""

from collections.abc import Mapping
from datetime import timedelta

from homeassistant.core import Context, HomeAssistant, State
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.home_security_intelligence.core.domain.context import HomeEventKind
from custom_components.home_security_intelligence.home_reports import kind_of, kinds_of, name_of
from testbed.services.postgres import Postgres
from tests.ha.helpers import STANDARD, change_camera, choose_options, database_says

NOW, LAST_WEEK = "now", "last week"  # states that are timestamps
AGES = {NOW: timedelta(0), LAST_WEEK: timedelta(days=7)}
LOCK = "lock.front"
DOOR = ("binary_sensor.back", {"device_class": "door"})
GARAGE = ("cover.garage", {"device_class": "garage"})
BELL = ("event.bell", {"device_class": "doorbell", "event_type": "ring", "event_types": ["ring"]})
ACCESS = {"event_types": ["access_granted", "access_denied"]}
GRANTED = ("event.access", {**ACCESS, "event_type": "access_granted"})
DENIED = ("event.access", {**ACCESS, "event_type": "access_denied"})
PANEL = "alarm_control_panel.house"
REPORTS = [
    (LOCK, "locked", "unlocked", "unlocked"),
    (LOCK, "unlocking", "unlocked", "unlocked"),
    (LOCK, "locked", "open", "unlocked"),
    (LOCK, "unlocked", "open", None),
    (LOCK, "unlocked", "locked", None),
    (LOCK, "locked", "jammed", None),
    (DOOR, "off", "on", "opened"),
    (DOOR, "on", "off", None),
    (("binary_sensor.w", {"device_class": "window"}), "off", "on", "opened"),
    (("binary_sensor.bolt", {"device_class": "lock"}), "off", "on", "unlocked"),
    (("binary_sensor.case", {"device_class": "tamper"}), "off", "on", "broken"),
    (("binary_sensor.glassbruch", {"device_class": "sound"}), "off", "on", "broken"),
    (("binary_sensor.front_doorbell", {"device_class": "occupancy"}), "off", "on", "doorbell"),
    (("binary_sensor.hall", {"device_class": "motion"}), "off", "on", None),
    (BELL, LAST_WEEK, NOW, "doorbell"),
    (BELL, "unknown", NOW, "doorbell"),
    (BELL, "unavailable", NOW, None),
    (BELL, "unknown", LAST_WEEK, None),
    (BELL, "unknown", "no time", None),
    (GRANTED, LAST_WEEK, NOW, "unlocked"),
    (DENIED, LAST_WEEK, NOW, "wrong_code"),
    (("event.remote", {"event_type": "short_press"}), LAST_WEEK, NOW, None),
    ("input_button.bell", LAST_WEEK, NOW, "doorbell"),
    (GARAGE, "closed", "opening", "opened_by_remote"),
    (GARAGE, "opening", "open", None),
    (GARAGE, "closed", "open", "opened"),
    (GARAGE, "open", "closing", None),
    (GARAGE, "closing", "closed", None),
    (("cover.blind", {"device_class": "blind"}), "closed", "opening", None),
    ("light.hall", "off", "on", "light_on"),
    ("light.hall", "on", "off", None),
    ("person.ann", "not_home", "home", "arrived"),
    ("person.ann", "Work", "home", "arrived"),
    ("person.ann", "home", "not_home", "left"),
    ("person.ann", "Work", "not_home", None),
    ("group.lamps", "off", "on", None),
    (PANEL, "armed_away", "disarmed", "disarmed"),
    (PANEL, "pending", "disarmed", "disarmed"),
    (PANEL, "arming", "disarmed", None),
    (PANEL, "disarmed", "armed_night", "armed"),
    (PANEL, "arming", "armed_home", "armed"),
    (PANEL, "armed_home", "armed_away", None),
    (PANEL, "armed_away", "triggered", "broken"),
    (PANEL, "triggered", "armed_away", None),
    ("switch.pump", "off", "on", None),
]


def state_of(entity: str | tuple[str, Mapping[str, object]], state: str) -> State:
    entity_id, attributes = (entity, {}) if isinstance(entity, str) else entity
    if state in AGES:
        state = (dt_util.utcnow() - AGES[state]).isoformat()
    return State(entity_id, state, attributes)


@pytest.mark.parametrize(("entity", "before", "after", "kind"), REPORTS)
def test_a_change_reports_what_happened(
    entity: str | tuple[str, Mapping[str, object]], before: str, after: str, kind: str | None
) -> None:
    old, new = state_of(entity, before), state_of(entity, after)
    assert kind_of(old, new, by_person=True) == kind
    if kind is not None and kind != "opened":
        assert kind in kinds_of(new)
    # Restored states, and those of an entity that was away, report nothing.
    assert kind_of(None, new, by_person=True) is None
    assert kind_of(old, None, by_person=True) is None
    assert kind_of(state_of(entity, "unavailable"), new, by_person=True) is None
    assert kind_of(old, state_of(entity, "unknown"), by_person=True) is None
    assert kind_of(new, new, by_person=True) is None
    assert kinds_of(state_of(entity, "unavailable")) == kinds_of(None) == set()


def test_what_an_automation_does_is_no_hand() -> None:
    light, cover = "light.hall", GARAGE
    assert kind_of(state_of(light, "off"), state_of(light, "on"), by_person=False) is None
    opened = kind_of(state_of(cover, "closed"), state_of(cover, "open"), by_person=False)
    assert opened is HomeEventKind.OPENED_BY_REMOTE


def test_a_lock_that_is_unknown_reports_nothing_but_a_bell_not_yet_rung_may() -> None:
    assert kinds_of(state_of(LOCK, "unknown")) == set()
    assert kinds_of(state_of(BELL, "unknown")) == {HomeEventKind.DOORBELL}
    assert kinds_of(state_of("switch.pump", "on")) == set()


def test_a_name_says_who_and_can_be_stored() -> None:
    name = {"friendly_name": "Front\x00 door", "changed_by": "Ana\ud800"}
    assert name_of(State(LOCK, "unlocked", name)) == "Front  door (Ana )"
    assert len(name_of(State(LOCK, "unlocked", {"friendly_name": "x" * 300}))) == 100


STORED = """
    SELECT coalesce(string_agg(kind || ' ' || name || ' ' || coalesce(cameras::text, 'home'), ', '
        ORDER BY at, name), '') FROM hsi.home_events
"""
REPORTED = "SELECT reported ->> '{place}' FROM hsi.home_states ORDER BY number DESC LIMIT 1"


async def test_the_reports_of_linked_entities_are_stored(
    hass: HomeAssistant, loaded: MockConfigEntry, postgres: Postgres
) -> None:
    """A user and a switch on the wall turn lights on by hand, automations do not."""
    for entity_id, state in (
        (LOCK, "locked"),
        ("person.ann", "not_home"),
        ("light.hall", "off"),
        ("calendar.cleaner", "off"),
    ):
        hass.states.async_set(entity_id, state, {"friendly_name": entity_id.split(".")[1]})
    home = {
        "residents": ["person.ann"],
        "entities": ["light.hall"],
        "visitors": ["calendar.cleaner"],
    }
    await choose_options(hass, loaded, STANDARD | {"home": home})
    await change_camera(hass, loaded, "01JYARD", entities=[LOCK])
    await database_says(
        postgres, loaded, REPORTED.format(place=""), '["arrived", "expected", "left", "light_on"]'
    )
    await database_says(postgres, loaded, REPORTED.format(place="yard"), '["unlocked"]')

    hass.states.async_set(LOCK, "unlocked", {"friendly_name": "front", "changed_by": "Ana"})
    hass.states.async_set("person.ann", "home", {"friendly_name": "ann"})
    run = Context()
    hass.bus.async_fire("automation_triggered", {}, context=run)
    contexts = (run, Context(parent_id="a"), Context(), Context(user_id="u", parent_id="a"))
    await hass.async_block_till_done()
    for context in contexts:
        hass.states.async_set("light.hall", "on", {"friendly_name": "hall"}, context=context)
        hass.states.async_set("light.hall", "off", {"friendly_name": "hall"})
    hass.states.async_set("calendar.cleaner", "on", {"message": "Cleaner"})
    await hass.async_block_till_done()
    reports = (
        "unlocked front (Ana) {yard}, arrived ann home, light_on hall home, light_on hall home, "
        "expected Cleaner home"
    )
    await database_says(postgres, loaded, STORED, reports)

    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=21))
    await database_says(postgres, loaded, STORED, f"{reports}, expected Cleaner home")
