"""Print the summary of a test run and its totals; exit with 1 unless everything passed.

python test_report.py RESULTS SECONDS: RESULTS holds summary.tsv and the JUnit files that it names.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
import sys
from xml.etree import ElementTree as ET

NO_TESTS_SELECTED = 5  # pytest's exit status
TIMED_OUT = (124, 137)  # exit statuses of timeout


@dataclass(frozen=True)
class Counts:
    """Numbers of tests by result; an error in a fixture is a failure."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped
        )

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def read_counts(report: Path, status: int) -> Counts:
    """Count a suite's tests; a suite that ended without a report counts as one failure."""
    try:
        suites = ET.parse(report).getroot().iter("testsuite")  # noqa: S314 - written by our own run
    except (OSError, ET.ParseError):
        return Counts(failed=1)
    counts = Counts()
    for suite in suites:
        total, failures, errors, skipped = (
            int(suite.get(key, "0")) for key in ("tests", "failures", "errors", "skipped")
        )
        failed = failures + errors
        counts += Counts(max(total - failed - skipped, 0), failed, skipped)
    return counts if counts.failed or status in (0, NO_TESTS_SELECTED) else counts + Counts(0, 1)


def main(folder: Path, seconds: str) -> int:
    """Print the table and the totals."""
    rows: list[tuple[str, str, str]] = []
    total, all_passed = Counts(), True
    for line in (folder / "summary.tsv").read_text().splitlines():
        name, status_text, duration, report, detail = [*line.split("\t"), ""][:5]
        status = int(status_text)
        passed = status in (0, NO_TESTS_SELECTED) if report else status == 0
        result = "passed" if passed else "timed out" if status in TIMED_OUT else "FAILED"
        if report:
            counts = read_counts(folder / report, status)
            total += counts
            detail = str(counts)
        if detail:
            result += f": {detail}"
        rows.append((name, duration, result))
        all_passed = all_passed and passed
    width = max(len(name) for name, _, _ in rows)
    for name, duration, result in [*rows, ("all", seconds, "")]:
        print(f"{name:<{width}}  {duration:>5} s  {result}".rstrip())
    print(total)
    return 0 if all_passed else 1


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), sys.argv[2]))
