"""From boxes in images to the facts of an event."""

from datetime import timedelta

import pytest

from tests.core.risk.scenes import BERLIN, DOOR, NIGHT, PATH, SIDEWALK, facts, person, thing

# isort: split
from hsi_core.domain.models import Box
from hsi_core.domain.movement import Movement
from hsi_core.domain.part_of_day import PartOfDay
from hsi_core.domain.zones import ZoneKind
from hsi_core.risk.geometry import inside, iou, off_edge
from hsi_core.risk.object_changes import Change

SQUARE = ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8))
ARROW = ((0.0, 0.0), (1.0, 0.0), (0.5, 0.5), (1.0, 1.0), (0.0, 1.0))


@pytest.mark.parametrize(
    ("point", "polygon", "within"),
    [
        ((0.5, 0.5), SQUARE, True),
        ((0.1, 0.5), SQUARE, False),
        ((0.9, 0.5), ARROW, False),
        ((0.2, 0.5), ARROW, True),
        ((0.4, 1.0), ARROW, True),  # cut off by the image's edge
    ],
)
def test_a_point_is_in_a_polygon_or_not(
    point: tuple[float, float], polygon: tuple[tuple[float, float], ...], within: bool
) -> None:
    assert inside(off_edge(point), polygon) is within


def test_overlap_is_the_intersection_over_union() -> None:
    left = Box(x1=0.0, y1=0.0, x2=0.2, y2=0.2)
    assert iou(left, left) == pytest.approx(1.0)
    assert iou(left, Box(x1=0.1, y1=0.0, x2=0.3, y2=0.2)) == pytest.approx(1 / 3)
    assert iou(left, Box(x1=0.5, y1=0.5, x2=0.6, y2=0.6)) == 0.0


def test_a_person_who_walks_to_the_door_is_one_track() -> None:
    sheet = facts({0: [person(0.1, SIDEWALK)], 5: [person(0.4, PATH)], 10: [person(0.5, DOOR)]})

    [walker] = sheet.people
    assert (walker.images, walker.dwell) == (3, 10.0)
    assert walker.movement is Movement.APPROACHING
    assert walker.zones == {ZoneKind.SIDEWALK, ZoneKind.YARD, ZoneKind.ENTRY_POINT}
    assert walker.came_from is ZoneKind.SIDEWALK


@pytest.mark.parametrize(
    ("way", "movement"),
    [
        ([(0.5, DOOR), (0.3, PATH), (0.1, SIDEWALK)], Movement.LEAVING),
        ([(0.1, SIDEWALK), (0.5, SIDEWALK), (0.9, SIDEWALK)], Movement.PASSING),
        ([(0.5, DOOR), (0.51, DOOR), (0.5, DOOR)], Movement.STILL),
        ([(0.5, PATH), (0.8, PATH), (0.5, PATH)], Movement.ROAMING),
        ([(0.5, DOOR)], Movement.UNKNOWN),
    ],
)
def test_movement_follows_from_growth_and_distance(
    way: list[tuple[float, float]], movement: Movement
) -> None:
    [walker] = facts({5.0 * i: [person(x, y)] for i, (x, y) in enumerate(way)}).people

    assert walker.movement is movement


def test_two_people_who_cross_stay_two_tracks() -> None:
    sheet = facts(
        {
            0: [person(0.2, PATH), person(0.8, PATH)],
            4: [person(0.4, PATH), person(0.6, PATH)],
            8: [person(0.3, PATH), person(0.7, PATH)],
        }
    )

    assert len(sheet.people) == sheet.max_people == 2


def test_a_person_after_a_pause_is_a_new_track() -> None:
    sheet = facts({0: [person(0.5, DOOR)], 120: [person(0.2, PATH)]}, begins=100)

    assert [each.earlier for each in sheet.objects] == [True, False]
    assert len(sheet.people) == 1


def test_a_lying_object_is_one_track_for_minutes() -> None:
    sheet = facts({0: [thing("package", 0.5, DOOR)], 900: [thing("package", 0.5, DOOR)]})

    [package] = sheet.present
    assert package.dwell == 900.0


def test_a_person_detected_twice_in_an_image_counts_once() -> None:
    sheet = facts({0: [person(0.5, DOOR), person(0.505, DOOR, 0.55)]})

    assert (len(sheet.people), sheet.max_people) == (1, 1)


