"""Report the coverage of parts: one line a part, and a list of the gaps of each file.

python coverage_report.py LISTS PART...: prints name, status and figure of each part, separated by
tabs, and writes LISTS/PART.txt. The status is 1 below the part's floor. Run it with the Python
that ran the part's code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import json
from pathlib import Path
import sys
import tempfile
from typing import Any

from coverage import Coverage
from coverage.exceptions import CoverageException

INTEGRATION = "custom_components/home_security_intelligence"


@dataclass(frozen=True)
class Part:
    """Code with a floor, in percent of its lines or of its branches."""

    include: tuple[str, ...]
    floor: float
    omit: tuple[str, ...] = ()
    branches: bool = False


PARTS: Mapping[str, Part] = {
    "glue": Part((f"{INTEGRATION}/*",), 97.0, omit=(f"{INTEGRATION}/core/*",)),
    "flows": Part((f"{INTEGRATION}/config_flow.py", f"{INTEGRATION}/flows/*"), 99.0, branches=True),
    "core": Part((f"{INTEGRATION}/core/*",), 93.0),
    "server": Part(("inference_server/*",), 93.0),
}


def measure(part: Part) -> dict[str, dict[str, Any]]:
    """Return coverage.py's own figures of each file; none if nothing of the part has run."""
    coverage = Coverage()
    coverage.load()
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        try:
            coverage.json_report(
                outfile=file.name, include=part.include, omit=part.omit, ignore_errors=True
            )
        except CoverageException:
            return {}
        return dict(json.loads(Path(file.name).read_text())["files"])


def percent(files: Mapping[str, Mapping[str, Any]], part: Part) -> float:
    """Return the share of the part's lines or branches that ran."""
    covered, total = (
        ("covered_branches", "num_branches")
        if part.branches
        else ("covered_lines", "num_statements")
    )
    figures = [each["summary"] for each in files.values()]
    everything = sum(figure[total] for figure in figures)
    return 100.0 * sum(figure[covered] for figure in figures) / everything if everything else 0.0


def gaps(files: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return a line for each file that misses something, the largest gaps first."""
    found = []
    for name, each in files.items():
        lines, branches = each["missing_lines"], each.get("missing_branches", [])
        # a missed line includes its branches
        arcs = [f"{start}->{end}" for start, end in branches if start not in lines]
        if lines or arcs:
            missed = ", ".join([*map(str, lines), *arcs])
            found.append((len(lines) + len(arcs), f"{name}: {missed}"))
    return [line for _, line in sorted(found, key=lambda gap: (-gap[0], gap[1]))]


def main(folder: Path, names: list[str]) -> int:
    """Print the parts' figures."""
    for name in names:
        part = PARTS[name]
        files = measure(part)
        reached = percent(files, part)
        status = int(reached < part.floor)
        unit = "branches" if part.branches else "lines"
        print(f"{name}\t{status}\t{reached:.1f} % of {unit}, at least {part.floor:g} % required")
        (folder / f"{name}.txt").write_text("".join(f"{line}\n" for line in gaps(files)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), sys.argv[2:]))
