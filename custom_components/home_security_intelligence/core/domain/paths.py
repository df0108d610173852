"""Paths below the camera root."""

from pathlib import Path

from .errors import PathEscapeError


def resolve_below(root: Path, relative: str) -> Path:
    """Return the real path of `relative` below the root. Blocks.

    Raises PathEscapeError if the path leads out of the root.
    """
    try:
        real = (root / relative).resolve()
        inside = real.is_relative_to(root.resolve())
    except (OSError, ValueError) as err:
        raise PathEscapeError(f"{relative!r} is not a path below the camera root.") from err
    if not inside:
        raise PathEscapeError(f"{relative!r} leads out of the camera root.")
    return real
