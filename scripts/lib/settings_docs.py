"""Generate the documentation of settings from their declarations; see scripts/docs."""

from collections.abc import Iterator
import json
from pathlib import Path
import re
import sys
from typing import Any

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.cli.variables import CONNECTION_VARIABLES, SETTING_VARIABLES, Variable
from hsi_core.domain.declarations import Declaration, Option
from hsi_core.domain.settings import DECLARATIONS

ROOT = Path(__file__).parents[2]
TEXTS = ROOT / "custom_components/home_security_intelligence/translations/en.json"
BLOCK = re.compile(r"(<!-- settings: (\w+) -->\n).*?(<!-- end of settings -->)", re.DOTALL)


def form_of(texts: dict[str, Any], section: str | None) -> dict[str, Any]:
    """Return the texts of the options form, or of one of its sections."""
    form: dict[str, Any] = texts["options"]["step"]["init"]
    return form if section is None else form["sections"][section]  # type: ignore[no-any-return]


def declared_options() -> Iterator[tuple[Declaration, Option]]:
    """Return the settings that the options form shows."""
    for declaration in DECLARATIONS.values():
        if declaration.option is not None:
            yield declaration, declaration.option


def updated_texts(texts: dict[str, Any]) -> dict[str, Any]:
    """Return the translations with the labels and descriptions of the options."""
    for declaration, option in declared_options():
        form = form_of(texts, option.section)
        form["data"][option.key] = option.label
        form["data_description"][option.key] = declaration.description
    return texts


def options_table(texts: dict[str, Any]) -> Iterator[str]:
    """Return the lines of the table of options."""
    yield "| option | default | unit, range | description |"
    yield "|---|---|---|---|"
    for declaration, option in declared_options():
        label = option.label
        if option.section is not None:
            label = f"*{form_of(texts, option.section)['name']}*: {label}"
        if isinstance(declaration.default, bool):
            default, values = ("on" if declaration.default else "off"), "on, off"
        elif isinstance(declaration.default, frozenset):
            default, values = ", ".join(sorted(declaration.default)) or "none", declaration.items
        else:
            default, values = f"{declaration.default:g}", _range(declaration)
        yield f"| {label} | {default} | {values} | {declaration.description} |"


def variables_table(variables: tuple[Variable, ...]) -> Iterator[str]:
    """Return the lines of a table of environment variables."""
    yield "| variable | default | unit, range | description |"
    yield "|---|---|---|---|"
    for variable in variables:
        names = f"`{variable.name}`"
        if variable.alternative is not None:
            names += f", `{variable.alternative}`"
        default = variable.default.replace(",", ", ") or "required"
        shared = "Shared. " if variable.shared else ""
        yield f"| {names} | {default} | {variable.values} | {shared}{variable.description} |"


def updated_page(page: str, blocks: dict[str, str]) -> str:
    """Return a page with its blocks of settings rewritten."""
    return BLOCK.sub(lambda found: found[1] + blocks[found[2]] + found[3], page)


def main(arguments: list[str]) -> int:
    """Update outdated files; with --check, only print their names."""
    texts = updated_texts(json.loads(TEXTS.read_text()))
    blocks = {
        "options": _lines(options_table(texts)),
        "connections": _lines(variables_table(CONNECTION_VARIABLES)),
        "variables": _lines(variables_table(SETTING_VARIABLES)),
    }
    written = {TEXTS: json.dumps(texts, indent=2, ensure_ascii=False) + "\n"}
    pages = sorted((ROOT / "docs").glob("**/*.md"))
    written |= {page: updated_page(page.read_text(), blocks) for page in pages}
    contents = "".join(written[page] for page in pages)
    if missing := [name for name in blocks if f"<!-- settings: {name} -->" not in contents]:
        print(f"no page in docs/ has the settings block {', '.join(missing)}")
        return 1
    stale = [path for path, text in written.items() if path.read_text() != text]
    for path in stale:
        print(f"{path.relative_to(ROOT)} is out of date; run scripts/docs")
        if "--check" not in arguments:
            path.write_text(written[path])
    return 1 if stale and "--check" in arguments else 0


def _lines(lines: Iterator[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _range(declaration: Declaration) -> str:
    if declaration.allowed is None:
        return ""
    low, high = declaration.allowed
    return f"{low:.15g}-{high:.15g}{declaration.unit_suffix}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
