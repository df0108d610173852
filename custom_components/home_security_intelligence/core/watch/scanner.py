"""Listing a folder and all below it, piece by piece, each folder after its watch stands."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
import os
from pathlib import Path

from ..domain.errors import CameraFolderMissingError, CameraFolderPermissionError, WatchError
from ..domain.found_file import FoundFile, found_file
from .cameras import CameraFolders, join
from .filenames import is_hidden, is_image_name, is_storable
from .inotify import WatchLimitError

BATCH = 256  # files listed before they are handed over


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A piece of a walk: pictures found, or what stood in the way."""

    files: tuple[FoundFile, ...] = ()
    problem: WatchError | None = None


def walk(
    cameras: CameraFolders, folder: str, real: Path, watch: Callable[[str, Path], None]
) -> Iterator[Batch]:
    """Yield what is in this folder and below, other cameras' folders left out. Blocks.

    `real` is the folder's resolved path. No symbolic link below it is followed.
    """
    camera = cameras.camera_of(folder)
    assert camera is not None  # noqa: S101 - only cameras' folders are walked
    folders = [(folder, real)]
    while folders:
        current, path = folders.pop()
        below: list[tuple[str, Path]] = []
        try:
            try:
                watch(current, path)
            except WatchLimitError as err:
                yield Batch(problem=err)
            yield from _list(camera, current, path, below)
        except FileNotFoundError, NotADirectoryError:
            if current == camera:
                yield Batch(problem=missing(camera))
        except OSError as err:
            yield Batch(problem=_problem(current, err))
        # Date folders are walked in the order of their names, which is the order of time.
        folders += sorted((item for item in below if not cameras.is_camera(item[0])), reverse=True)


def missing(folder: str) -> CameraFolderMissingError:
    """Return the error for a camera's folder that is not there."""
    return CameraFolderMissingError(f"The camera folder {folder!r} is not there.")


def _list(camera: str, folder: str, path: Path, below: list[tuple[str, Path]]) -> Iterator[Batch]:
    """Yield the folder's pictures and note the folders within it."""
    files: list[FoundFile] = []
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if is_hidden(entry.name):
                    continue
                if is_storable(entry.name):
                    below.append((join(folder, entry.name), path / entry.name))
                else:
                    yield Batch(problem=_unstorable(folder))
                continue
            if not is_image_name(entry.name):
                continue
            if not is_storable(entry.name):
                yield Batch(problem=_unstorable(folder))
                continue
            file = _look(camera, folder, entry)
            if file is not None:
                files.append(file)
            if len(files) >= BATCH:
                yield Batch(files=tuple(files))
                files.clear()
    if files:
        yield Batch(files=tuple(files))


def _look(camera: str, folder: str, entry: os.DirEntry[str]) -> FoundFile | None:
    try:
        if not entry.is_file(follow_symlinks=False):
            return None
        status = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    return found_file(camera, join(folder, entry.name), status)


def _problem(folder: str, err: OSError) -> WatchError:
    if isinstance(err, PermissionError):
        return CameraFolderPermissionError(f"The folder {folder!r} may not be read.")
    return WatchError(f"The folder {folder!r} cannot be read: {err.strerror}.")


def _unstorable(folder: str) -> WatchError:
    return WatchError(
        f"A picture or folder in {folder!r} has a name that is not UTF-8; rename it.",
        code="file_name",
    )
