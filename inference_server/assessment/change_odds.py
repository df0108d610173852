"""Read from a model's token probabilities how sure it is of its choice of `change`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import math
import re
from typing import Final, Literal, get_args

Change = Literal["lower", "same", "higher"]
CHANGES: Final[tuple[Change, ...]] = get_args(Change)

MAX_POINTS: Final = 6.0  # of a choice that is certain
TOP_TOKENS: Final = 10  # alternatives requested for each token

_VALUE: Final = re.compile(r'"change"\s*:\s*"')
_UNIFORM: Final = dict.fromkeys(CHANGES, 1 / len(CHANGES))


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One generated token with its most likely alternatives, as text and log probability."""

    text: str
    top: tuple[tuple[str, float], ...]


Odds = Mapping[Change, float]  # sums to 1


def read_odds(tokens: Sequence[Token]) -> Odds | None:
    """Return the probability of each choice; None if the tokens do not tell.

    Only alternatives that can begin exactly one choice count; the rest is renormalized.
    """
    text = "".join(token.text for token in tokens)
    if (value := _VALUE.search(text)) is None:
        return None
    begin, at = value.end(), 0
    for token in tokens:
        if at + len(token.text) > begin:
            break
        at += len(token.text)
    else:
        return None
    before = text[at:begin]  # of the value, within the token that begins it
    odds = dict.fromkeys(CHANGES, 0.0)
    for alternative, log_probability in token.top:
        if not alternative.startswith(before):
            continue
        said = alternative[len(before) :].split('"')[0].strip()
        fitting = [each for each in CHANGES if said and each.startswith(said)]
        if len(fitting) == 1 and math.isfinite(log_probability):
            odds[fitting[0]] += math.exp(min(log_probability, 0.0))
    return _normalized(odds)


def suggested_points(change: Change, odds: Odds | None, prior: Odds | None) -> float:
    """Return what a choice is worth in points: -6 to 6.

    The probabilities are divided by the model's `prior` on empty facts, so that a habit of saying
    "higher" does not count. Without probabilities the choice itself counts in full.
    """
    if odds is None:
        return {"lower": -MAX_POINTS, "same": 0.0, "higher": MAX_POINTS}[change]
    habit = prior or _UNIFORM
    fair = _normalized({each: odds[each] / max(habit[each], 0.01) for each in CHANGES})
    if fair is None:
        return 0.0
    return round(MAX_POINTS * (fair["higher"] - fair["lower"]), 2)


def _normalized(odds: Mapping[Change, float]) -> dict[Change, float] | None:
    total = sum(odds.values())
    return {each: odds[each] / total for each in CHANGES} if total > 0 else None