def test_time_in_a_zone_is_counted_between_images_in_it() -> None:
    steps = {0: PATH, 10: DOOR, 20: DOOR, 30: PATH, 40: PATH, 50: DOOR, 60: DOOR}
    [walker] = facts({second: [person(0.5, y)] for second, y in steps.items()}).people

    assert walker.stay(ZoneKind.ENTRY_POINT) == 20.0
    assert walker.visits(ZoneKind.ENTRY_POINT) == 2
    assert walker.grounds_seconds == 60.0


def test_a_step_off_the_sidewalk_is_no_visit() -> None:
    steps = [(0.1, SIDEWALK), (0.3, SIDEWALK), (0.5, 0.52), (0.7, SIDEWALK)]
    [walker] = facts({4.0 * i: [person(x, y)] for i, (x, y) in enumerate(steps)}).people

    assert walker.zones == {ZoneKind.SIDEWALK}


@pytest.mark.parametrize(
    ("clock", "part"),
    [
        ((22, 59), PartOfDay.LATE),
        ((23, 0), PartOfDay.NIGHT),
        ((4, 59), PartOfDay.NIGHT),
        ((5, 0), PartOfDay.EARLY),
        ((6, 30), PartOfDay.DAY),
        ((20, 59), PartOfDay.DAY),
        ((21, 0), PartOfDay.LATE),
    ],
)
def test_the_part_of_the_day_uses_the_homes_clock(clock: tuple[int, int], part: PartOfDay) -> None:
    start = NIGHT.replace(hour=clock[0], minute=clock[1])

    sheet = facts({0: [person(0.5, DOOR)]}, start=start)

    assert sheet.part_of_day is part
    assert sheet.started_at.tzinfo is BERLIN
    assert sheet.weekday == "Saturday"


PACKAGE = thing("package", 0.5, 0.92)
TAKEN = {
    0: [PACKAGE],
    60: [PACKAGE, person(0.1, SIDEWALK)],
    66: [PACKAGE, person(0.5, DOOR)],
    72: [person(0.3, PATH)],
    78: [person(0.05, SIDEWALK)],
}


def test_a_package_that_leaves_with_a_person_was_taken_away() -> None:
    [belonging] = facts(TAKEN).object_changes

    assert (belonging.label, belonging.change) == ("package", Change.TAKEN_AWAY)


def test_a_package_that_vanishes_at_the_door_was_taken_in() -> None:
    seen = {0: [PACKAGE], 60: [PACKAGE, person(0.5, 0.98)], 64: [person(0.52, 0.98)], 70: []}

    assert [each.change for each in facts(seen).object_changes] == [Change.TAKEN_IN]


def test_a_package_hidden_by_a_person_is_still_there() -> None:
    seen = {0: [PACKAGE, person(0.2, PATH)], 5: [person(0.5, 0.95)], 10: [person(0.5, 0.95)]}

    assert not facts(seen).object_changes


def test_a_package_that_stays_when_a_person_leaves_was_brought() -> None:
    seen = {
        0: [person(0.1, SIDEWALK)],
        6: [person(0.5, DOOR)],
        12: [person(0.3, PATH), PACKAGE],
        18: [person(0.05, SIDEWALK), PACKAGE],
    }

    assert [each.change for each in facts(seen).object_changes] == [Change.BROUGHT]


def test_a_cyclist_takes_nothing() -> None:
    seen = {
        second: [thing("bicycle", x, SIDEWALK, 0.2), person(x, SIDEWALK)]
        for second, x in ((0, 0.1), (3, 0.4), (6, 0.7))
    }

    assert not facts({**seen, 9: []}).object_changes


def test_changes_before_the_event_do_not_count() -> None:
    later = {**TAKEN, 400: [person(0.1, SIDEWALK)]}

    assert not facts(later, begins=400).object_changes
    assert timedelta(seconds=400) + NIGHT == facts(later, begins=400).started_at


def test_what_was_brought_before_the_event_is_not_reported_again() -> None:
    delivered = {
        0.0: [person(0.1, SIDEWALK)],
        6.0: [person(0.5, DOOR)],
        12.0: [person(0.3, PATH), PACKAGE],
        18.0: [PACKAGE],
    }
    later = {second: [PACKAGE, person(0.1, SIDEWALK)] for second in (900.0, 906.0)}

    [change] = facts(delivered).object_changes
    assert change.change is Change.BROUGHT
    assert not facts({**delivered, **later}, begins=900).object_changes
