"""Prints what authors unknown to the weights find: `scripts/evaluate-risk --authors`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import testbed.core  # noqa: F401 # registers hsi_core

from hsi_core.risk.evidence import SIGNS  # isort: skip
from hsi_core.domain.levels import LevelBounds  # isort: skip

from testbed.risk.calibration import bins_of, error_of, svg_of
from testbed.risk.cross_authors import leave_one_author_out
from testbed.risk.evidence_table import table_of
from testbed.risk.fit import TRAINED_ON, penalty_in_use
from testbed.risk.live_measures import labels_of
from testbed.risk.live_report import CONTEXTS, Judged, by_group, cost, headline, kinds, live, worst
from testbed.risk.pools import Pool
from testbed.risk.scale import scale_of
from testbed.risk.variants import VARIANTS

_HEADLINES = (
    "without home events",
    "everything",
    "labels of the default weights",
    "default labels, without home events",
)


def author_lines(
    pools: Sequence[Pool], *, bounds: LevelBounds, ablations: bool, svg: Path | None
) -> list[str]:
    """Judge each author by weights fitted to all others, and put the figures into words."""
    tables = {name: table_of(pools, name) for name in dict.fromkeys((*TRAINED_ON, *_HEADLINES))}
    left_out = leave_one_author_out([tables[name] for name in TRAINED_ON], SIGNS, penalty_in_use())
    scale = scale_of(tables["without home events"], left_out)
    judged = {name: Judged.by(table, left_out, scale) for name, table in tables.items()}
    whole = judged["everything"]
    text = ["Each author judged by weights that never saw that author, by the highest score:"]
    for name in _HEADLINES:
        text += [*headline(name, judged[name]), *live(judged[name], bounds)]
    text += ["By kind (the authors' tags):", *by_group(whole, bounds, kinds(whole.table.scenes))]
    text += ["By available context:", *by_group(whole, bounds, CONTEXTS)]
    odds = whole.table.best(left_out.log_odds(whole.table))
    bins = bins_of(odds, labels_of(whole.table.scenes))
    text.append(f"Calibration: {error_of(bins):.3f} away on average")
    text += [
        f"  predicted {each.predicted:.2f}, incidents {each.incidents.count} of {each.incidents.of}"
        for each in bins
    ]
    if svg is not None:
        svg.write_text(svg_of(bins, "Reliability of the score, each author left out"), "utf-8")
    text += ["Judged most wrongly:", *worst(whole, left_out, scale)]
    if ablations:
        text.append("What it costs to know less:")
        for name in VARIANTS:
            table = tables.get(name) or table_of(pools, name)
            text.append(cost(name, Judged.by(table, left_out, scale), bounds))
    return text
