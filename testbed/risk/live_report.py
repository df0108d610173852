"""What the weights are worth on scenes by authors they never saw: the text of evaluate-risk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

import testbed.core  # noqa: F401 # registers hsi_core

from hsi_core.domain.levels import LevelBounds  # isort: skip

from testbed.risk.cross_authors import LeftOut
from testbed.risk.evidence_table import Floats, Table
from testbed.risk.live_measures import (
    Figure,
    Fired,
    against_expected,
    area_under_curve,
    fired,
    labels_of,
    recall_at,
    threshold,
    with_interval,
)
from testbed.risk.measures import Share, share_text
from testbed.risk.scale import Scale
from testbed.risk.scenarios import Scenario

WORST: Final = 10
_RARE_TAG: Final = 8  # a kind with fewer scenes is not listed

Chosen = Callable[[Scenario], bool]

CONTEXTS: Final[Mapping[str, Chosen]] = {
    "with zones": lambda s: bool(s.context.zones),
    "without zones": lambda s: not s.context.zones,
    "with home events": lambda s: bool(s.context.reported),
    "without home events": lambda s: not s.context.reported,
    "alarm known": lambda s: s.context.armed is not None,
    "alarm unknown": lambda s: s.context.armed is None,
    "occupancy known": lambda s: s.context.occupancy is not None,
    "occupancy unknown": lambda s: s.context.occupancy is None,
    "by day (7-19)": lambda s: 7 <= _hour(s) < 19,
    "evening (19-23)": lambda s: 19 <= _hour(s) < 23,
    "night (23-7)": lambda s: _hour(s) >= 23 or _hour(s) < 7,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A table's scenes with the highest score each reaches."""

    table: Table
    scores: Floats  # of the rows
    best: Floats  # of the scenes

    @classmethod
    def by(cls, table: Table, left_out: LeftOut, scale: Scale) -> Judged:
        """Judge each scene by weights that never saw its author."""
        scores = scale.points(left_out.log_odds(table))
        return cls(table=table, scores=scores, best=np.maximum(table.best(scores), -100.0))


def headline(name: str, judged: Judged) -> list[str]:
    """Put the figures of a variant into words, pooled and by author."""
    table, best = judged.table, judged.best
    label = labels_of(table.scenes)
    strict = against_expected(best, table.scenes, LevelBounds())
    bound = threshold(best[label == 0], 0.05)
    text = [
        f"{name}: {label.sum()} incidents, {len(label) - label.sum()} benign scenes",
        f"  area under the curve               {figure_text(with_interval(area_under_curve, best, label))}",
        *(
            f"  recall at {share:.0%} false alarms          "
            f"{figure_text(with_interval(partial(recall_at, share=share), best, label))}"
            for share in (0.05, 0.03)
        ),
        *(
            f"  recall at {share:.0%} above what is expected "
            f"{figure_text(with_interval(partial(recall_at, share=share), strict, label))}"
            for share in (0.05, 0.03)
        ),
        "  author   scenes  area  recall at its own 5 %, at the pooled bound, benign above it",
    ]
    authors = np.array(table.authors)
    for author in sorted(set(table.authors)):
        s, y = best[authors == author], label[authors == author]
        text.append(
            f"  {author:9}{len(s):6}  {area_under_curve(s, y):.2f}  {recall_at(s, y, 0.05):.2f}  "
            f"{np.mean(s[y == 1] > bound):.2f}  {np.mean(s[y == 0] > bound):.2f}"
        )
    return text


def live(judged: Judged, bounds: LevelBounds) -> list[str]:
    """Put into words what fires with the level bounds."""
    found: Fired = fired(judged.table, judged.scores, bounds)
    return [
        f"  incidents at their level or above  {share_text(found.at_level)}",
        f"  incidents at medium or above       {share_text(found.alarmed)}",
        f"  benign above their expected level  {share_text(found.above)}",
        f"  benign at medium or above          {share_text(found.false_alarms)}",
        f"  critical incidents below high      {share_text(found.critical_below)}",
        f"  seconds from first sight to alarm  median {_number(found.seconds)}",
        f"  90 % of them within                {_number(found.slow_seconds)}",
        f"  images from first sight to alarm   median {_number(found.images)}",
        f"  corrections in 100 events          {found.corrections:.1f}",
    ]


