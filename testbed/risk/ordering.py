"""How well scores order incidents above benign scenes within one level."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
import random

import testbed.core  # noqa: F401 # registers hsi_core

from hsi_core.domain.models import RiskLevel  # isort: skip

from testbed.risk.measures import Result

_SAMPLES = 1000
_SEED = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordering:
    """Areas under the ROC curve over the pairs within a level; `gain` is model minus rules."""

    pairs: int
    rules: float  # the rules' scores alone
    model: float  # with the points that the model suggests
    gain: tuple[float, float]  # 95 % interval, by resampling scenarios

    @property
    def better(self) -> bool:
        """Whether the suggested points improve the order beyond chance."""
        return self.gain[0] > 0


def measure_ordering(results: Sequence[Result]) -> Ordering | None:
    """Return how the suggested points change the order; None without a pair within a level."""
    pairs = _count_pairs(results)
    if not pairs:
        return None
    chance = random.Random(_SEED)
    gains = []
    for _ in range(_SAMPLES):
        sample = chance.choices(results, k=len(results))
        if _count_pairs(sample):
            gains.append(_auc(sample, _with_points) - _auc(sample, _by_rules))
    gains.sort()
    return Ordering(
        pairs=pairs,
        rules=_auc(results, _by_rules),
        model=_auc(results, _with_points),
        gain=(gains[int(0.025 * len(gains))], gains[int(0.975 * (len(gains) - 1))]),
    )


def _by_rules(result: Result) -> float:
    return result.score


def _with_points(result: Result) -> float:
    return result.score + result.suggested_points


def _groups(results: Sequence[Result]) -> list[tuple[list[Result], list[Result]]]:
    of_levels = [[each for each in results if each.level is level] for level in RiskLevel]
    return [
        (
            [each for each in group if each.scenario.incident],
            [each for each in group if not each.scenario.incident],
        )
        for group in of_levels
    ]


def _count_pairs(results: Sequence[Result]) -> int:
    return sum(len(incidents) * len(benign) for incidents, benign in _groups(results))


def _auc(results: Sequence[Result], score: Callable[[Result], float]) -> float:
    """Return the share of pairs within a level in which the incident scores higher; ties are half."""
    won = sum(
        (score(incident) > score(scene)) + (score(incident) == score(scene)) / 2
        for incidents, benign in _groups(results)
        for incident in incidents
        for scene in benign
    )
    return won / _count_pairs(results)
