"""No event has two factors that contradict each other."""

from datetime import timedelta

from hypothesis import given, settings, strategies as st
import pytest

from tests.core.risk.scenes import (
    DOOR,
    NOON,
    PATH,
    SIDEWALK,
    ZONES,
    Scene,
    band_of,
    person,
    points,
    thing,
    verdict,
)

# isort: split
from hsi_core.domain.context import Elsewhere, Occupancy
from hsi_core.domain.models import Detection, RiskFactor
from hsi_core.domain.zones import ZoneKind
from hsi_core.risk.exclusions import EXCLUSIVE, without_contradictions
from hsi_core.risk.points import WEIGHTS

POOL = (*ZONES[:2], band_of(ZoneKind.RESTRICTED, 0.75, 1.0))
AWAY = {"occupancy": Occupancy.AWAY, "start": NOON}
OUT_OF_THE_DOOR: Scene = {0: [person(0.5, DOOR)], 5: [person(0.4, PATH)], 10: [person(0.3, PATH)]}
TWO_IN_THE_POOL: dict[float, list[Detection]] = {
    s: [person(0.3, DOOR), person(0.7, DOOR)] for s in (0.0, 5.0)
}
VISIT: dict[float, list[Detection]] = {
    0: [person(0.1, SIDEWALK)],
    5: [person(0.4, PATH)],
    10: [person(0.5, DOOR)],
    16: [person(0.5, DOOR)],
    22: [person(0.3, PATH)],
}


@pytest.mark.parametrize(
    ("seen", "known", "kept", "dropped"),
    [
        (OUT_OF_THE_DOOR, AWAY, "nobody home", "came from the door"),
        (OUT_OF_THE_DOOR, {"start": NOON}, "came from the door", "short visit"),
        (
            TWO_IN_THE_POOL,
            {**AWAY, "armed": False, "zones": POOL},
            "nobody home",
            "company in the restricted zone",
        ),
        (
            {**VISIT, **{300 + second: seen for second, seen in VISIT.items()}},
            {**AWAY, "begins": 300},
            "returns",
            "short visit",
        ),
    ],
)
def test_of_two_factors_that_contradict_each_other_one_is_left(
    seen: Scene, known: dict[str, object], kept: str, dropped: str
) -> None:
    found = points(seen, **known)

    assert kept in found
    assert dropped not in found


def test_the_first_factor_of_a_group_counts() -> None:
    for group in EXCLUSIVE:
        found = [RiskFactor(name=each.name, points=each.points, reason="") for each in group]
        assert without_contradictions(found[::-1])[-1].name == group[0].name
        assert len(without_contradictions(found)) == 1


def test_every_factor_alone_stays() -> None:
    for each in WEIGHTS:
        alone = [RiskFactor(name=each.name, points=each.points, reason="")]
        assert without_contradictions(alone) == tuple(alone)


SPOTS = st.tuples(st.floats(0.05, 0.95), st.sampled_from([0.2, SIDEWALK, PATH, 0.7, DOOR, 0.98]))
PEOPLE = st.builds(lambda at, sure: person(at[0], at[1], sure), SPOTS, st.sampled_from([0.5, 0.85]))
OBJECTS = st.builds(
    lambda label, at: thing(label, at[0], at[1], 0.15),
    st.sampled_from(["car", "package", "bicycle", "dog"]),
    SPOTS,
)
STAY = st.builds(
    lambda who, since, count, step: {since + step * i: [who] for i in range(count)},
    st.one_of(PEOPLE, PEOPLE, OBJECTS),
    st.integers(-300, 60),
    st.integers(1, 8),
    st.integers(2, 30),
)
SCENES = st.lists(STAY, min_size=1, max_size=6)
KNOWN = st.fixed_dictionaries(
    {
        "armed": st.sampled_from([True, False, None]),
        "occupancy": st.sampled_from([*Occupancy, None]),
        "usual": st.sampled_from([{}, {"person": 0.05, "car": 0.05}, {"person": 2.0, "car": 2.0}]),
        "zones": st.lists(
            st.builds(
                lambda kind, top, size: band_of(kind, top, min(1.0, top + size)),
                st.sampled_from(ZoneKind),
                st.sampled_from([0.3, 0.5, 0.6, 0.75]),
                st.sampled_from([0.2, 0.4]),
            ),
            max_size=4,
        ).map(tuple),
        "elsewhere": st.lists(
            st.builds(
                Elsewhere,
                camera=st.sampled_from(["yard", "gate"]),
                at=st.just(NOON + timedelta(hours=1)),
                label=st.just("person"),
            ),
            max_size=2,
        ).map(tuple),
        "start": st.integers(0, 47).map(lambda half: NOON + timedelta(minutes=30 * half)),
    }
)


@settings(max_examples=400, deadline=None)
@given(stays=SCENES, known=KNOWN)
def test_in_no_scene_do_factors_contradict_each_other(
    stays: list[dict[float, list[Detection]]], known: dict[str, object]
) -> None:
    seen: dict[float, list[Detection]] = {}
    for stay in stays:
        for second, detections in stay.items():
            seen.setdefault(float(second), []).extend(detections)

    judged = verdict(seen, begins=min(0.0, max(seen)), **known)

    names = {factor.name for factor in judged.factors}
    for group in EXCLUSIVE:
        assert len(names & {weight.name for weight in group}) <= 1
    assert judged.score == min(100, max(0, sum(each.points for each in judged.factors)))
