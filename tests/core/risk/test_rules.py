"""The factors of a score, and the limits of a language model."""

from collections.abc import Sequence

from hypothesis import given, strategies as st
import pytest

from tests.core.risk.scenes import (
    DOOR,
    NIGHT,
    NOON,
    PATH,
    SIDEWALK,
    facts,
    person,
    points,
    thing,
    verdict,
)

# isort: split
from hsi_core.domain.context import Elsewhere, Occupancy
from hsi_core.domain.errors import LevelBoundsError
from hsi_core.domain.levels import LevelBounds
from hsi_core.domain.models import Detection, RiskLevel
from hsi_core.risk.evidence import KINDS, collect
from hsi_core.risk.llm_adjustment import MAX_LLM_MOVE, adjust_score, llm_range

Seen = dict[float, Sequence[Detection]]

AT_THE_DOOR: Seen = {
    0: [person(0.1, SIDEWALK)],
    5: [person(0.4, PATH)],
    10: [person(0.5, DOOR)],
    16: [person(0.5, DOOR)],
    22: [person(0.3, PATH)],
}
LINGERS: Seen = {float(second): [person(0.5, DOOR)] for second in range(0, 81, 8)}
RESIDENTS = {"armed": False, "occupancy": Occupancy.HOME}
INTRUDED = {"armed": True, "occupancy": Occupancy.AWAY}


def names(seen: Seen, **around: object) -> set[str]:
    """Return the names of the evidence, whatever it weighs."""
    return {each.name for each in collect(facts(seen, **around))}  # type: ignore[arg-type]


def level(seen: Seen, **around: object) -> RiskLevel:
    return verdict(seen, **around).level


def test_the_factors_add_up_to_the_score() -> None:
    judged = verdict(AT_THE_DOOR, **INTRUDED)

    assert judged.score == sum(each.points for each in judged.factors)
    assert all(each.reason and "\n" not in each.reason for each in judged.factors)


def test_a_score_ends_at_100() -> None:
    judged = verdict(LINGERS, **INTRUDED, usual={"person": 0.01})

    assert judged.score == 100 < sum(each.points for each in judged.factors)


def test_a_visit_scores_higher_at_night_and_lower_with_residents_home() -> None:
    day = verdict(AT_THE_DOOR, start=NOON).score
    night = verdict(AT_THE_DOOR, start=NIGHT).score
    armed = verdict(AT_THE_DOOR, start=NIGHT, **INTRUDED).score
    residents_likely = verdict(AT_THE_DOOR, start=NIGHT, **RESIDENTS).score

    assert residents_likely < night < armed
    assert day < night


def test_lingering_at_the_door_at_night_is_high() -> None:
    assert level(LINGERS, **INTRUDED) in {RiskLevel.HIGH, RiskLevel.CRITICAL}


def test_a_visit_by_day_is_low_even_with_the_alarm_set() -> None:
    assert level(AT_THE_DOOR, start=NOON, **INTRUDED) is RiskLevel.LOW


def test_a_passer_by_on_the_sidewalk_is_low() -> None:
    passes: Seen = {4.0 * i: [person(0.1 + 0.2 * i, SIDEWALK)] for i in range(5)}

    assert level(passes, **INTRUDED) is RiskLevel.LOW


def test_lingering_on_the_sidewalk_counts_at_night_alone() -> None:
    lingers: Seen = {12.0 * i: [person(0.4 + 0.1 * (i % 3), SIDEWALK)] for i in range(14)}

    assert points(lingers)["lingers on the pavement"] > 0
    assert verdict(lingers).score >= verdict(lingers, start=NOON).score
    assert level(lingers, start=NOON) is RiskLevel.LOW


def test_coming_back_to_the_door_counts() -> None:
    again: Seen = {**AT_THE_DOOR, **{40 + second: seen for second, seen in AT_THE_DOOR.items()}}

    assert "returns" in names(again)
    assert "returns" not in names(AT_THE_DOOR)


@pytest.mark.parametrize(
    ("count", "name"), [(1, None), (2, "two people"), (3, "several people"), (5, "several people")]
)
def test_several_people_count(count: int, name: str | None) -> None:
    together: Seen = {
        second: [person(0.1 + 0.18 * i, PATH) for i in range(count)] for second in (0.0, 5.0)
    }

    found = names(together)
    assert {"two people", "several people"} & found == ({name} if name else set())


def test_people_who_come_one_after_the_other_are_not_there_at_once() -> None:
    seen: Seen = {0.0: [person(0.2, PATH)], 5.0: [person(0.2, PATH)]}
    seen |= {55.0: [person(0.8, PATH)], 60.0: [person(0.8, PATH)]}

    assert not {"two people", "several people"} & points(seen).keys()


