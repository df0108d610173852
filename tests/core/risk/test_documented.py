"""docs/risk.md documents every factor and level."""

from pathlib import Path

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.domain.levels import LevelBounds
from hsi_core.domain.models import LANGUAGE_MODEL
from hsi_core.risk.evidence import KINDS
from hsi_core.risk.llm_adjustment import MAX_LLM_MOVE
from hsi_core.risk.weights import BASE, WEIGHTS

TEXT = (Path(__file__).parents[3] / "docs/risk.md").read_text(encoding="utf-8")


def test_every_factor_is_documented_with_its_points_and_no_other_is() -> None:
    table = TEXT.partition("| factor | points | when |\n|---|---|---|\n")[2].partition("\n\n")[0]

    *rows, model = table.splitlines()

    assert rows == [
        f"| {kind.name} | {round(WEIGHTS.get(kind.name, 0.0)):+d} | {kind.when} |" for kind in KINDS
    ]
    assert model.startswith(f"| {LANGUAGE_MODEL} | up to ±{MAX_LLM_MOVE} |")


def test_the_points_before_any_evidence_are_documented() -> None:
    assert f"**{round(BASE):+d} points**" in TEXT


def test_the_levels_are_documented() -> None:
    ceiling = 100
    for floor, level in LevelBounds().floors:
        assert f"{level} {floor}-{ceiling}" in TEXT
        ceiling = floor - 1
