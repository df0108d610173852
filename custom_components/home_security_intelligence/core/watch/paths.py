"""Keeping within the camera root."""

from pathlib import Path

from ..domain.errors import PathEscapeError


def contained(root: Path, relative: str) -> Path:
    """Return the real path of `relative` below the root, or raise PathEscapeError. Blocks."""
    try:
        real = (root / relative).resolve()
        inside = real.is_relative_to(root.resolve())
    except (OSError, ValueError) as err:
        raise PathEscapeError(f"{relative!r} is no path below the camera root.") from err
    if not inside:
        raise PathEscapeError(f"{relative!r} leads out of the camera root.")
    return real
