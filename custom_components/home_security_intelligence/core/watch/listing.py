"""Listing the images in a folder and below it; each folder is watched before it is listed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import batched
import os
from pathlib import Path

from ..aio.file_executor import note_progress
from ..domain.errors import CameraFolderMissingError, CameraFolderPermissionError, WatchError
from ..domain.found_file import FoundFile, storable_mtime
from .cameras import CameraFolders, join
from .filenames import is_image_name, is_storable
from .ignored_names import IgnoredNames
from .inotify import WatchLimitError
from .listed_folders import ListedFolders

BATCH = 256  # files in one part of a listing


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingPart:
    """Part of a listing: images found, or a problem.

    `unreadable` is an entry of which nothing can be told; those beside it are listed.
    """

    files: tuple[FoundFile, ...] = ()
    problem: WatchError | None = None
    unreadable: str | None = None  # its path and the reason


def list_images(
    cameras: CameraFolders,
    folder: str,
    real: Path,
    watch: Callable[[str, Path], None],
    listed: ListedFolders,
    *,
    deep: bool,
) -> Iterator[ListingPart]:
    """Yield the images in this folder and below, without those of other cameras. Blocks.

    `real` is the folder's resolved path. `watch` is called for each folder before it is listed, so
    an image is either listed or reported by inotify. Symbolic links below the folder are ignored.
    Unless the listing is a deep one, folders in `listed` without a change since are left out.
    """
    camera = cameras.camera_of(folder)
    assert camera is not None  # noqa: S101 - only cameras' folders are listed
    folders = [(folder, real)]
    while folders:
        current, path = folders.pop()
        below: list[tuple[str, Path]] = []
        try:
            try:
                watch(current, path)
            except WatchLimitError as err:
                yield ListingPart(problem=err)
            except FileNotFoundError, NotADirectoryError:
                raise
            except OSError as err:
                yield ListingPart(problem=_unreadable(current, err))  # it can perhaps be listed
            known = None if deep or current == camera else listed.unchanged(current, path)
            if known is None:
                yield from _list_folder(camera, current, path, below, cameras.ignored, listed)
            else:
                note_progress()
                below += ((join(current, name), path / name) for name in known)
        except FileNotFoundError, NotADirectoryError:
            if current == camera:
                yield ListingPart(problem=missing(camera))
        except OSError as err:
            yield ListingPart(problem=_unreadable(current, err))
        # By name, which for date folders is the order of time.
        folders += sorted((item for item in below if not cameras.is_camera(item[0])), reverse=True)


def missing(folder: str) -> CameraFolderMissingError:
    """Return the error for a camera folder that does not exist."""
    return CameraFolderMissingError(f"The camera folder {folder!r} does not exist.")


def _list_folder(
    camera: str,
    folder: str,
    path: Path,
    below: list[tuple[str, Path]],
    ignored: IgnoredNames,
    listed: ListedFolders,
) -> Iterator[ListingPart]:
    """Yield the images in the folder, the oldest first, and add its subfolders to `below`.

    An entry that cannot be read hides no other one. If the listing breaks off, what it has found
    is yielded before the error is raised.
    """
    files: list[tuple[int, str, int]] = []  # modification time, name and size
    broken: OSError | None = None
    complete = True
    listing = listed.begin(camera, folder, path)
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                note_progress()
                if entry.name in ignored:
                    continue
                try:
                    is_folder = entry.is_dir(follow_symlinks=False)
                    if not is_folder and not is_image_name(entry.name):
                        continue
                    if not is_storable(entry.name):
                        complete = False
                        yield ListingPart(problem=_unstorable(folder))
                    elif is_folder:
                        below.append((join(folder, entry.name), path / entry.name))
                    elif (status := _stat_entry(entry)) is not None:
                        mtime_ns = storable_mtime(status.st_mtime_ns)
                        files.append((mtime_ns, entry.name, status.st_size))
                except OSError as err:
                    complete = False
                    name = join(folder, entry.name)
                    yield ListingPart(unreadable=f"{name!r}: {err.strerror}")
    except OSError as err:
        broken = err
    # Sorted as a whole: a backlog that does not fit into the queue has to start with its oldest.
    files.sort()
    for batch in batched(files, BATCH, strict=False):
        yield ListingPart(
            files=tuple(
                FoundFile(camera=camera, path=join(folder, name), size=size, mtime_ns=mtime_ns)
                for mtime_ns, name, size in batch
            )
        )
    if broken is not None:
        raise broken
    if complete:
        names = tuple(sorted(inner.name for _, inner in below))
        listed.finish(listing, frozenset(files), names)


def _stat_entry(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        if not entry.is_file(follow_symlinks=False):
            return None
        return entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None


def _unreadable(folder: str, err: OSError) -> WatchError:
    if isinstance(err, PermissionError):
        return CameraFolderPermissionError(f"There is no permission to read the folder {folder!r}.")
    return WatchError(f"The folder {folder!r} cannot be read: {err.strerror}.")


def _unstorable(folder: str) -> WatchError:
    return WatchError(
        f"An image or folder in {folder!r} has a name that is not valid UTF-8; rename it.",
        code="file_name",
    )
