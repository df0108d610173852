"""Checking and deleting the source files of images.

Other programs may replace a folder by a link at any moment. So each folder is opened without
following a link out of the root, and its files are checked and deleted relative to its descriptor.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
import os
from pathlib import Path
import stat

from ..aio.file_executor import note_progress
from ..domain.errors import PathEscapeError
from ..domain.file_version import version_as_found, version_of
from ..domain.found_file import FoundFile
from .safe_open import open_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCheck:
    """Which of the files checked are present and which are gone.

    In neither set: missing files of a camera whose folder is away or empty, and files of a folder
    that cannot be read. They may come back.
    """

    present: frozenset[FoundFile]  # as they were registered
    gone: frozenset[FoundFile]  # deleted, or replaced by another file


def check_files(root: Path, files: Sequence[FoundFile]) -> FileCheck:
    """Check which of the files are still present. Blocks."""
    cameras = {file.camera for file in files}
    # Before and after: a share may be unmounted, or mounted, during the check.
    reachable = {camera for camera in cameras if _is_reachable(root, camera)}
    found = dict(_presence(root, files))
    reachable = {camera for camera in reachable if _is_reachable(root, camera)}
    return FileCheck(
        present=frozenset(file for file, present in found.items() if present),
        gone=frozenset(
            file for file, present in found.items() if not present and file.camera in reachable
        ),
    )


def delete_file(root: Path, file: FoundFile) -> bool:
    """Delete a file unless it has been replaced; return whether it was deleted. Blocks."""
    folder, _, name = file.path.rpartition("/")
    try:
        with open_folder(root, folder) as opened:
            if not _is_unchanged(opened, name, file):
                return False
            os.unlink(name, dir_fd=opened)
    except OSError, PathEscapeError:
        return False
    return True


def _presence(root: Path, files: Iterable[FoundFile]) -> Iterator[tuple[FoundFile, bool]]:
    """Yield whether each file is present; nothing about files that cannot be checked."""
    by_folder: defaultdict[str, list[FoundFile]] = defaultdict(list)
    for file in files:
        by_folder[file.path.rpartition("/")[0]].append(file)
    for folder, inside in by_folder.items():
        note_progress()
        try:
            with open_folder(root, folder) as opened:
                yield from _presence_in(opened, inside)
        except FileNotFoundError:
            yield from ((file, False) for file in inside)
        except OSError, PathEscapeError:
            continue


def _presence_in(folder: int, files: Iterable[FoundFile]) -> Iterator[tuple[FoundFile, bool]]:
    for file in files:
        note_progress()
        try:
            yield file, _is_unchanged(folder, file.path.rpartition("/")[2], file)
        except FileNotFoundError:
            yield file, False
        except OSError:
            continue


def _is_unchanged(folder: int, name: str, file: FoundFile) -> bool:
    """Return whether a name in an open folder still is this version of a regular file."""
    status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    return stat.S_ISREG(status.st_mode) and version_of(status).matches(version_as_found(file))


def _is_reachable(root: Path, camera: str) -> bool:
    """Return whether the camera's folder has entries, unlike a mount point without its share."""
    try:
        with open_folder(root, camera) as opened, os.scandir(opened) as entries:
            return next(entries, None) is not None
    except OSError, PathEscapeError:
        return False
