"""Find and check camera folders on disk; these functions block, call them by `async_call`."""

from collections.abc import Callable
import os
from pathlib import Path, PurePosixPath
import re

from homeassistant.core import HomeAssistant
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .core.aio.file_executor import FileExecutor
from .core.domain.errors import PathEscapeError, StorageStalledError
from .core.domain.paths import resolve_below
from .core.domain.settings import Settings
from .core.watch.filenames import is_storable
from .core.watch.ignored_names import IgnoredNames

_EXECUTOR: HassKey[FileExecutor] = HassKey(f"{DOMAIN}_folders")


class FolderError(Exception):
    """A folder cannot be used; `reason` is a translation key."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


async def async_call[**P, T](
    hass: HomeAssistant, root: Path, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Return what a function returns that reads below the root; raises FolderError if it hangs.

    A folder that hangs would take one thread of Home Assistant after the other; here it takes one.
    """
    if (files := hass.data.get(_EXECUTOR)) is None:
        files = hass.data[_EXECUTOR] = FileExecutor(stall_limit=Settings().storage_timeout)

    def close_unless_stalled(_: object = None) -> None:
        if not files.is_stalled(str(root)):
            hass.data.pop(_EXECUTOR, None)
            files.close()

    files.on_stall_changed(close_unless_stalled)
    try:
        return await files.call(str(root), str(root), function, *args, **kwargs)
    except StorageStalledError as err:
        raise FolderError("folder_not_readable") from err
    finally:
        close_unless_stalled()


def camera_folders(hass: HomeAssistant, root: Path, ignored: IgnoredNames) -> list[str]:
    """Return the names of the folders directly below the camera root; raises FolderError."""
    check_root(hass, root)
    try:
        with os.scandir(root) as entries:  # it asks no file system that is mounted below
            found = sorted(
                entry.name
                for entry in entries
                if entry.is_dir() and entry.name not in ignored and is_storable(entry.name)
            )
    except OSError as err:
        raise FolderError("folder_not_readable") from err
    if not found:
        raise FolderError("folder_empty")
    return found


def check_root(hass: HomeAssistant, root: Path) -> None:
    """Raise FolderError unless Home Assistant is allowed to read the camera root."""
    if not root.is_absolute():
        raise FolderError("folder_not_absolute")
    if not root.is_dir():
        raise FolderError("folder_missing")
    if not hass.config.is_allowed_path(str(root)):
        raise FolderError("folder_not_allowed")


def camera_folder(root: Path, typed: str, taken: list[str]) -> str:
    """Return the folder of a new camera, relative to the root; raises FolderError.

    It must exist and must not overlap a folder in `taken`.
    """
    folder = PurePosixPath(typed.strip().strip("/")).as_posix()
    try:
        path = resolve_below(root, folder)
    except PathEscapeError as err:
        raise FolderError("folder_outside") from err
    if folder == "." or ".." in PurePosixPath(folder).parts:
        raise FolderError("folder_outside")
    if not path.is_dir():
        raise FolderError("folder_missing")
    if any(_overlap(folder, other) for other in taken):
        raise FolderError("folder_taken")
    return folder


def default_name(folder: str) -> str:
    """Return a camera's default name: `front_door` becomes `Front door`."""
    words = re.sub(r"[\s_/-]+", " ", folder).strip() or folder
    return words[0].upper() + words[1:]


def _overlap(one: str, other: str) -> bool:
    """Return whether two folders are the same or one contains the other."""
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")
