"""Figures of scores as an alarm meets them: the highest that an event ever reaches counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import floor
from typing import Final, Literal

import numpy as np

import testbed.core  # noqa: F401 # registers hsi_core

from hsi_core.domain.levels import LevelBounds  # isort: skip
from hsi_core.domain.models import RiskLevel  # isort: skip

from testbed.risk.evidence_table import Floats, Numbers, Table
from testbed.risk.measures import Share
from testbed.risk.scenarios import Scenario

_SAMPLES = 1000
_SIDES: Final[tuple[Literal["left", "right"], ...]] = ("left", "right")
_SEED = 13


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure with its 95 % interval, by resampling scenes."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """What the alarms of events came to."""

    at_level: Share  # incidents that reach the lowest level expected of them
    alarmed: Share  # incidents that reach medium
    above: Share  # benign scenes that go above the highest level expected of them
    false_alarms: Share  # benign scenes that reach medium
    critical_below: Share  # incidents expected to be critical that end below high
    seconds: float | None  # from the first sight of a person to medium, median of the incidents
    slow_seconds: float | None  # the same, 90 % are faster
    images: float | None  # images until then, median
    corrections: float  # events of a hundred that rise to medium or above and sink again


def threshold(benign: Floats, share: float) -> float:
    """Return the lowest bound that no more than a share of the benign scores exceeds."""
    return float(np.sort(benign)[::-1][floor(share * len(benign) + 1e-9)])


def recall_at(scores: Floats, incident: Numbers, share: float) -> float:
    """Return the share of incidents above the bound that a share of benign scenes exceeds."""
    mask = incident.astype(bool)
    if not mask.any() or mask.all():
        return float("nan")
    return float(np.mean(scores[mask] > threshold(scores[~mask], share)))


def area_under_curve(scores: Floats, incident: Numbers) -> float:
    """Return the share of pairs in which the incident has the higher score; a tie is half."""
    mask = incident.astype(bool)
    bad, good = scores[mask], scores[~mask]
    if not len(bad) or not len(good):
        return float("nan")
    order = np.sort(good)
    below, up_to = (np.searchsorted(order, bad, side=side) for side in _SIDES)
    return float((below + up_to).mean() / 2 / len(good))


def with_interval(measure: Callable[[Floats, Numbers], float], s: Floats, y: Numbers) -> Figure:
    """Return a figure of scores and labels with its interval."""
    chance = np.random.default_rng(_SEED)
    found = []
    for _ in range(_SAMPLES):
        pick = chance.integers(0, len(s), len(s))
        found.append(measure(s[pick], y[pick]))
    low, high = np.nanpercentile(found, [2.5, 97.5])
    return Figure(value=measure(s, y), low=float(low), high=float(high))


def against_expected(scores: Floats, scenes: Sequence[Scenario], bounds: LevelBounds) -> Floats:
    """Return scores that are above medium only if a benign scene exceeds its expected level.

    A benign scene that may be medium counts only from high on.
    """
    step = {
        RiskLevel.LOW: 0,
        RiskLevel.MEDIUM: bounds.high - bounds.medium,
        RiskLevel.HIGH: bounds.critical - bounds.medium,
        RiskLevel.CRITICAL: 100,
    }
    less = [0 if each.incident else step[max(each.levels, key=_RANK.index)] for each in scenes]
    return scores - np.array(less, dtype=np.float64)


def labels_of(scenes: Sequence[Scenario]) -> Numbers:
    """Return 1 for each incident, 0 for each benign scene."""
    return np.array([int(each.incident) for each in scenes], dtype=np.int64)


def fired(table: Table, scores: Floats, bounds: LevelBounds) -> Fired:
    """Return what happens live with the scores of a table's rows."""
    best = table.best(scores)
    floors = {level: score for score, level in bounds.floors}
    lowest = [floors[min(each.levels, key=_RANK.index)] for each in table.scenes]
    highest = [bounds.scores_of(max(s.levels, key=_RANK.index))[1] for s in table.scenes]
    bad = [n for n, each in enumerate(table.scenes) if each.incident]
    good = [n for n, each in enumerate(table.scenes) if not each.incident]
    grave = [n for n in bad if table.scenes[n].levels == {RiskLevel.CRITICAL}]
    delays = _delays(table, scores, bounds.medium)
    seconds = [delays[n][0] for n in bad if n in delays]
    images = [delays[n][1] for n in bad if n in delays]
    return Fired(
        at_level=Share(count=sum(best[n] >= lowest[n] for n in bad), of=len(bad)),
        alarmed=Share(count=sum(best[n] >= bounds.medium for n in bad), of=len(bad)),
        above=Share(count=sum(best[n] >= highest[n] + 1 for n in good), of=len(good)),
        false_alarms=Share(count=sum(best[n] >= bounds.medium for n in good), of=len(good)),
        critical_below=Share(count=sum(best[n] < bounds.high for n in grave), of=len(grave)),
        seconds=float(np.median(seconds)) if seconds else None,
        slow_seconds=float(np.percentile(seconds, 90)) if seconds else None,
        images=float(np.median(images)) if images else None,
        corrections=_corrections(table, scores, bounds),
    )


_RANK = tuple(RiskLevel)


def _delays(table: Table, scores: Floats, medium: float) -> dict[int, tuple[float, int]]:
    """Return seconds and images from the first sight of a person to a scene's first alarm."""
    found: dict[int, tuple[float, int]] = {}
    for row in np.flatnonzero(scores >= medium):
        found.setdefault(int(table.scene[row]), (float(table.seconds[row]), int(table.images[row])))
    return found


def _corrections(table: Table, scores: Floats, bounds: LevelBounds) -> float:
    floors = np.array([floor for floor, _ in bounds.floors][::-1][1:])
    level = np.searchsorted(floors, scores, side="right")
    events = int(table.event.max()) + 1 if len(table.event) else 0
    highest, corrected = np.zeros(events, dtype=np.int64), set[int]()
    for event, now in zip(table.event, level, strict=True):
        if now < highest[event]:
            corrected.add(int(event))
        highest[event] = max(highest[event], now)
    return 100 * len(corrected) / events if events else 0.0
