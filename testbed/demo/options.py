"""The demo's command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

DEFAULT_PORT = 8123  # Home Assistant's own


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The parsed command line."""

    once: bool
    json: Path | None
    camera_root: Path | None
    port: int  # 0 = any free one


def parse(argv: Sequence[str]) -> Options:
    """Read the command line; ends the process with status 2 if it is invalid."""
    parser = argparse.ArgumentParser(
        prog="scripts/demo",
        description="Runs the whole system: PostgreSQL, the inference server, Home Assistant, "
        "and simulated cameras that upload images. Ctrl-C stops everything and removes all "
        "files.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--once",
        action="store_true",
        help="exit, with status 1 unless every image reached its expected final state and "
        "Home Assistant shows it",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the outcome as JSON")
    parser.add_argument(
        "--camera-root",
        type=Path,
        metavar="DIR",
        help="watch your own folder, with one folder a camera below it, instead of uploading",
    )
    parser.add_argument(
        "--port",
        type=int,
        default=DEFAULT_PORT,
        help=f"Home Assistant's port on this machine, 0 for any free one ({DEFAULT_PORT})",
    )
    given = parser.parse_args(argv)
    if not 0 <= given.port <= 65535:
        parser.error("--port must be 0 to 65535")
    if given.once and given.camera_root is not None:
        parser.error("--once goes with the demo's own images, not with --camera-root")
    return Options(once=given.once, json=given.json, camera_root=given.camera_root, port=given.port)
