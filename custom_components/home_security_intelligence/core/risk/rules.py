"""The rules: from a fact sheet to named factors and their sum."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..domain.levels import HIGHEST_SCORE, LevelBounds
from ..domain.models import RiskFactor, RiskLevel
from .evidence import PLACE_NAMES, collect
from .evidence_kinds import Evidence
from .facts import FactSheet
from .llm_adjustment import llm_range
from .weights import BASE, WEIGHTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The rules' result: provisional score, level, range for a language model, factors."""

    score: int  # 0-100
    level: RiskLevel  # final: a language model cannot change it
    llm_range: tuple[int, int]  # lowest and highest score that a language model may set
    factors: tuple[RiskFactor, ...]


def apply_rules(facts: FactSheet, bounds: LevelBounds) -> Verdict:
    """Return the provisional score of an event and its factors.

    Each piece of evidence weighs what scenes with known outcomes gave it; the score is a monotone
    function of the log-odds of an incident.
    """
    factors = _none_below_zero(tuple(_factors(collect(facts))))
    score = min(sum(factor.points for factor in factors), HIGHEST_SCORE)
    return Verdict(
        score=score,
        level=bounds.level_of(score),
        llm_range=llm_range(score, bounds),
        factors=factors,
    )


def points_of(evidence: Evidence) -> int:
    """Return the points of a piece of evidence; the place of an event carries the base."""
    base = BASE if evidence.name in PLACE_NAMES else 0.0
    points = round(base + WEIGHTS.get(evidence.name, 0.0) * evidence.strength)
    return min(max(points, -HIGHEST_SCORE), HIGHEST_SCORE)


def _factors(found: tuple[Evidence, ...]) -> Iterator[RiskFactor]:
    for each in found:
        points = points_of(each)
        if points or each.name in PLACE_NAMES:
            yield RiskFactor(name=each.name, points=points, reason=each.reason)


def _none_below_zero(factors: tuple[RiskFactor, ...]) -> tuple[RiskFactor, ...]:
    """Return the factors with the place's points raised so that their sum is at least 0."""
    lacking = -min(sum(factor.points for factor in factors), 0)
    return tuple(
        replace(factor, points=factor.points + lacking) if factor.name in PLACE_NAMES else factor
        for factor in factors
    )
