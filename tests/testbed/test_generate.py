"""The assessment holds in homes of any geometry, image rate and knowledge."""

from dataclasses import replace
from datetime import timedelta

import pytest

from testbed.risk.events import moments, sheets
from testbed.risk.generate import STORIES, generate
from testbed.risk.scenarios import Scenario
from testbed.risk.variants import VARIANTS

# isort: split
from hsi_core.domain.context import HomeEvent, HomeEventKind
from hsi_core.domain.levels import LevelBounds
from hsi_core.risk.rules import Verdict, apply_rules

SCENES = generate(4 * len(STORIES), seed=3)
WIDE = generate(200, seed=4)


def verdicts(scene: Scenario) -> list[Verdict]:
    return [apply_rules(sheet, LevelBounds()) for sheet in sheets(scene)]


def test_the_same_seed_makes_the_same_scenes() -> None:
    assert generate(8, seed=1) == generate(8, seed=1)
    assert generate(8, seed=1) != generate(8, seed=2)


def test_priors_are_wide() -> None:
    contexts = [scene.context for scene in WIDE]
    seconds = [
        (scene.images[-1].captured_at - scene.images[0].captured_at).total_seconds()
        / (len(scene.images) - 1)
        for scene in WIDE
    ]

    assert min(seconds) < 0.3
    assert max(seconds) > 8
    for unknown in (
        sum(each.armed is None for each in contexts),
        sum(each.occupancy is None for each in contexts),
        sum(each.placement is None for each in contexts),
        sum(not each.reported for each in contexts),
    ):
        assert 0.3 <= unknown / len(contexts) <= 0.5
    assert 0.2 <= sum(not each.zones for each in contexts) / len(contexts) <= 0.6
    assert sum(scene.incident for scene in WIDE) == len(WIDE) // 2


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.id)
def test_a_score_is_the_sum_of_its_factors_with_each_image(scene: Scenario) -> None:
    for moment in moments(scene):
        verdict = apply_rules(moment.sheet, LevelBounds())
        total = sum(factor.points for factor in verdict.factors)

        assert verdict.score == min(max(total, 0), 100)
        assert verdict.level is LevelBounds().level_of(verdict.score)
        assert all(factor.reason for factor in verdict.factors)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.id)
def test_an_unlock_at_the_door_never_raises_the_score(scene: Scenario) -> None:
    at = scene.images[0].captured_at - timedelta(seconds=5)
    event = HomeEvent(at=at, kind=HomeEventKind.UNLOCKED, name="door unlocked")
    silent = replace(
        scene, context=replace(scene.context, home_events=(), reported=frozenset(HomeEventKind))
    )
    unlocked = replace(silent, context=replace(silent.context, home_events=(event,)))

    for without, explained in zip(verdicts(silent), verdicts(unlocked), strict=True):
        assert explained.score <= without.score


@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_a_home_that_knows_less_is_judged_all_the_same(variant: str) -> None:
    for scene in SCENES[: len(STORIES)]:
        for verdict in verdicts(VARIANTS[variant](scene)):
            assert 0 <= verdict.score <= 100
