"""Fits the weights of the evidence to the labelled scenes: `scripts/fit-risk` from a shell."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
import importlib
import importlib.util
from pathlib import Path
import sys
from typing import Final

import numpy as np

import testbed.core  # noqa: F401 # registers hsi_core

from hsi_core.risk.evidence import SIGNS  # isort: skip
from hsi_core.domain.levels import LevelBounds  # isort: skip

from testbed.risk.cross_authors import LeftOut, leave_one_author_out
from testbed.risk.evidence_table import Table, table_of
from testbed.risk.fit_model import Model, choose_penalty, data_of, fit_model
from testbed.risk.live_measures import area_under_curve, labels_of, recall_at
from testbed.risk.live_report import Judged, headline, live, worst
from testbed.risk.pools import CORE, SCENARIOS, read_pools
from testbed.risk.scale import Scale, scale_of
from testbed.risk.scenarios import ScenarioError

WEIGHTS_FILE: Final = CORE / "risk/weights.py"
TRAINED_ON: Final = ("everything", "without home events")
CHECKED_ON: Final = (*TRAINED_ON, "default labels, without home events")


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
    sign_of = SIGNS
    left_out = leave_one_author_out(trained, sign_of, options.penalty)
    scale = scale_of(tables["without home events"], left_out)
    judged = {name: Judged.by(table, left_out, scale) for name, table in tables.items()}
    for name, each in judged.items():
        print("\n".join([*headline(name, each), *live(each, LevelBounds())]))
    if options.misses:
        print("\n".join(worst(judged["everything"], left_out, scale, options.misses)))
    if options.check and not options.weights:
        return 0
    data = data_of(trained)
    every = np.ones(len(data.target), dtype=bool)
    penalty = options.penalty or choose_penalty(data, every, sign_of)
    model = fit_model(data, every, sign_of, penalty)
    if options.weights:
        print("\n".join(weight_lines(model, scale, trained[0])))
    if not options.check:
        text = weights_text(model, scale, provenance(tables, left_out, penalty))
        options.output.write_text(text, encoding="utf-8")
        print(f"wrote {len(model.weights)} weights to {options.output}")
    return 0


def penalty_in_use() -> float:
    """Return the penalty that the core's weights were fitted with, or 60 if there are none."""
    if importlib.util.find_spec("hsi_core.risk.weights") is None:
        return 60.0
    how: Mapping[str, object] = importlib.import_module("hsi_core.risk.weights").PROVENANCE
    found = how.get("penalty")
    return float(found) if isinstance(found, int | float) else 60.0


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
        "--misses", type=int, default=0, metavar="N", help="name the N worst scenes"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