def test_people_on_the_sidewalk_are_not_on_the_grounds_with_others() -> None:
    seen: Seen = {second: [person(0.2, PATH), person(0.8, SIDEWALK)] for second in (0.0, 5.0)}
    later: Seen = {55.0: [person(0.8, PATH)], 60.0: [person(0.8, PATH)]}

    assert not {"two people", "several people"} & points({**seen, **later}).keys()


def test_cameras_around_the_house_count_once_each() -> None:
    def seen_by(*cameras: str) -> int:
        others = tuple(Elsewhere(camera=name, at=NIGHT, label="person") for name in cameras)
        return points(AT_THE_DOOR, elsewhere=others).get("around the house in the dark", 0)

    assert seen_by("front") == 0 < seen_by("yard", "yard") < seen_by("yard", "garage")


@pytest.mark.parametrize(
    ("rate", "name"),
    [(0.05, "unusual at this hour"), (2.0, "usual at this hour"), (0.2, None), (None, None)],
)
def test_usual_activity_is_a_factor_only_if_it_is_known(
    rate: float | None, name: str | None
) -> None:
    usual = {} if rate is None else {"person": rate}

    found = points(AT_THE_DOOR, usual=usual, start=NOON).keys()

    assert {"unusual at this hour", "usual at this hour"} & found == ({name} if name else set())


def test_a_theft_is_not_explained_by_residents() -> None:
    package = thing("package", 0.5, 0.92)
    theft: Seen = {
        0: [package, person(0.1, SIDEWALK)],
        6: [package, person(0.5, DOOR)],
        12: [person(0.3, PATH)],
        18: [person(0.05, SIDEWALK)],
    }

    assert "taken away" in points(theft, start=NOON, **RESIDENTS)
    assert "alarm off" not in points(theft, start=NOON, **RESIDENTS)
    assert level(theft, start=NOON, **RESIDENTS) is not RiskLevel.LOW


def test_one_uncertain_detection_is_low() -> None:
    assert level({0: [person(0.5, DOOR, 0.52)]}, **INTRUDED) is RiskLevel.LOW


@pytest.mark.parametrize("label", ["cat", "dog", "car"])
def test_animals_and_parked_vehicles_are_low(label: str) -> None:
    there: Seen = {second: [thing(label, 0.5, PATH, 0.2)] for second in (0.0, 30.0, 60.0)}

    assert level(there, **INTRUDED) is RiskLevel.LOW


def test_every_factor_has_a_unique_name_that_the_wire_format_accepts() -> None:
    known = [kind.name for kind in KINDS]
    assert len(set(known)) == len(known) > 30
    assert all(
        len(name) <= 40 and set(name) <= set("abcdefghijklmnopqrstuvwxyz -,") for name in known
    )


def test_the_levels_are_in_order_and_cover_everything() -> None:
    assert [LevelBounds().level_of(score) for score in (0, 29, 30, 59, 60, 84, 85, 100)] == [
        level for level in RiskLevel for _ in range(2)
    ]
    moved = LevelBounds(medium=1, high=2, critical=100)
    assert [moved.level_of(score) for score in (0, 1, 2, 99, 100)] == [
        *(RiskLevel.LOW, RiskLevel.MEDIUM, RiskLevel.HIGH, RiskLevel.HIGH, RiskLevel.CRITICAL),
    ]


@pytest.mark.parametrize("floors", [(0, 60, 85), (60, 60, 85), (30, 90, 85), (30, 60, 101)])
def test_bounds_out_of_order_are_refused_with_the_values(floors: tuple[int, int, int]) -> None:
    medium, high, critical = floors
    with pytest.raises(LevelBoundsError, match=f"medium from {medium}, high from {high}"):
        LevelBounds(medium=medium, high=high, critical=critical)


LEVEL_BOUNDS = st.lists(st.integers(1, 100), min_size=3, max_size=3, unique=True).map(
    lambda floors: LevelBounds(
        **dict(zip(("medium", "high", "critical"), sorted(floors), strict=True))
    )
)


@given(provisional=st.integers(0, 100), said=st.integers(0, 100), bounds=LEVEL_BOUNDS)
def test_a_model_never_changes_the_level(provisional: int, said: int, bounds: LevelBounds) -> None:
    low, high = llm_range(provisional, bounds)
    score, adjustment = adjust_score(provisional, (low, high), said)

    assert bounds.level_of(score) is bounds.level_of(provisional)
    assert low <= score <= high
    assert low <= provisional <= high
    assert high - low <= 2 * MAX_LLM_MOVE
    assert [factor.points for factor in adjustment] == (
        [score - provisional] if score != provisional else []
    )
    if low <= said <= high:
        assert score == said
