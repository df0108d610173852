"""Limits for a language model's influence on the score.

The range ends where the provisional score's level ends, so the level is always the one of the
rules, for every answer of the model. A model can only order events within a level.
"""

from ..domain.levels import LevelBounds
from ..domain.models import LANGUAGE_MODEL, RiskFactor

MAX_LLM_MOVE = 12  # points a language model may move a score, and never into another level


def llm_range(provisional: int, bounds: LevelBounds) -> tuple[int, int]:
    """Return the lowest and the highest score that a language model may set."""
    lowest, highest = bounds.scores_of(bounds.level_of(provisional))
    return max(lowest, provisional - MAX_LLM_MOVE), min(highest, provisional + MAX_LLM_MOVE)


def adjust_score(
    provisional: int, llm_range: tuple[int, int], proposed: int
) -> tuple[int, tuple[RiskFactor, ...]]:
    """Return the score after a language model proposed one, and the factor if it differs."""
    low, high = llm_range
    score = min(max(proposed, low), high)
    move = score - provisional
    if move == 0:
        return score, ()
    reason = f"The language model sees {'more' if move > 0 else 'less'} risk within the level."
    return score, (RiskFactor(name=LANGUAGE_MODEL, points=move, reason=reason),)
