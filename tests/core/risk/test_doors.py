"""A person came out of a door only if an image shows it."""

import pytest

from tests.core.risk.scenes import DOOR, NOON, PATH, SIDEWALK, facts, person, points, verdict

# isort: split
from hsi_core.domain.context import Occupancy
from hsi_core.domain.models import Box, Detection, RiskLevel
from hsi_core.domain.zones import ZoneKind

AT_HOME = {"armed": False, "occupancy": Occupancy.HOME}
STAYS = {float(second): [person(0.5, DOOR)] for second in range(0, 81, 8)}
FROM_INSIDE = "came from the door"


def test_a_long_stay_at_the_door_at_night_scores_the_same_with_and_without_the_way_there() -> None:
    walked_up = {-8.0: [person(0.5, PATH)], **STAYS}

    assert points(STAYS, **AT_HOME) == points(walked_up, begins=-8, **AT_HOME)
    assert FROM_INSIDE not in points(STAYS, **AT_HOME)


def test_an_empty_door_shortly_before_shows_that_the_person_came_out() -> None:
    came_out = {-8.0: [], **STAYS}

    assert FROM_INSIDE in points(came_out, begins=-8, **AT_HOME)
    assert FROM_INSIDE in points(came_out, begins=0, **AT_HOME)  # the event begins later
    assert verdict(came_out, **AT_HOME).level is RiskLevel.LOW


def test_an_empty_door_long_before_shows_nothing() -> None:
    assert FROM_INSIDE not in points({-60.0: [], **STAYS}, **AT_HOME)


def test_a_person_at_the_door_shortly_before_is_no_empty_door() -> None:
    two = {-8.0: [person(0.3, DOOR)], 0.0: [person(0.3, DOOR), person(0.7, DOOR)]}
    stay = {8.0 * i: [person(0.3, DOOR), person(0.7, DOOR)] for i in range(1, 4)}

    assert FROM_INSIDE not in points({**two, **stay}, **AT_HOME)


def test_a_person_who_may_have_walked_to_the_door_did_not_come_out() -> None:
    # Too much larger than before to be tracked as one person.
    far_off = Box(x1=0.49, y1=0.32, x2=0.51, y2=0.4)
    seen = {-8.0: [Detection(label="person", confidence=0.8, box=far_off)], **STAYS}

    assert len(facts(seen, begins=-8).people) == 2
    assert FROM_INSIDE not in points(seen, **AT_HOME)


@pytest.mark.parametrize(("second", "came_out"), [(6.0, True), (30.0, False)])
def test_a_person_who_leaves_the_door_at_once_came_out(second: float, came_out: bool) -> None:
    seen = {0.0: [person(0.5, DOOR)], second: [person(0.5, PATH)], second + 6: [person(0.4, PATH)]}

    assert (FROM_INSIDE in points(seen, start=NOON)) is came_out


def test_coming_out_is_no_visit_and_coming_back_is_one() -> None:
    way = {0: DOOR, 6: PATH, 12: SIDEWALK, 30: PATH, 36: DOOR}
    seen = {float(second): [person(0.5, y)] for second, y in way.items()}

    [somebody] = facts(seen).people

    assert somebody.came_out
    assert somebody.visits(ZoneKind.ENTRY_POINT) == 1
    assert "returns" not in points(seen)
