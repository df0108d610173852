"""The picture files themselves: whether one lies there still as it was, and its deletion."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..domain.errors import PathEscapeError
from ..domain.file_version import version_as_found
from ..domain.found_file import FoundFile, look_at
from ..watch.paths import contained
from .reader import is_bare


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a look at files has found."""

    there: frozenset[FoundFile]  # as they were registered
    gone: frozenset[FoundFile]  # deleted, or another file by now

    # Files of a camera whose folder is away, or empty as where its share is not mounted, are
    # neither: it may come back.


def look(root: Path, files: Sequence[FoundFile]) -> Look:
    """Look which of the files are there. Blocks."""
    reachable = {camera: _is_reachable(root, camera) for camera in {file.camera for file in files}}
    there = frozenset(file for file in files if _is_as_it_was(root, file))
    gone = frozenset(file for file in files if file not in there and reachable[file.camera])
    return Look(there=there, gone=gone)


def delete(root: Path, file: FoundFile) -> bool:
    """Delete a file unless it is another one by now; tell whether it is gone. Blocks."""
    try:
        if not _is_as_it_was(root, file):
            return False
        # The folder is resolved, the name is not: it is this very file that goes.
        folder, _, name = file.path.rpartition("/")
        (contained(root, folder) / name).unlink()
    except OSError, PathEscapeError:
        return False
    return True


def _is_as_it_was(root: Path, file: FoundFile) -> bool:
    now = look_at(root, file.camera, file.path)
    return now is not None and version_as_found(now).matches(version_as_found(file))


def _is_reachable(root: Path, camera: str) -> bool:
    try:
        return not is_bare(contained(root, camera))
    except PathEscapeError:
        return False
