"""Fits the weights of the evidence to the labelled scenes: `scripts/fit-risk` from a shell."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
import sys
from typing import Final

import numpy as np

import testbed.core  # noqa: F401 # registers hsi_core

from hsi_core.domain.levels import LevelBounds  # isort: skip
from hsi_core.domain.models import RiskLevel  # isort: skip

from testbed.risk.cross_authors import LeftOut, leave_one_author_out
from testbed.risk.evidence_table import Floats, Table, signs, table_of
from testbed.risk.fit_model import Model, choose_penalty, data_of, fit_model
from testbed.risk.live_measures import (
    Figure,
    area_under_curve,
    labels_of,
    recall_at,
    threshold,
    with_interval,
)
from testbed.risk.pools import CORE, SCENARIOS, read_pools
from testbed.risk.scenarios import ScenarioError

WEIGHTS_FILE: Final = CORE / "risk/weights.py"
TRAINED_ON: Final = ("everything", "without home events")
CHECKED_ON: Final = (*TRAINED_ON, "default labels, without home events")
FALSE_ALARMS: Final = 0.05  # benign scenes that may reach medium; the scale follows from it
GRAVE: Final = 0.9  # of the incidents expected to be critical: to reach high
_GAP: Final = (1.2, 3.0)  # log-odds between medium and high, at least and at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How log-odds become points."""

    medium: float  # log-odds at the bound of medium
    high: float  # log-odds at the bound of high

    @property
    def factor(self) -> float:
        """Points for a unit of log-odds."""
        bounds = LevelBounds()
        return (bounds.high - bounds.medium) / (self.high - self.medium)

    def points(self, log_odds: Floats) -> Floats:
        """Return scores, neither rounded nor limited."""
        return LevelBounds().medium + (log_odds - self.medium) * self.factor


def main(argv: Sequence[str] | None = None) -> int:
    """Fit, print the figures and write the weights; return the process's exit status."""
    options = _parser().parse_args(argv)
    try:
        pools = read_pools(options.scenarios)
    except (ScenarioError, OSError) as err:
        print(f"fit-risk: {err}", file=sys.stderr)
        return 2
    tables = {name: table_of(pools, name) for name in CHECKED_ON}
    trained = [tables[name] for name in TRAINED_ON]
    sign_of = signs()
    left_out = leave_one_author_out(trained, sign_of, options.penalty)
    print("\n".join(report(tables, left_out)))
    if options.misses:
        print("\n".join(misses(tables["everything"], left_out, options.misses)))
    if options.check and not options.weights:
        return 0
    data = data_of(trained)
    every = np.ones(len(data.target), dtype=bool)
    penalty = options.penalty or choose_penalty(data, every, sign_of)
    model = fit_model(data, every, sign_of, penalty)
    scale = scale_of(tables["without home events"], left_out)
    if options.weights:
        print("\n".join(weight_lines(model, scale, trained[0])))
    if not options.check:
        text = weights_text(model, scale, provenance(tables, left_out, penalty))
        options.output.write_text(text, encoding="utf-8")
        print(f"wrote {len(model.weights)} weights to {options.output}")
    return 0


def report(tables: Mapping[str, Table], left_out: LeftOut) -> list[str]:
    """Put the figures of leaving one author out into words."""
    text = []
    for name, table in tables.items():
        best, label = table.best(left_out.log_odds(table)), labels_of(table.scenes)
        area = with_interval(area_under_curve, best, label)
        five = with_interval(lambda s, y: recall_at(s, y, 0.05), best, label)
        three = recall_at(best, label, 0.03)
        bound = threshold(best[label == 0], FALSE_ALARMS)
        text += [
            f"{name}: {label.sum()} incidents, {len(label) - label.sum()} benign scenes",
            f"  area {_figure(area)}  recall at 5 % {_figure(five)}  at 3 % {three:.3f}",
        ]
        authors = np.array(table.authors)
        for author in sorted(set(table.authors)):
            s, y = best[authors == author], label[authors == author]
            text.append(
                f"  {author:4} area {area_under_curve(s, y):.3f}"
                f"  recall at its own 5 % {recall_at(s, y, 0.05):.2f}"
                f"  at the pooled bound {np.mean(s[y == 1] > bound):.2f}"
                f"  of benign above it {np.mean(s[y == 0] > bound):.2f}"
            )
    return text


