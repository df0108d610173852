"""Two scenes that differ in one fact: the fact decides which of them is worse."""

from datetime import timedelta

from hypothesis import given, strategies as st
import pytest

from tests.core.risk.scenes import (
    DOOR,
    HEIGHTS,
    NIGHT,
    NOON,
    PATH,
    SIDEWALK,
    ZONES,
    Scene,
    band_of,
    facts,
    person,
    thing,
    verdict,
)

# isort: split
from hsi_core.domain.context import HomeEvent, HomeEventKind, Occupancy
from hsi_core.domain.models import Box, Detection, RiskLevel
from hsi_core.domain.placement import Placement
from hsi_core.domain.zones import Zone, ZoneKind
from hsi_core.risk.evidence import KINDS, collect

ASLEEP = {"occupancy": Occupancy.ASLEEP, "start": NIGHT}
AT_THE_DOOR: Scene = {
    0: [person(0.1, SIDEWALK)],
    5: [person(0.4, PATH)],
    10: [person(0.5, DOOR)],
    20: [person(0.52, DOOR)],
    30: [person(0.5, DOOR)],
}
CAR = thing("car", 0.5, 0.62, 0.2)
AT_THE_CAR: Scene = {
    **{float(second): [CAR] for second in (0, 3)},
    6: [CAR, person(0.2, SIDEWALK)],
    **{float(second): [CAR, person(0.5, PATH)] for second in range(10, 31, 4)},
}
PAST_THE_CAR: Scene = {
    **{float(second): [CAR] for second in (0, 3)},
    **{6 + 1.0 * i: [CAR, person(0.1 + 0.2 * i, PATH)] for i in range(5)},
}


def evidence(seen: Scene, **known: object) -> set[str]:
    return {each.name for each in collect(facts(seen, **known))}  # type: ignore[arg-type]


def reported(kind: HomeEventKind, *, before: float = 60, near: bool = True) -> dict[str, object]:
    event = HomeEvent(at=NIGHT - timedelta(seconds=before), kind=kind, near=near)
    return {"home_events": (event,), "reported": frozenset(HomeEventKind)}


def lying(second: float) -> Detection:
    x = 0.5 + 0.001 * second
    box = Box(x1=x - 0.2, y1=0.85, x2=x + 0.2, y2=0.95)
    return Detection(label="person", confidence=0.7, box=box)


def small(x: float) -> Detection:
    box = Box(x1=x - 0.02, y1=0.75, x2=x + 0.02, y2=0.9)
    return Detection(label="person", confidence=0.8, box=box)


@pytest.mark.parametrize(
    "kind",
    [
        HomeEventKind.ARRIVED,
        HomeEventKind.UNLOCKED,
        HomeEventKind.DISARMED,
        HomeEventKind.OPENED_BY_REMOTE,
        HomeEventKind.EXPECTED,
    ],
)
def test_what_the_home_reports_explains_a_person_at_night(kind: HomeEventKind) -> None:
    alone = verdict(AT_THE_DOOR, **ASLEEP)
    explained = verdict(AT_THE_DOOR, **ASLEEP, **reported(kind))

    assert explained.score < alone.score
    assert not {"night", "all asleep"} & evidence(AT_THE_DOOR, **ASLEEP, **reported(kind))


def test_a_report_of_hours_ago_explains_nothing() -> None:
    old = reported(HomeEventKind.UNLOCKED, before=7200)

    assert "unlocked" not in evidence(AT_THE_DOOR, **ASLEEP, **old)
    assert "night" in evidence(AT_THE_DOOR, **ASLEEP, **old)


def test_a_report_after_the_latest_image_is_not_known_yet() -> None:
    later = reported(HomeEventKind.UNLOCKED, before=-40)

    assert "unlocked" not in evidence(AT_THE_DOOR, **ASLEEP, **later)


def test_a_refused_code_ends_an_excuse() -> None:
    unlocked = HomeEvent(at=NIGHT - timedelta(seconds=90), kind=HomeEventKind.UNLOCKED)
    refused = HomeEvent(at=NIGHT - timedelta(seconds=10), kind=HomeEventKind.WRONG_CODE)

    found = evidence(AT_THE_DOOR, **ASLEEP, home_events=(unlocked, refused))

    assert {"wrong code", "night"} <= found


def test_that_nobody_unlocked_counts_only_where_locks_report() -> None:
    silent = {"reported": frozenset(HomeEventKind)}

    assert "nothing explains it" in evidence(AT_THE_DOOR, **ASLEEP, **silent)
    assert "nothing explains it" not in evidence(AT_THE_DOOR, **ASLEEP)


def test_an_alarm_that_is_off_excuses_nobody_while_residents_sleep() -> None:
    assert "alarm off" in evidence(AT_THE_DOOR, armed=False, occupancy=Occupancy.HOME)
    assert "alarm off" not in evidence(AT_THE_DOOR, armed=False, **ASLEEP)


