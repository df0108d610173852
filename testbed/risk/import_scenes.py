"""Copies an author's scenes into the pool: `python -m testbed.risk.import_scenes FOLDER AUTHOR`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
import sys
from typing import Final

import yaml

import testbed.core  # noqa: F401 # registers hsi_core

from hsi_core.domain.models import RiskLevel  # isort: skip

from testbed.risk.pools import SCENARIOS
from testbed.risk.scenarios import ScenarioError, read

# An author names the level wanted at the end of the story; one beside it is accepted.
_LEVELS: Final = {
    (True, RiskLevel.MEDIUM): ("medium", "high"),
    (True, RiskLevel.HIGH): ("high", "critical"),
    (True, RiskLevel.CRITICAL): ("critical",),
    (False, RiskLevel.LOW): ("low",),
    (False, RiskLevel.MEDIUM): ("low", "medium"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Copy the valid scenes; return 1 if one is invalid."""
    parser = argparse.ArgumentParser(prog="import-scenes", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("author", help="the sub-folder author_AUTHOR is written")
    parser.add_argument("--into", type=Path, default=SCENARIOS, metavar="DIR")
    options = parser.parse_args(argv)
    target = options.into / f"author_{options.author}"
    target.mkdir(parents=True, exist_ok=True)
    bad = copied = 0
    for file in sorted(options.folder.glob("*.yaml")):
        copy = target / file.name
        try:
            copy.write_text(scene_text(yaml.safe_load(file.read_text("utf-8"))), "utf-8")
            read(copy)
            copied += 1
        except (ScenarioError, KeyError, TypeError, ValueError, yaml.YAMLError) as err:
            copy.unlink(missing_ok=True)
            print(f"{file}: {type(err).__name__}: {err}", file=sys.stderr)
            bad += 1
    print(f"{copied} scenes copied to {target}, {bad} refused")
    return 1 if bad or not copied else 0


def scene_text(raw: Mapping[str, object]) -> str:
    """Return a scene as the pool keeps it; raises KeyError and ValueError.

    The images before the story come first, the level wanted becomes the levels accepted.
    """
    expected = _mapping(raw["expected"])
    incident, level = expected["incident"] is True, RiskLevel(str(expected["level"]))
    if (incident, level) not in _LEVELS:
        raise ValueError(f"incident is {incident} and the level {level}")
    camera, context = _mapping(raw["camera"]), dict(_mapping(raw["context"]))
    home = context.pop("home", None)
    images = [*_list(raw.get("history")), *_list(raw["images"])]
    lines = [
        f"id: {_flow(raw['id'])}",
        f"rationale: {_flow(raw['rationale'])}",
        f"source: {_flow(raw.get('source', 'unknown'))}",
        "camera:",
        *(f"  {key}: {_flow(value)}" for key, value in camera.items() if key != "zones"),
        *_listed("zones", _list(camera.get("zones")), keep_empty=True),
        "context:",
        *(f"  {key}: {_flow(value)}" for key, value in context.items()),
        *([] if home is None else _listed("home", _list(home), keep_empty=True)),
        "images:",
        *(f"  - {_flow(each)}" for each in images),
        *(["others:"] if raw.get("others") else []),
        *(f"  - {_flow(each)}" for each in _list(raw.get("others"))),
        f"expected: {_flow({'kind': _KIND[incident], 'levels': [*_LEVELS[incident, level]]})}",
        f"why: {_flow(expected.get('reason', ''))}",
        f"tags: {_flow([str(each) for each in _list(raw.get('tags'))])}",
    ]
    return "\n".join(lines) + "\n"


_KIND: Final = {True: "incident", False: "benign"}


def _listed(name: str, items: Sequence[object], *, keep_empty: bool) -> list[str]:
    if not items:
        return [f"  {name}: []"] if keep_empty else []
    return [f"  {name}:", *(f"    - {_flow(each)}" for each in items)]


def _flow(value: object) -> str:
    """Return a value in one line of YAML."""
    text = yaml.safe_dump(
        _plain(value), default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**6
    )
    return text.removesuffix("...\n").strip()


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise TypeError(f"{value!r} is not a mapping")
    return value


def _list(value: object) -> Sequence[object]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is not a list")
    return value


if __name__ == "__main__":
    sys.exit(main())
