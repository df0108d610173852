"""Checking and deleting the source files of images."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..domain.errors import PathEscapeError
from ..domain.file_version import version_as_found
from ..domain.found_file import FoundFile, stat_file
from ..domain.paths import resolve_below
from .reader import looks_unmounted


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCheck:
    """Which of the files checked are present and which are gone.

    Missing files of a camera whose folder is away or empty are in neither set: they may come back.
    """

    present: frozenset[FoundFile]  # as they were registered
    gone: frozenset[FoundFile]  # deleted, or replaced by another file


def check_files(root: Path, files: Sequence[FoundFile]) -> FileCheck:
    """Check which of the files are still present. Blocks."""
    reachable = {camera: _is_reachable(root, camera) for camera in {file.camera for file in files}}
    present = frozenset(file for file in files if _is_unchanged(root, file))
    gone = frozenset(file for file in files if file not in present and reachable[file.camera])
    return FileCheck(present=present, gone=gone)


def delete_file(root: Path, file: FoundFile) -> bool:
    """Delete a file unless it has been replaced; return whether it was deleted. Blocks."""
    try:
        if not _is_unchanged(root, file):
            return False
        # Only the folder is resolved: a link in place of the file itself must not be followed.
        folder, _, name = file.path.rpartition("/")
        (resolve_below(root, folder) / name).unlink()
    except OSError, PathEscapeError:
        return False
    return True


def _is_unchanged(root: Path, file: FoundFile) -> bool:
    now = stat_file(root, file.camera, file.path)
    return now is not None and version_as_found(now).matches(version_as_found(file))


def _is_reachable(root: Path, camera: str) -> bool:
    try:
        return not looks_unmounted(resolve_below(root, camera))
    except PathEscapeError:
        return False
