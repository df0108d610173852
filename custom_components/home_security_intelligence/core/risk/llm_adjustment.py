"""Limits for a language model's influence on the score.

The range ends where the provisional score's level ends, so the level is always the one of the
rules, for every answer of the model. A model can only order events within a level.
"""

from ..domain.levels import LevelBounds
from ..domain.models import LANGUAGE_MODEL, RiskFactor
from .points import MAX_LLM_MOVE


def llm_range(provisional: int, bounds: LevelBounds) -> tuple[int, int]:
    """Return the lowest and the highest score that a language model may set."""
    lowest, highest = bounds.scores_of(bounds.level_of(provisional))
    return max(lowest, provisional - MAX_LLM_MOVE), min(highest, provisional + MAX_LLM_MOVE)


def adjust_score(provisional: int, llm_range: tuple[int, int], said: int) -> tuple[int, RiskFactor]:
    """Return the score after a language model proposed `said`, and the resulting factor."""
    low, high = llm_range
    score = min(max(said, low), high)
    move = score - provisional
    if move == 0:
        reason = f"The language model said {said} and changed nothing."
    elif score == said:
        reason = f"The language model said {said}."
    else:
        reason = f"The language model said {said}; {low}-{high} was open to it."
    return score, RiskFactor(name=LANGUAGE_MODEL, points=move, reason=reason)
