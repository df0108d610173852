"""Each image counts for one zone, the most private one."""

from hypothesis import given, strategies as st
import pytest

from tests.core.risk.scenes import (
    DOOR,
    NIGHT,
    NOON,
    PATH,
    SIDEWALK,
    ZONES,
    band_of,
    facts,
    person,
    points,
    verdict,
)

# isort: split
from hsi_core.domain.zones import Zone, ZoneKind
from hsi_core.risk.zone_map import BY_PRIVACY, ZoneMap, plain

TO_THE_DOOR_AND_BACK = {0: SIDEWALK, 4: PATH, 8: DOOR, 20: DOOR, 24: PATH, 28: SIDEWALK}
WHILE_AWAY = {"armed": True}


def square(kind: ZoneKind, left: float, right: float, name: str = "") -> Zone:
    corners = ((left, 0.75), (right, 0.75), (right, 1.0), (left, 1.0))
    return Zone(name=name or kind.name, kind=kind, polygon=corners)


def test_every_kind_of_zone_has_a_rank() -> None:
    assert sorted(BY_PRIVACY) == sorted({plain(kind) for kind in ZoneKind})


def test_of_overlapping_zones_the_most_private_one_counts() -> None:
    zones = ZoneMap([band_of(kind, 0.5, 1.0) for kind in reversed(BY_PRIVACY)])

    place = zones.place_at(0.5, 0.9)

    assert place is not None
    assert place.kind is ZoneKind.RESTRICTED
    assert zones.place_at(0.5, 0.4) is None


def test_seconds_in_two_overlapping_zones_count_once() -> None:
    zones = (band_of(ZoneKind.YARD, 0.5, 1.0), band_of(ZoneKind.DRIVEWAY, 0.5, 1.0))
    seen = {5.0 * i: [person(0.5, PATH)] for i in range(4)}

    [somebody] = facts(seen, zones=zones).people

    assert somebody.grounds_seconds == 15.0
    assert somebody.stay(ZoneKind.YARD, ZoneKind.DRIVEWAY) == 15.0
    assert "stays in the yard at night" not in points(seen, zones=zones)


def test_the_way_from_one_zone_to_another_counts_for_both_together() -> None:
    zones = (band_of(ZoneKind.YARD, 0.5, 0.75), band_of(ZoneKind.DRIVEWAY, 0.75, 1.0))
    seen = {0.0: [person(0.5, PATH)], 15.0: [person(0.5, DOOR)], 30.0: [person(0.5, PATH)]}

    [somebody] = facts(seen, zones=zones).people

    assert somebody.stay(ZoneKind.YARD) == 0.0
    assert somebody.stay(ZoneKind.YARD, ZoneKind.DRIVEWAY) == somebody.grounds_seconds == 30.0


@pytest.mark.parametrize("second", [(0.2, 0.8), (0.4, 0.9), (0.3, 0.7)])
def test_a_person_in_two_overlapping_entry_zones_came_to_a_door_once(
    second: tuple[float, float],
) -> None:
    zones = (
        band_of(ZoneKind.SIDEWALK, 0.3, 0.5),
        square(ZoneKind.ENTRY_POINT, 0.2, 0.6, "Door"),
        square(ZoneKind.ENTRY_POINT, *second, "Porch"),
    )
    way = [(0.1, SIDEWALK), (0.3, DOOR), (0.45, DOOR), (0.55, DOOR), (0.3, DOOR)]
    seen = {12.0 * i: [person(x, y)] for i, (x, y) in enumerate(way)}

    [somebody] = facts(seen, zones=zones).people

    assert somebody.visits(ZoneKind.ENTRY_POINT) == 1
    assert "returns" not in points(seen, zones=zones)


def test_two_doors_apart_are_two_visits() -> None:
    zones = (
        square(ZoneKind.ENTRY_POINT, 0.1, 0.3, "Door"),
        square(ZoneKind.ENTRY_POINT, 0.6, 0.9, "Window"),
    )
    way = [(0.45, PATH), (0.2, DOOR), (0.45, DOOR), (0.7, DOOR)]

    [somebody] = facts({4.0 * i: [person(*at)] for i, at in enumerate(way)}, zones=zones).people

    assert somebody.visits(ZoneKind.ENTRY_POINT) == 2