def by_group(judged: Judged, bounds: LevelBounds, groups: Mapping[str, Chosen]) -> list[str]:
    """List recall and false alarms at medium for groups of scenes."""
    text = []
    for name, chosen in groups.items():
        picked = [n for n, scene in enumerate(judged.table.scenes) if chosen(scene)]
        bad = [n for n in picked if judged.table.scenes[n].incident]
        good = [n for n in picked if not judged.table.scenes[n].incident]
        area = area_under_curve(
            judged.best[picked], labels_of([judged.table.scenes[n] for n in picked])
        )
        text.append(
            f"  {name:26} caught {_share(judged.best[bad] >= bounds.medium)}"
            f"  false alarms {_share(judged.best[good] >= bounds.medium)}  area {area:.2f}"
        )
    return text


def kinds(scenes: Sequence[Scenario]) -> dict[str, Chosen]:
    """Return the tags that occur often, as groups of scenes."""
    counts = Counter(tag for scene in scenes for tag in _tags(scene))
    return {
        tag: lambda scene, tag=tag: tag in _tags(scene)  # type: ignore[misc]
        for tag, count in counts.most_common()
        if count >= _RARE_TAG
    }


def worst(judged: Judged, left_out: LeftOut, scale: Scale, count: int = WORST) -> list[str]:
    """Name the scenes that are judged most wrongly, with what weighs most in them."""
    table = judged.table
    label = labels_of(table.scenes)
    middle = LevelBounds().medium
    wrong = np.where(label == 1, middle - judged.best, judged.best - middle)
    text = []
    for n in np.argsort(-wrong)[:count]:
        scene, model = table.scenes[n], left_out.models[table.authors[n]]
        kind = "incident" if scene.incident else "benign"
        text.append(f"  {kind} {scene.id}: {judged.best[n]:.0f}, {'/'.join(sorted(scene.levels))}")
        rows = np.flatnonzero(table.scene == n)
        if not len(rows):
            continue
        row = rows[np.argmax(judged.scores[rows])]
        parts = {
            name: model.weights.get(name, 0.0) * table.strengths[row, k] * scale.factor
            for k, name in enumerate(table.names)
            if table.strengths[row, k]
        }
        text.append("    " + "; ".join(f"{name} {points:+.0f}" for name, points in parts.items()))
    return text


def cost(name: str, judged: Judged, bounds: LevelBounds) -> str:
    """Put into one line what a variant reaches: at its own bound, and with the bounds as they are."""
    label = labels_of(judged.table.scenes)
    found = fired(judged.table, judged.scores, bounds)
    return (
        f"  {name:38} area {area_under_curve(judged.best, label):.3f}  recall at 5 % "
        f"{recall_at(judged.best, label, 0.05):.3f}  with the bounds as they are: "
        f"caught {_value(found.alarmed)}, false alarms {_value(found.false_alarms)}"
    )


def figure_text(found: Figure) -> str:
    """Put a figure into words, with its interval."""
    return f"{found.value:.3f} (95 %: {found.low:.3f}-{found.high:.3f})"


def _tags(scene: Scenario) -> set[str]:
    return {tag.lower().replace("_", " ").replace("-", " ") for tag in scene.tags}


def _hour(scene: Scenario) -> int:
    return scene.images[0].captured_at.astimezone(scene.context.time_zone).hour


def _share(hits: NDArray[np.bool_]) -> str:
    return f"{int(hits.sum()):3} of {len(hits):3}" if len(hits) else "none      "


def _value(share: Share) -> str:
    return "none" if share.value is None else f"{share.value:.3f}"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.1f}"
