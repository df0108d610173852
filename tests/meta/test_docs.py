"""The documentation names every setting, action and option, and what it names exists."""

import json
from pathlib import Path
import re
import subprocess
import sys

import pytest
import yaml

from inference_server.settings_sources import environment_names

PATH = re.compile(r"`((?:core|inference_server|testbed|tests|scripts|benchmarks)/[\w./-]+)`")
INTEGRATION = Path("custom_components/home_security_intelligence")
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)")


def documents(root: Path) -> list[Path]:
    return [
        root / "README.md",
        root / "CHANGELOG.md",
        root / "CONTRIBUTING.md",
        root / "SECURITY.md",
        *sorted((root / "docs").rglob("*.md")),
        *sorted((root / "benchmarks/results").glob("*.md")),
    ]


def test_every_link_has_a_target(root: Path) -> None:
    broken = [
        f"{document.name}: {target}"
        for document in documents(root)
        for target in LINK.findall(document.read_text())
        if not (document.parent / target).exists()
    ]
    assert not broken


def test_paths_named_in_the_documents_exist(root: Path) -> None:
    missing = [
        f"{document.name}: {path}"
        for document in documents(root)
        for path in PATH.findall(document.read_text())
        if not (root / path).exists() and not (root / INTEGRATION / path).exists()
    ]
    assert not missing


def test_tables_have_short_cells(root: Path) -> None:
    long = [
        f"{document.name}:{number}"
        for document in documents(root)
        for number, line in enumerate(document.read_text().splitlines(), start=1)
        if line.startswith("|") and max(map(len, line.split("|"))) > 300
    ]
    assert not long


def test_every_setting_of_the_server_is_documented(root: Path) -> None:
    text = (root / "docs/server.md").read_text()
    assert not [name for name in environment_names() if f"`{name}`" not in text]


def test_what_is_generated_from_the_declared_settings_is_current(root: Path) -> None:
    checked = subprocess.run(
        [sys.executable, root / "scripts/lib/settings_docs.py", "--check"],
        check=False,
        cwd=root,
        env={"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_action_is_documented(root: Path) -> None:
    actions = yaml.safe_load((root / INTEGRATION / "services.yaml").read_text())
    text = (root / "docs/actions.md").read_text()
    assert not [action for action in actions if f"`{action}`" not in text]


def test_every_option_is_documented(root: Path) -> None:
    texts = json.loads((root / INTEGRATION / "translations/en.json").read_text())
    form = texts["options"]["step"]["init"]
    names = {*form["data"].values()} | {
        f"*{section['name']}*: {name}"
        for section in form["sections"].values()
        for name in section["data"].values()
    }
    text = (root / "docs/configuration.md").read_text()
    assert not [name for name in names if f"| {name} |" not in text]


@pytest.mark.parametrize(
    "script",
    ["setup", "test", "demo", "download-models", "make-secrets", "evaluate-risk", "fit-risk"],
)
def test_scripts_named_in_the_documents_exist(root: Path, script: str) -> None:
    mentioned = any(f"scripts/{script}" in document.read_text() for document in documents(root))
    assert mentioned
    assert (root / "scripts" / script).stat().st_mode & 0o111
