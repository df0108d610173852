"""How far a language model may move the score that the rules gave.

The band ends where the provisional score's level ends. Whatever a model says, always 0, always
100 or something at random, the level is therefore the one the rules gave: which events count as
incidents, and which benign scenes alarm somebody, cannot depend on it, by construction. What it
may do is order the events within a level and put them into words.
"""

from ..domain.levels import Bands
from ..domain.models import RiskFactor
from .points import LANGUAGE_MODEL, MAX_LLM_MOVE


def llm_range(provisional: int, bands: Bands) -> tuple[int, int]:
    """Return the lowest and the highest score that a language model may lead to."""
    lowest, highest = bands.scores_of(bands.level_of(provisional))
    return max(lowest, provisional - MAX_LLM_MOVE), min(highest, provisional + MAX_LLM_MOVE)


def adjust_score(provisional: int, llm_range: tuple[int, int], said: int) -> tuple[int, RiskFactor]:
    """Return the score after a language model said its own, and the factor that it makes."""
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
