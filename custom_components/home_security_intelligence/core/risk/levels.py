"""From a risk score to its level."""

from ..models import RiskLevel

# The lowest score of each level; the bands of the system this one succeeds.
LEVEL_FLOORS: tuple[tuple[int, RiskLevel], ...] = (
    (85, RiskLevel.CRITICAL),
    (60, RiskLevel.HIGH),
    (30, RiskLevel.MEDIUM),
    (0, RiskLevel.LOW),
)
HIGHEST_SCORE = 100


def level_of(score: int) -> RiskLevel:
    """Return the level of a score of 0-100; raises ValueError outside that range."""
    if not 0 <= score <= HIGHEST_SCORE:
        raise ValueError(f"a risk score is 0-100, not {score}")
    return next(level for floor, level in LEVEL_FLOORS if score >= floor)


def scores_of(level: RiskLevel) -> tuple[int, int]:
    """Return the lowest and the highest score of a level."""
    ceiling = HIGHEST_SCORE
    for floor, candidate in LEVEL_FLOORS:
        if candidate is level:
            return floor, ceiling
        ceiling = floor - 1
    raise ValueError(f"there is no level {level}")
