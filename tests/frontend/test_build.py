"""The committed module is what its sources build, and small."""

import gzip
from pathlib import Path
import re
import subprocess

MODULE = "custom_components/home_security_intelligence/dashboard/hsi.js"
MAX_SIZE = 60_000  # bytes, compressed
# Namespaces of SVG and HTML, and links in error texts; no address that is asked.
ADDRESS = re.compile(r"(?:https?:)?//[\w.-]+\.[a-z]{2,}")
KNOWN_ADDRESSES = {"http://www.w3.org"}


def npx(project: Path, *command: str) -> None:
    done = subprocess.run(
        ["npx", "--no-install", *command],
        check=False,
        cwd=project,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_sources_build_the_committed_module(root: Path, project: Path) -> None:
    npx(project, "vite", "build")
    built = (project.parent / MODULE).read_bytes()
    assert built == (root / MODULE).read_bytes(), "run `npm run build` in frontend/"


def test_the_types_hold(project: Path) -> None:
    npx(project, "tsc", "--noEmit")


def test_the_unit_tests_pass(project: Path) -> None:
    npx(project, "vitest", "run")


def test_the_module_is_small_and_asks_no_other_host(root: Path) -> None:
    module = (root / MODULE).read_bytes()
    assert len(gzip.compress(module)) <= MAX_SIZE
    assert set(ADDRESS.findall(module.decode())) <= KNOWN_ADDRESSES
