"""Risk levels and their bounds."""

from dataclasses import dataclass

from .errors import LevelBoundsError
from .models import RiskLevel

HIGHEST_SCORE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelBounds:
    """The lowest score of each level above low; raises LevelBoundsError unless in ascending order."""

    medium: int = 30
    high: int = 60
    critical: int = 85

    def __post_init__(self) -> None:
        if not 0 < self.medium < self.high < self.critical <= HIGHEST_SCORE:
            raise LevelBoundsError(
                f"medium from {self.medium}, high from {self.high}, critical from {self.critical}: "
                "each level must begin above the previous one, from 1 to 100"
            )

    @property
    def floors(self) -> tuple[tuple[int, RiskLevel], ...]:
        """The lowest score of each level, the highest level first."""
        return (
            (self.critical, RiskLevel.CRITICAL),
            (self.high, RiskLevel.HIGH),
            (self.medium, RiskLevel.MEDIUM),
            (0, RiskLevel.LOW),
        )

    def level_of(self, score: int) -> RiskLevel:
        """Return the level of a score of 0-100; raises ValueError outside that range."""
        if not 0 <= score <= HIGHEST_SCORE:
            raise ValueError(f"a risk score is 0-100, not {score}")
        return next(level for floor, level in self.floors if score >= floor)

    def scores_of(self, level: RiskLevel) -> tuple[int, int]:
        """Return the lowest and the highest score of a level."""
        ceiling = HIGHEST_SCORE
        for floor, candidate in self.floors:
            if candidate is level:
                return floor, ceiling
            ceiling = floor - 1
        raise ValueError(f"there is no level {level}")
