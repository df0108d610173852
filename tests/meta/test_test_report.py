"""The summary that a test run ends with."""

from pathlib import Path
import subprocess
import sys

REPORT = (
    '<testsuites><testsuite errors="{errors}" failures="{failures}" skipped="{skipped}"'
    ' tests="{tests}"/></testsuites>'
)


def _run(root: Path, results: Path, rows: list[str]) -> tuple[int, list[str]]:
    (results / "summary.tsv").write_text("".join(f"{row}\n" for row in rows))
    done = subprocess.run(
        [sys.executable, root / "scripts" / "lib" / "test_report.py", results, "9"],
        check=False,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout.splitlines()


def test_totals_count_errors_as_failures(root: Path, tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(REPORT.format(errors=1, failures=2, skipped=3, tests=10))
    (tmp_path / "b.xml").write_text(REPORT.format(errors=0, failures=0, skipped=0, tests=5))
    status, lines = _run(root, tmp_path, ["tests/a\t1\t4\ta.xml", "tests/b\t0\t2\tb.xml"])
    assert status == 1
    assert lines[-1] == "9 passed, 3 failed, 3 skipped"


def test_a_suite_that_died_counts_as_a_failure(root: Path, tmp_path: Path) -> None:
    status, lines = _run(root, tmp_path, ["tests/a\t139\t4\ta.xml"])
    assert status == 1
    assert lines[-1] == "0 passed, 1 failed, 0 skipped"


def test_a_failed_check_fails_the_run(root: Path, tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(REPORT.format(errors=0, failures=0, skipped=0, tests=2))
    status, lines = _run(root, tmp_path, ["lint\t1\t1\t", "tests/a\t0\t2\ta.xml"])
    assert status == 1
    assert "FAILED" in lines[0]
    assert lines[-1] == "2 passed, 0 failed, 0 skipped"


def test_a_suite_without_selected_tests_passes(root: Path, tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(REPORT.format(errors=0, failures=0, skipped=0, tests=0))
    status, lines = _run(root, tmp_path, ["tests/a\t5\t1\ta.xml"])
    assert status == 0
    assert lines[-1] == "0 passed, 0 failed, 0 skipped"


def test_coverage_below_its_floor_fails_the_run(root: Path, tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(REPORT.format(errors=0, failures=0, skipped=0, tests=2))
    rows = ["tests/a\t0\t2\ta.xml\t", "coverage of core\t1\t0\t\t92.9 % of lines"]
    status, lines = _run(root, tmp_path, rows)
    assert status == 1
    assert lines[1].endswith("FAILED: 92.9 % of lines")
    assert lines[-1] == "2 passed, 0 failed, 0 skipped"
