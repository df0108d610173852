"""The evaluation uses a real model behind a real server, as the pipeline does."""

import json
from pathlib import Path
import shutil

from testbed.risk.evaluation import SCENARIOS, main


def test_a_real_model_scores_within_the_rules_level(
    tmp_path: Path,
) -> None:
    scenarios = tmp_path / "few"
    scenarios.mkdir()
    for name in ("trying_handles_3", "sparse_courier_2"):
        shutil.copy(SCENARIOS / "held_out" / f"{name}.yaml", scenarios)
    figures = {}
    for backend in ("rules", "embedded"):
        written = tmp_path / f"{backend}.json"
        main(["--scenarios", str(scenarios), "--backend", backend, "--json", str(written)])
        figures[backend] = json.loads(written.read_text())["sets"]["few"]

    levels = {
        backend: {each["id"]: each["level"] for each in found["scenarios"]}
        for backend, found in figures.items()
    }
    assert levels["embedded"] == levels["rules"]
    calls = [call for each in figures["embedded"]["scenarios"] for call in each["calls"]]
    assert any(call["failure"] is None for call in calls)
    assert all(call["prompt_tokens"] <= 900 for call in calls if call["failure"] is None)
