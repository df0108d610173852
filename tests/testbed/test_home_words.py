"""What authors of scenes write about a home becomes events of known kinds."""

from datetime import UTC, datetime

import pytest

from testbed.risk.home_words import read_home_events

# isort: split
from hsi_core.domain.context import HomeEventKind

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("lock.front_door unlocked with code Tobi", HomeEventKind.UNLOCKED),
        ("front door opened with key", HomeEventKind.UNLOCKED),
        ("binary_sensor.back_gate opened", HomeEventKind.OPENED),
        ("cover.garage opened without a remote", HomeEventKind.OPENED),
        ("cover.garage_gate opening with remote", HomeEventKind.OPENED_BY_REMOTE),
        ("doorbell pressed, no answer", HomeEventKind.DOORBELL),
        ("phones of both parents came home", HomeEventKind.ARRIVED),
        ("last phone left home", HomeEventKind.LEFT),
        ("alarm disarmed by cleaner", HomeEventKind.DISARMED),
        ("alarm armed away", HomeEventKind.ARMED),
        ("vibration sensor front door: strong hit", HomeEventKind.BROKEN),
        ("front door lock: wrong code", HomeEventKind.WRONG_CODE),
        ("light.porch switched on", HomeEventKind.LIGHT_ON),
        ("outer_door opened without the lock being unlocked", HomeEventKind.OPENED),
        ("lock.front_door opened from inside", HomeEventKind.OPENED),
        ("cover.garage_door opened by hand, emergency release pulled", HomeEventKind.OPENED),
        ("lock.front_door keypad blocked", HomeEventKind.WRONG_CODE),
        ("device_tracker.Sara not home", HomeEventKind.LEFT),
        ("house manager approved visitor: technicians", HomeEventKind.EXPECTED),
        ("message from roadside service: technician arrives 04:50", HomeEventKind.EXPECTED),
    ],
)
def test_a_phrase_is_an_event_of_a_kind(words: str, kind: HomeEventKind) -> None:
    (event,) = read_home_events([{"at": NOON, "what": words}], frozenset(), _moment)
    assert (event.at, event.kind) == (NOON, kind)


@pytest.mark.parametrize(
    "words",
    [
        "binary_sensor.grid_power off",
        "lock.front_door locked",
        "light.hall off",
        "light.yard on by motion",
        "cover.garage_door stopped half open",
    ],
)
def test_what_says_nothing_about_a_risk_is_left_out(words: str) -> None:
    assert read_home_events([{"at": NOON, "what": words}], frozenset(), _moment) == ()


def test_an_event_is_near_if_it_is_at_the_camera_or_of_the_whole_home() -> None:
    items = [
        {"at": NOON, "what": "doorbell pressed", "where": where}
        for where in ("Front door", "house", "basement_window")
    ]
    found = read_home_events(items, frozenset({"front_door"}), _moment)
    assert [event.near for event in found] == [True, True, False]


def _moment(value: object) -> datetime:
    assert isinstance(value, datetime)
    return value
