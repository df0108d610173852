"""Print the packages that Home Assistant needs for its always-loaded and the named integrations.

python ha_requirements.py SITE_PACKAGES [INTEGRATION ...]: the homeassistant package is only read.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
import json
from pathlib import Path
import sys

BOOT_SETS = ("DEFAULT_INTEGRATIONS", "CORE_INTEGRATIONS", "LOGGING_AND_HTTP_DEPS_INTEGRATIONS")
OPTIONAL = {"sentry"}  # in bootstrap's lists, but set up by its users only
IMPORTED = {"hassio"}  # in no list, but imported by a listed one


def always_loaded(root: Path) -> set[str]:
    """Return the integrations that bootstrap always sets up, and every entity platform."""
    names: set[str] = set()
    for node in ast.walk(ast.parse((root / "bootstrap.py").read_text())):
        if isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            targets, value = [node.target], node.value
        else:
            continue
        if any(isinstance(t, ast.Name) and t.id in BOOT_SETS for t in targets):
            names.update(_strings(value))
    platforms = ast.parse((root / "generated" / "entity_platforms.py").read_text())
    names.update(text for text in _strings(platforms) if text.isidentifier())
    return (names | IMPORTED) - OPTIONAL


def requirements(root: Path, integrations: Iterable[str]) -> list[str]:
    """Return the requirements in the manifests of the integrations and their dependencies."""
    seen: set[str] = set()
    found: set[str] = set()
    todo = [*integrations]
    while todo:
        name = todo.pop()
        manifest = root / "components" / name / "manifest.json"
        if name in seen or not manifest.is_file():
            continue
        seen.add(name)
        content = json.loads(manifest.read_text())
        found.update(content.get("requirements", ()))
        todo += content.get("dependencies", ())
    return sorted(found)


def _strings(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


if __name__ == "__main__":
    home = Path(sys.argv[1]) / "homeassistant"
    print("\n".join(requirements(home, always_loaded(home) | set(sys.argv[2:]))))
