"""Measures the risk assessment on labelled scenarios: `scripts/evaluate-risk` from a shell."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import sys
from typing import Final

import testbed.core  # noqa: F401 # registers hsi_core

from hsi_core.domain.errors import LevelBoundsError, StoreError  # isort: skip
from hsi_core.domain.levels import LevelBounds  # isort: skip

from testbed.risk import replay
from testbed.risk.authors import author_lines
from testbed.risk.judges import BACKENDS, JudgeError, judging
from testbed.risk.measures import Measures, Result, measure, share_json, share_text
from testbed.risk.ordering import Ordering, measure_ordering
from testbed.risk.pools import read_pools
from testbed.risk.scenarios import Scenario, ScenarioError, read_all
from testbed.services.inference_server import InferenceServerError

ROOT: Final = Path(__file__).resolve().parents[2]
SCENARIOS: Final = ROOT / "tests/risk_scenarios"
FAILED: Final = 2  # nothing was measured


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; return the process's exit status."""
    options = _parser().parse_args(argv)
    if options.from_database is not None:
        return _replay(options)
    try:
        if options.authors:
            text = author_lines(
                read_pools(options.scenarios),
                bounds=options.bands,
                ablations=options.ablations,
                svg=options.svg,
            )
            print("\n".join(text))
            return 0
        sets = _sets(options.scenarios)
        results = asyncio.run(evaluate(sets, options.backend, options.bands))
    except (ScenarioError, JudgeError, InferenceServerError, OSError) as err:
        print(f"evaluate-risk: {err}", file=sys.stderr)
        return FAILED
    for name, found in results.items():
        print("\n".join(lines(name, found)))
    sets_json = {name: as_json(found) for name, found in results.items()}
    _write(options.json, {"backend": options.backend, "sets": sets_json})
    return 0


async def evaluate(
    sets: dict[str, Sequence[Scenario]], backend: str, bounds: LevelBounds
) -> dict[str, tuple[Result, ...]]:
    """Return the results of each set of scenarios; raises JudgeError."""
    async with judging(backend, bounds) as judge:
        return {
            name: tuple([await judge(scenario) for scenario in scenarios])
            for name, scenarios in sets.items()
        }


def lines(name: str, results: Sequence[Result]) -> list[str]:
    """Put the figures into words, with what went wrong below."""
    found = measure(results)
    text = [
        f"{name}: {found.recall.of} incidents, {found.false_alarms.of} benign scenes",
        f"  incidents at their level or above  {share_text(found.recall)}",
        f"  benign scenes at medium or above   {share_text(found.false_alarms)}",
        f"  level as expected                  {share_text(found.agreement)}",
    ]
    if found.schema_failures.of:
        text += [*_about_calls(found), *_about_order(measure_ordering(results))]
    for each in results:
        wrong = not each.caught if each.scenario.incident else each.alarmed
        if wrong:
            expected = ", ".join(sorted(each.scenario.levels))
            text.append(
                f"  {'missed' if each.scenario.incident else 'false alarm'}: {each.scenario.id}, "
                f"{each.score} {each.level}, expected {expected} ({'; '.join(each.factors)})"
            )
    return text


def as_json(results: Sequence[Result]) -> dict[str, object]:
    """Return the figures and each scenario's outcome for a machine."""
    found = measure(results)
    shares = (
        *("recall", "told", "false_alarms", "agreement"),
        *("schema_failures", "notes_refused", "other_failures", "unassessed"),
    )
    return {
        **{name: share_json(getattr(found, name)) for name in shares},
        "most_prompt_tokens": found.prompt_tokens,
        "most_completion_tokens": found.completion_tokens,
        "median_seconds": found.median_seconds,
        "slowest_seconds": found.slowest_seconds,
        "scenarios": [
            {
                "id": each.scenario.id,
                "kind": "incident" if each.scenario.incident else "benign",
                "expected": sorted(each.scenario.levels),
                "score": each.score,
                "level": each.level,
                "unassessed": each.unassessed,
                "factors": list(each.factors),
                "calls": [asdict(call) for call in each.calls],
            }
            for each in results
        ],
    }