def misses(table: Table, left_out: LeftOut, count: int) -> list[str]:
    """Name the incidents with the lowest and the benign scenes with the highest scores."""
    odds = left_out.log_odds(table)
    best, label = table.best(odds), labels_of(table.scenes)
    bound = threshold(best[label == 0], FALSE_ALARMS)
    order = np.argsort(best)
    lowest = [n for n in order if label[n]][:count]
    highest = [n for n in order[::-1] if not label[n]][:count]
    text = [f"log-odds at 5 %: {bound:.2f}"]
    for n in (*lowest, *highest):
        scene, model = table.scenes[n], left_out.models[table.authors[n]]
        text.append(f"  {'incident' if scene.incident else 'benign'} {best[n]:+.2f} {scene.id}")
        rows = np.flatnonzero(table.scene == n)
        if len(rows):
            row = rows[np.argmax(odds[rows])]
            parts = [
                f"{name} {model.weights.get(name, 0.0) * table.strengths[row, k]:+.1f}"
                for k, name in enumerate(table.names)
                if table.strengths[row, k]
            ]
            text.append(f"      base {model.base:+.1f}; {'; '.join(parts)}")
    return text


def scale_of(table: Table, left_out: LeftOut) -> Scale:
    """Choose the scale so that the default bounds stand for rates of alarms.

    Medium: FALSE_ALARMS of the benign scenes are above. High: GRAVE of the incidents that are
    expected to be critical are above, within limits.
    """
    best, label = table.best(left_out.log_odds(table)), labels_of(table.scenes)
    medium = threshold(best[label == 0], FALSE_ALARMS)
    grave = [n for n, s in enumerate(table.scenes) if s.levels == {RiskLevel.CRITICAL}]
    reached = float(np.quantile(best[grave], 1 - GRAVE)) if grave else medium
    return Scale(medium=medium, high=medium + min(max(reached - medium, _GAP[0]), _GAP[1]))


def weight_lines(model: Model, scale: Scale, table: Table) -> list[str]:
    """List the weights in points, with how many scenes show the evidence."""
    shown = {
        name: len(set(table.scene[table.strengths[:, k] > 0])) for k, name in enumerate(table.names)
    }
    unused = [name for name in table.names if name not in model.weights]
    return [
        f"base {scale.points(np.array([model.base]))[0]:+.1f}, {scale.factor:.1f} points a unit",
        *(
            f"  {weight * scale.factor:+6.1f}  {name} ({shown.get(name, 0)} scenes)"
            for name, weight in sorted(model.weights.items(), key=lambda each: -each[1])
        ),
        *(f"    none  {name} ({shown[name]} scenes)" for name in unused),
    ]


def provenance(
    tables: Mapping[str, Table], left_out: LeftOut, penalty: float
) -> dict[str, str | int | float]:
    """Return how the weights came about."""
    plain = tables["without home events"]
    best, label = plain.best(left_out.log_odds(plain)), labels_of(plain.scenes)
    whole = tables["everything"].best(left_out.log_odds(tables["everything"]))
    return {
        "script": "scripts/fit-risk",
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "authors": ", ".join(sorted(set(plain.authors))),
        "scenes": len(plain.scenes),
        "incidents": int(label.sum()),
        "penalty": penalty,
        "recall at 5 %, left out, no home events": round(recall_at(best, label, 0.05), 3),
        "area, left out, no home events": round(area_under_curve(best, label), 3),
        "recall at 3 %, left out": round(recall_at(whole, label, 0.03), 3),
        "area, left out": round(area_under_curve(whole, label), 3),
    }


def weights_text(
    model: Model, scale: Scale, how: Mapping[str, str | int | float], digits: int = 1
) -> str:
    """Return the module that holds the weights, in points."""
    base = round(float(scale.points(np.array([model.base]))[0]), digits)
    lines = [
        '"""The weight of each kind of evidence in points: made by scripts/fit-risk, not by hand."""',
        "",
        "from collections.abc import Mapping",
        "from typing import Final",
        "",
        "PROVENANCE: Final[Mapping[str, str | int | float]] = {",
        *(f"    {_quoted(key)}: {_quoted(value)}," for key, value in how.items()),
        "}",
        "",
        f"BASE: Final = {base}  # before any evidence",
        "",
        "WEIGHTS: Final[Mapping[str, float]] = {",
        *(
            f"    {_quoted(name)}: {round(weight * scale.factor, digits)},"
            for name, weight in sorted(model.weights.items())
        ),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _figure(found: Figure) -> str:
    return f"{found.value:.3f} ({found.low:.3f}-{found.high:.3f})"


def _quoted(value: str | float) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/fit-risk",
        description="Fit the weights of the evidence to the labelled scenes, judged image by image.",
    )
    parser.add_argument("--scenarios", type=Path, default=SCENARIOS, metavar="DIR")
    parser.add_argument("--output", type=Path, default=WEIGHTS_FILE, metavar="FILE")
    parser.add_argument(
        "--penalty",
        type=float,
        help="of the squared weights (default: chosen in five folds of the scenes at hand)",
    )
    parser.add_argument(
        "--check", action="store_true", help="print the figures only, write nothing"
    )
    parser.add_argument("--weights", action="store_true", help="print the weights, too")
    parser.add_argument(
        "--misses", type=int, default=0, metavar="N", help="name the N worst of either kind"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