def test_signs_of_force_raise_a_visit_to_an_alarm() -> None:
    broken = reported(HomeEventKind.BROKEN)

    assert verdict(AT_THE_DOOR, **ASLEEP, **broken).level in {RiskLevel.HIGH, RiskLevel.CRITICAL}


def test_stopping_at_a_parked_car_is_not_walking_past_it() -> None:
    stops, passes = (evidence(seen, start=NIGHT) for seen in (AT_THE_CAR, PAST_THE_CAR))

    assert {"at a parked vehicle", "at a parked vehicle, night"} <= stops
    assert not {"at a parked vehicle", "at a parked vehicle, night"} & passes


@pytest.mark.parametrize("kind", [ZoneKind.WINDOW, ZoneKind.OTHER_DOOR])
def test_a_short_visit_excuses_at_the_front_door_alone(kind: ZoneKind) -> None:
    back = (*ZONES[:2], band_of(kind, 0.75, 1.0))
    visit: Scene = {0: [person(0.3, PATH)], 5: [person(0.5, DOOR)], 12: [person(0.3, PATH)]}

    assert "short visit" in evidence(visit, start=NOON)
    assert "short visit" not in evidence(visit, start=NOON, zones=back)


def test_a_person_who_lies_alone_may_need_help() -> None:
    fallen: Scene = {float(second): [lying(second)] for second in range(0, 61, 6)}
    helped: Scene = {s: [*seen, person(0.2, DOOR)] for s, seen in fallen.items()}
    home = {"occupancy": Occupancy.HOME, "armed": False, "start": NOON, "zones": ()}

    assert "lies on the ground" in evidence(fallen, **home)
    assert "alarm off" not in evidence(fallen, **home)
    assert "lies on the ground" not in evidence(helped, **home)


def test_a_small_figure_is_noticed_when_it_is_alone() -> None:
    child: Scene = {float(second): [small(0.3 + 0.01 * second)] for second in range(0, 25, 4)}
    watched: Scene = {s: [*seen, person(0.7, DOOR)] for s, seen in child.items()}
    pool = {"placement": Placement.POOL, "zones": (), "start": NOON}

    assert {"small figure alone", "alone at the water"} <= evidence(child, **pool)
    assert not {"small figure alone", "alone at the water"} & evidence(watched, **pool)


def test_an_unsure_person_who_never_moves_is_an_object() -> None:
    def coat(confidence: float) -> Scene:
        return {float(second): [person(0.5, DOOR, confidence)] for second in range(0, 61, 6)}

    assert "does not move" in evidence(coat(0.5), start=NIGHT)
    assert "does not move" not in evidence(coat(0.9), start=NIGHT)


def test_indoors_at_night_residents_are_who_is_seen() -> None:
    hall = {"placement": Placement.INDOORS, "zones": (), **ASLEEP}
    forced = {**hall, **reported(HomeEventKind.BROKEN)}

    assert "night" not in evidence(AT_THE_DOOR, **hall)
    assert "night" in evidence(AT_THE_DOOR, **forced)


def test_a_bicycle_that_the_detector_misses_now_and_then_is_not_taken() -> None:
    bicycle = thing("bicycle", 0.5, 0.9, 0.2)
    seen: dict[float, list[Detection]] = {
        0.5 * i: [person(0.45 + 0.002 * i, DOOR), *([] if i % 5 == 4 else [bicycle])]
        for i in range(40)
    }

    assert "taken away" not in evidence(seen, start=NOON)


WALKS = st.lists(
    st.tuples(st.floats(0.05, 0.95), st.sampled_from([SIDEWALK, PATH, DOOR])),
    min_size=1,
    max_size=8,
)
FRONT = st.sampled_from(
    [ZONES, (), tuple(Zone(name=z.name, kind=z.kind, polygon=z.polygon) for z in ZONES[:1])]
)


@given(way=WALKS, zones=FRONT, night=st.booleans(), asleep=st.booleans())
def test_an_excuse_never_raises_a_score(
    way: list[tuple[float, float]], zones: tuple[Zone, ...], night: bool, asleep: bool
) -> None:
    seen: Scene = {6.0 * i: [person(*at)] for i, at in enumerate(way)}
    start = NIGHT if night else NOON
    known = {
        "start": start,
        "zones": zones,
        "occupancy": Occupancy.ASLEEP if asleep else Occupancy.AWAY,
    }
    excuse = HomeEvent(at=start - timedelta(seconds=30), kind=HomeEventKind.UNLOCKED)

    assert verdict(seen, **known, home_events=(excuse,)).score <= verdict(seen, **known).score


def test_every_kind_says_when_it_applies_and_keeps_its_sign() -> None:
    assert all(kind.when and kind.sign in {-1, 0, 1} for kind in KINDS)
    assert all(kind.prior * kind.sign >= 0 for kind in KINDS)
    assert set(HEIGHTS) == {SIDEWALK, PATH, DOOR}
