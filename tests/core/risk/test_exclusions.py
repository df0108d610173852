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
    facts,
    person,
    thing,
    verdict,
)

# isort: split
from hsi_core.domain.context import Elsewhere, HomeEvent, HomeEventKind, Occupancy
from hsi_core.domain.models import Detection
from hsi_core.domain.placement import Placement
from hsi_core.domain.zones import ZoneKind
from hsi_core.risk.evidence import KINDS, PLACE_NAMES, collect
from hsi_core.risk.evidence_kinds import Evidence
from hsi_core.risk.exclusions import EXCLUSIVE, without_contradictions

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
        (OUT_OF_THE_DOOR, {"start": NOON}, "came from the door", "stands in view"),
        (TWO_IN_THE_POOL, {**AWAY, "zones": POOL}, "restricted zone", "short visit"),
        (
            {**VISIT, **{30 + second: seen for second, seen in VISIT.items()}},
            {**AWAY},
            "returns",
            "short visit",
        ),
    ],
)
def test_of_two_factors_that_contradict_each_other_one_is_left(
    seen: Scene, known: dict[str, object], kept: str, dropped: str
) -> None:
    found = {each.name for each in collect(facts(seen, **known))}  # type: ignore[arg-type]

    assert kept in found
    assert dropped not in found


def test_the_first_of_a_group_counts() -> None:
    for group in EXCLUSIVE:
        found = [Evidence(name=name, reason="") for name in group]
        assert without_contradictions(found[::-1])[-1].name == group[0]
        assert len(without_contradictions(found)) == 1


def test_the_groups_name_evidence_and_each_piece_alone_stays() -> None:
    assert {name for group in EXCLUSIVE for name in group} <= {kind.name for kind in KINDS}
    for kind in KINDS:
        alone = (Evidence(name=kind.name, reason=""),)
        assert without_contradictions(alone) == alone


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
        "placement": st.sampled_from([*Placement, None]),
        "home_events": st.lists(
            st.builds(
                HomeEvent,
                at=st.integers(0, 50).map(lambda half: NOON + timedelta(minutes=30 * half)),
                kind=st.sampled_from(HomeEventKind),
            ),
            max_size=6,
        ).map(lambda found: tuple(sorted(found, key=lambda each: each.at))),
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
        assert len(names & set(group)) <= 1
    assert len(names & PLACE_NAMES) == 1
    assert len(judged.factors) <= 40  # limit of the wire format
    assert judged.score == min(100, max(0, sum(each.points for each in judged.factors)))