@pytest.mark.parametrize("start", [NOON, NIGHT])
def test_a_yard_drawn_over_the_doorstep_changes_nothing(start: object) -> None:
    seen = {float(second): [person(0.5, y)] for second, y in TO_THE_DOOR_AND_BACK.items()}
    over_the_doorstep = (*ZONES, band_of(ZoneKind.YARD, 0.5, 1.0))

    drawn_apart = verdict(seen, start=start, **WHILE_AWAY)

    assert verdict(seen, start=start, zones=over_the_doorstep, **WHILE_AWAY) == drawn_apart


WALKS = st.lists(
    st.tuples(st.floats(0.05, 0.95), st.sampled_from([SIDEWALK, 0.52, PATH, 0.74, DOOR, 0.99])),
    min_size=1,
    max_size=10,
)
STEPS = st.sampled_from([2.0, 8.0, 20.0])


@given(way=WALKS, step=STEPS, times=st.integers(2, 3))
def test_a_zone_that_is_drawn_twice_changes_nothing(
    way: list[tuple[float, float]], step: float, times: int
) -> None:
    seen = {step * i: [person(*at)] for i, at in enumerate(way)}

    assert points(seen, zones=ZONES * times) == points(seen)


@given(way=WALKS, step=STEPS, covered=st.integers(1, len(BY_PRIVACY) - 1))
def test_a_zone_drawn_under_a_more_private_one_changes_nothing(
    way: list[tuple[float, float]], step: float, covered: int
) -> None:
    seen = {step * i: [person(*at)] for i, at in enumerate(way)}
    top = band_of(BY_PRIVACY[covered - 1], 0.5, 1.0)
    under = [band_of(kind, 0.6, 0.9) for kind in BY_PRIVACY[covered:]]

    assert points(seen, zones=(*under, top)) == points(seen, zones=(top,))


@given(way=WALKS, step=STEPS, zones=st.permutations((*ZONES, band_of(ZoneKind.YARD, 0.4, 0.8))))
def test_the_order_of_zones_changes_nothing(
    way: list[tuple[float, float]], step: float, zones: list[Zone]
) -> None:
    seen = {step * i: [person(*at)] for i, at in enumerate(way)}

    assert points(seen, zones=tuple(zones)) == points(seen, zones=tuple(reversed(zones)))


@given(way=WALKS, step=STEPS)
def test_no_stay_is_longer_than_the_time_in_view(
    way: list[tuple[float, float]], step: float
) -> None:
    seen = {step * i: [person(*at)] for i, at in enumerate(way)}

    for each in facts(seen, zones=(*ZONES, *ZONES, band_of(ZoneKind.YARD, 0.4, 0.8))).people:
        assert each.stay(*ZoneKind) <= each.dwell
        assert sum(each.stay(kind) for kind in ZoneKind) <= each.dwell


@pytest.mark.parametrize(
    ("name", "kind", "entry"),
    [
        ("Front door", ZoneKind.ENTRY_POINT, ZoneKind.ENTRY_POINT),
        ("Haustür", ZoneKind.ENTRY_POINT, ZoneKind.ENTRY_POINT),
        ("bathroom_window", ZoneKind.ENTRY_POINT, ZoneKind.WINDOW),
        ("Küchenfenster links", ZoneKind.ENTRY_POINT, ZoneKind.WINDOW),
        ("kitchen-door", ZoneKind.ENTRY_POINT, ZoneKind.OTHER_DOOR),
        ("Hintertür", ZoneKind.ENTRY_POINT, ZoneKind.OTHER_DOOR),
        ("porte de la cave", ZoneKind.ENTRY_POINT, ZoneKind.OTHER_DOOR),
        ("portao_social", ZoneKind.ENTRY_POINT, ZoneKind.GATE),
        ("Gartentor", ZoneKind.ENTRY_POINT, ZoneKind.GATE),
        ("Front door", ZoneKind.WINDOW, ZoneKind.WINDOW),
        ("window bed", ZoneKind.YARD, None),
    ],
)
def test_a_name_tells_the_kind_of_an_entry_point(
    name: str, kind: ZoneKind, entry: ZoneKind | None
) -> None:
    zone = square(kind, 0.2, 0.8, name)

    assert zone.entry is entry
    place = ZoneMap([zone]).place_at(0.5, 0.9)
    assert place is not None
    assert place.entry is zone.entry
    assert place.kind is (kind if entry is None else ZoneKind.ENTRY_POINT)
