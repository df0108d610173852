"""How log-odds become points between 0 and 100."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

import testbed.core  # noqa: F401 # registers hsi_core

from hsi_core.domain.levels import LevelBounds  # isort: skip
from hsi_core.domain.models import RiskLevel  # isort: skip

from testbed.risk.cross_authors import LeftOut
from testbed.risk.evidence_table import Floats, Table
from testbed.risk.live_measures import labels_of, threshold

FALSE_ALARMS: Final = 0.20  # benign scenes above medium
GRAVE: Final = 0.9  # incidents expected to be critical: above high
_ABOVE: Final = 1e-6  # log-odds: so that the scene at the bound is below it
_GAP: Final = (0.8, 3.0)  # log-odds between medium and high, at least and at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """A line through two points: the log-odds at the default bounds of medium and high."""

    medium: float
    high: float

    @property
    def factor(self) -> float:
        """Points for a unit of log-odds."""
        bounds = LevelBounds()
        return (bounds.high - bounds.medium) / (self.high - self.medium)

    def points(self, log_odds: Floats) -> Floats:
        """Return scores, neither rounded nor limited."""
        return LevelBounds().medium + (log_odds - self.medium) * self.factor


def scale_of(table: Table, left_out: LeftOut) -> Scale:
    """Choose the scale so that the default bounds stand for rates of alarms.

    Medium: FALSE_ALARMS of the benign scenes are above. High: GRAVE of the incidents that are
    expected to be critical are above, within limits.
    """
    best, label = table.best(left_out.log_odds(table)), labels_of(table.scenes)
    medium = threshold(best[label == 0], FALSE_ALARMS) + _ABOVE
    grave = [n for n, s in enumerate(table.scenes) if s.levels == {RiskLevel.CRITICAL}]
    reached = float(np.quantile(best[grave], 1 - GRAVE)) if grave else medium
    return Scale(medium=medium, high=medium + min(max(reached - medium, _GAP[0]), _GAP[1]))
