"""The evidence of every scene at every image, as a matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

import testbed.core  # noqa: F401 # registers hsi_core

from hsi_core.domain.levels import HIGHEST_SCORE  # isort: skip
from hsi_core.risk.evidence import collect  # isort: skip
from hsi_core.risk.evidence_kinds import Evidence  # isort: skip
from hsi_core.risk.rules import points_of  # isort: skip
from testbed.risk.events import moments
from testbed.risk.pools import CORE, Pool, cached, digest_of
from testbed.risk.scenarios import Scenario
from testbed.risk.variants import VARIANTS

Floats: TypeAlias = NDArray[np.float64]
Numbers: TypeAlias = NDArray[np.int64]
Found: TypeAlias = tuple[tuple[str, float], ...]  # names with strengths

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One event at one of its images."""

    event: int
    image: int  # of the scenario
    images: int  # since the first sight of a person, that one included
    seconds: float  # since the first sight of a person
    evidence: Found


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The rows of many scenes; `scene` and `event` number a row's scene and event."""

    names: tuple[str, ...]
    strengths: Floats  # row, name
    scene: Numbers
    event: Numbers  # across all scenes
    images: Numbers
    seconds: Floats
    score: Floats
    scenes: tuple[Scenario, ...]
    authors: tuple[str, ...]  # of each scene

    def best(self, scores: Floats) -> Floats:
        """Return the highest of the rows' scores for each scene; minus infinity without a row."""
        found = np.full(len(self.scenes), -np.inf)
        np.maximum.at(found, self.scene, scores)
        return found


def rows_of(scene: Scenario) -> tuple[Row, ...]:
    """Return a scene's evidence at each image."""
    rows = []
    first: dict[int, tuple[float, int]] = {}  # of each event: the first sight of a person
    for moment in moments(scene):
        people = any(each.label == "person" for each in moment.sheet.present)
        now = moment.at.timestamp()
        if people:
            first.setdefault(moment.event, (now, moment.image))
        since, number = first.get(moment.event, (now, moment.image))
        rows.append(
            Row(
                event=moment.event,
                image=moment.image,
                images=moment.image - number + 1,
                seconds=now - since,
                evidence=tuple((each.name, each.strength) for each in collect(moment.sheet)),
            )
        )
    return tuple(rows)


def table_of(pools: Sequence[Pool], variant: str = "everything") -> Table:
    """Return the matrix of all scenes in one of the VARIANTS, from the cache if nothing changed."""
    by_pool = [_rows(pool, variant) for pool in pools]
    scenes = [scene for pool in pools for scene in pool.scenes]
    rows = [(s, row) for s, some in enumerate(some for b in by_pool for some in b) for row in some]
    names = tuple(sorted({name for _, row in rows for name, _ in row.evidence}))
    column = {name: number for number, name in enumerate(names)}
    strengths = np.zeros((len(rows), len(names)))
    for number, (_, row) in enumerate(rows):
        for name, strength in row.evidence:
            strengths[number, column[name]] = strength
    events: dict[tuple[int, int], int] = {}
    return Table(
        names=names,
        strengths=strengths,
        scene=np.array([scene for scene, _ in rows], dtype=np.int64),
        event=np.array([events.setdefault((s, row.event), len(events)) for s, row in rows]),
        images=np.array([row.images for _, row in rows]),
        seconds=np.array([row.seconds for _, row in rows]),
        score=np.array([_score(row.evidence) for _, row in rows]),
        scenes=tuple(scenes),
        authors=tuple(pool.author for pool in pools for _ in pool.scenes),
    )


def _score(evidence: Found) -> float:
    """Return the score that the present weights give a row."""
    found = (Evidence(name=name, reason="", strength=strength) for name, strength in evidence)
    return float(min(max(sum(map(points_of, found)), 0), HIGHEST_SCORE))


def _rows(pool: Pool, variant: str) -> tuple[tuple[Row, ...], ...]:
    code = [
        *(each for each in sorted((CORE / "risk").glob("*.py")) if each.name != "weights.py"),
        *sorted((CORE / "domain").glob("*.py")),
        *(_HERE / name for name in ("events.py", "variants.py", "evidence_table.py")),
        CORE / "events/placement.py",
    ]
    change = VARIANTS[variant]
    return cached(
        "evidence",
        digest_of(code, pool.digest, variant),
        lambda: tuple(rows_of(change(scene)) for scene in pool.scenes),
    )