def _about_calls(found: Measures) -> list[str]:
    return [
        f"  answers against the schema         {share_text(found.schema_failures)}",
        f"  notes that claimed more            {share_text(found.notes_refused)}",
        f"  other failed questions             {share_text(found.other_failures)}",
        f"  scenes left unassessed             {share_text(found.unassessed)}",
        f"  incidents caught and scored        {share_text(found.told)}",
        f"  tokens in, at most                 {found.prompt_tokens}",
        f"  tokens out, at most                {found.completion_tokens}",
        f"  seconds a question, median         {found.median_seconds:.1f}",
        f"  seconds a question, at most        {found.slowest_seconds:.1f}",
    ]


def _about_order(found: Ordering | None) -> list[str]:
    if found is None:
        return []
    low, high = found.gain
    return [
        f"  pairs within a level               {found.pairs}",
        f"  area under the curve, rules alone  {found.rules:.3f}",
        f"  with the model's suggested points  {found.model:.3f}",
        f"  gain, 95 %                         {low:+.3f} to {high:+.3f}",
    ]


def _sets(folder: Path) -> dict[str, Sequence[Scenario]]:
    """Read a folder's scenarios; sub-folders that hold some are sets of their own."""
    parts = sorted(path for path in folder.iterdir() if path.is_dir() and any(path.rglob("*.y*ml")))
    if parts and not any(folder.glob("*.y*ml")):
        return {part.name: read_all(part) for part in parts}
    return {folder.name: read_all(folder)}


def _replay(options: argparse.Namespace) -> int:
    since = None
    if options.days is not None:
        since = datetime.now(UTC) - timedelta(days=options.days)
    try:
        found = asyncio.run(
            replay.outcomes(
                options.from_database,
                options.backend,
                options.bands,
                since=since,
                todays_zones=options.todays_zones,
            )
        )
    except (StoreError, JudgeError, InferenceServerError, OSError) as err:
        print(f"evaluate-risk: {err}", file=sys.stderr)
        return FAILED
    print("\n".join(replay.lines(found, options.backend)))
    _write(options.json, {"backend": options.backend, **replay.as_json(found)})
    return 0


def _write(file: Path | None, document: dict[str, object]) -> None:
    if file is not None:
        file.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _level_bounds(text: str) -> LevelBounds:
    try:
        medium, high, critical = (int(floor) for floor in text.split(","))
        return LevelBounds(medium=medium, high=high, critical=critical)
    except (ValueError, LevelBoundsError) as err:
        raise argparse.ArgumentTypeError(str(err)) from err


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/evaluate-risk",
        description="Run labelled scenarios through the real risk assessment and measure it.",
    )
    parser.add_argument(
        "--scenarios",
        type=Path,
        default=SCENARIOS,
        metavar="DIR",
        help="YAML files; each sub-folder is a set of its own (default: tests/risk_scenarios)",
    )
    parser.add_argument(
        "--from-database",
        metavar="URL",
        help="instead of scenarios, judge the events in this PostgreSQL anew and say what changes; "
        "nothing is written (postgresql://user:password@host/database)",
    )
    parser.add_argument(
        "--days", type=float, help="with --from-database: only events of so many days"
    )
    parser.add_argument(
        "--todays-zones",
        action="store_true",
        help="with --from-database: the cameras' present zones instead of those of the time",
    )
    parser.add_argument(
        "--backend",
        choices=BACKENDS,
        default="rules",
        help="what scores within the rules' range; ollama, openai and embedded start the "
        "inference server with this shell's NEMOTRON_URL, NEMOTRON_MODEL, EMBEDDED_MODEL ...",
    )
    parser.add_argument(
        "--bands",
        type=_level_bounds,
        default=LevelBounds(),
        metavar="M,H,C",
        help="the lowest scores of medium, high and critical (default: 30,60,85)",
    )
    parser.add_argument(
        "--authors",
        action="store_true",
        help="judge each author's scenes by weights fitted to all others: the figure to go by",
    )
    parser.add_argument(
        "--ablations",
        action="store_true",
        help="with --authors: also without zones, home events, alarm, most images ...",
    )
    parser.add_argument(
        "--svg", type=Path, metavar="FILE", help="with --authors: draw the reliability curve"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write everything there")
    return parser


if __name__ == "__main__":
    sys.exit(main())
