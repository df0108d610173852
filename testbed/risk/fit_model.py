"""The weights of the evidence, fitted to scenes as they would be judged live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import testbed.core  # noqa: F401 # registers hsi_core

from hsi_core.risk.evidence import PRIORS  # isort: skip

from testbed.risk.evidence_table import Floats, Table
from testbed.risk.live_measures import area_under_curve, labels_of
from testbed.risk.logistic import fit

PENALTIES = (30.0, 60.0, 120.0, 240.0)  # tried; of squared distances from the prior
_FOLDS = 5
_ROUNDS = 8
_LEAST_SPREAD = 0.05  # of the strength of a kind of evidence
_KEPT = 3  # of a benign scene: its highest moments of the last rounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Weights in log-odds."""

    base: float
    weights: Mapping[str, float]

    def log_odds(self, table: Table) -> Floats:
        """Return the log-odds of a table's rows; unknown evidence weighs nothing."""
        column = np.array([self.weights.get(name, 0.0) for name in table.names])
        found: Floats = self.base + table.strengths @ column
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """The same scenes in several variants, side by side: the rows of all of them."""

    names: tuple[str, ...]
    rows: Floats  # with a column of ones at the end
    scene: NDArray[np.int64]  # of a row; the same scene in another variant is another one
    target: Floats  # of a scene
    author: NDArray[np.int64]  # of a scene
    origin: NDArray[np.int64]  # of a scene: its number without the variants
    critical: NDArray[np.bool_]  # of a scene


def data_of(tables: Sequence[Table]) -> Data:
    """Join tables of the same scenes."""
    names = tuple(sorted({name for table in tables for name in table.names}))
    column = {name: number for number, name in enumerate(names)}
    rows, scene, offset = [], [], 0
    for table in tables:
        wide = np.zeros((len(table.scene), len(names) + 1))
        wide[:, [column[name] for name in table.names]] = table.strengths
        wide[:, -1] = 1
        rows.append(wide)
        scene.append(table.scene + offset)
        offset += len(table.scenes)
    authors = {name: number for number, name in enumerate(sorted(set(tables[0].authors)))}
    count = len(tables)
    return Data(
        names=names,
        rows=np.vstack(rows),
        scene=np.concatenate(scene),
        target=np.tile(labels_of(tables[0].scenes), count).astype(np.float64),
        author=np.tile([authors[each] for each in tables[0].authors], count),
        origin=np.tile(np.arange(len(tables[0].scenes)), count),
        critical=np.tile(
            [each.incident and len(each.levels) == 1 for each in tables[0].scenes], count
        ),
    )


def fit_model(
    data: Data, train: NDArray[np.bool_], signs: Mapping[str, int], penalty: float
) -> Model:
    """Fit weights to the scenes in `train`.

    A scene stands for its moment of the highest score, which depends on the weights: both are
    found in turns, beginning with the weights that common sense gives. Of a benign scene the highest
    moments of earlier turns stay in.
    """
    lower = np.array([0.0 if signs.get(n, 0) > 0 else -np.inf for n in data.names] + [-np.inf])
    upper = np.array([0.0 if signs.get(n, 0) < 0 else np.inf for n in data.names] + [np.inf])
    by_scene = _weights(data, train)
    used = train[data.scene]
    index = np.flatnonzero(used)
    rows, scene = data.rows[index], data.scene[index]
    prior = np.array([*(PRIORS.get(name, 0.0) for name in data.names), 0.0])
    guess = prior + np.array([*(0.1 * signs.get(name, 0) for name in data.names), 0.0])
    now = np.clip(prior, lower, upper)
    kept: list[NDArray[np.int64]] = []
    for turn in range(_ROUNDS):
        highest = _highest(rows @ (now if turn else guess), scene)
        if kept and np.array_equal(kept[-1], highest):
            break
        kept = [*kept, highest][-_KEPT:]
        picked = _union(kept, scene, data.target)
        share = by_scene[scene[picked]] / np.bincount(scene[picked])[scene[picked]]
        now = fit(
            rows[picked],
            data.target[scene[picked]],
            weight=share,
            penalty=_penalty(rows[picked], share, penalty),
            lower=lower,
            upper=upper,
            prior=prior,
            start=now,
        )
    return Model(
        base=float(now[-1]),
        weights={
            name: float(w) for name, w in zip(data.names, now[:-1], strict=True) if abs(w) > 1e-6
        },
    )


def _penalty(rows: Floats, weight: Floats, penalty: float) -> Floats:
    """Return the penalty of each squared weight: in proportion to the evidence's variance.

    What few scenes show may weigh much then, if it decides those few.
    """
    middle = np.average(rows, axis=0, weights=weight)
    spread = np.sqrt(np.average((rows - middle) ** 2, axis=0, weights=weight))
    found: Floats = penalty / 2 * np.maximum(spread, _LEAST_SPREAD) ** 2
    found[-1] = 1e-4  # the base is free
    return found


def choose_penalty(data: Data, train: NDArray[np.bool_], signs: Mapping[str, int]) -> float:
    """Return the penalty with the best area under the curve in five folds of `train`."""
    fold = np.random.default_rng(5).permutation(data.origin.max() + 1)[data.origin] % _FOLDS
    best: dict[float, float] = {}
    for penalty in PENALTIES:
        odds, target = [], []
        for out in range(_FOLDS):
            model = fit_model(data, train & (fold != out), signs, penalty)
            held = train & (fold == out)
            found = best_of(data, model)
            odds.append(found[held])
            target.append(data.target[held])
        best[penalty] = area_under_curve(
            np.concatenate(odds), np.concatenate(target).astype(np.int64)
        )
    return max(best, key=lambda each: best[each])


def best_of(data: Data, model: Model) -> Floats:
    """Return the highest log-odds of each scene."""
    column = np.array([*(model.weights.get(name, 0.0) for name in data.names), model.base])
    found = np.full(len(data.target), -np.inf)
    np.maximum.at(found, data.scene, data.rows @ column)
    return found


def _weights(data: Data, train: NDArray[np.bool_]) -> Floats:
    """Return the weight of each scene: authors alike, and of each its incidents and the rest."""
    found = np.zeros(len(data.target))
    groups = data.author * 2 + data.target.astype(np.int64)
    counts = np.bincount(groups[train], minlength=groups.max() + 1)
    found[train] = 1 / counts[groups[train]]
    variants = len(data.target) / (data.origin.max() + 1)
    scaled: Floats = found / found.sum() * train.sum() / variants
    return scaled


def _highest(score: Floats, scene: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the number of each scene's highest row, by scene; the latest of several."""
    order = np.lexsort((np.arange(len(scene)), score, scene))
    last = np.append(np.flatnonzero(np.diff(scene[order])), len(order) - 1)
    found: NDArray[np.int64] = order[last]
    return found


def _union(
    kept: Sequence[NDArray[np.int64]], scene: NDArray[np.int64], target: Floats
) -> NDArray[np.int64]:
    """Return the rows to fit: the last turn's, and of benign scenes also those of earlier ones."""
    earlier = np.concatenate(kept)
    benign = earlier[target[scene[earlier]] == 0]
    return np.unique(np.concatenate((benign, kept[-1])))
