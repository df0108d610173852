"""What inotify says of the watched folders, in our own words."""

import asyncio
from dataclasses import dataclass
import errno
import os
from pathlib import Path

from asyncinotify import Event, InitFlags, Inotify, Mask

from ..domain.errors import WatchError

_MASK = (
    Mask.CLOSE_WRITE
    | Mask.CREATE
    | Mask.MOVED_TO
    | Mask.MOVED_FROM
    | Mask.DELETE_SELF
    | Mask.MOVE_SELF
    | Mask.EXCL_UNLINK
    | Mask.ONLYDIR
    | Mask.DONT_FOLLOW
)
# The library's own NONBLOCK flag is another flag's value, and a read that blocks would stop the loop.
_FLAGS = InitFlags(os.O_CLOEXEC | os.O_NONBLOCK)
_CACHE_SIZE = 256  # events read at once
_LIMIT_ERRORS = frozenset({errno.ENOSPC, errno.EMFILE, errno.ENFILE})


class WatchLimitError(WatchError):
    """The system grants no more watches; the folder is scanned instead."""

    code = "watch_limit"


@dataclass(frozen=True, slots=True)
class FileWritten:
    """A file was closed after writing or renamed into the folder."""

    folder: str
    name: str


@dataclass(frozen=True, slots=True)
class FolderAppeared:
    """A folder was made in or moved into a watched folder."""

    folder: str


@dataclass(frozen=True, slots=True)
class FolderGone:
    """A watched folder was deleted, moved away or unmounted."""

    folder: str


@dataclass(frozen=True, slots=True)
class ChangesLost:
    """There were more changes than the system keeps; only a scan knows what they were."""


type Change = FileWritten | FolderAppeared | FolderGone | ChangesLost


class FolderChanges:
    """Watches single folders, named by their path relative to the camera root."""

    def __init__(self) -> None:
        self._inotify: Inotify | None = None
        self._opened = asyncio.Event()

    def open(self) -> None:
        """Begin, unless begun; raises WatchLimitError."""
        if self._inotify is not None:
            return
        try:
            self._inotify = Inotify(flags=_FLAGS, cache_size=_CACHE_SIZE)
        except OSError as err:
            raise _limit_error() from err
        self._opened.set()

    def close(self) -> None:
        """End all watches; it may be opened again."""
        if self._inotify is not None:
            self._inotify.close()
            self._inotify = None
            self._opened.clear()

    def watch(self, folder: str, real: Path) -> None:
        """Watch one folder, again where it is a new one; raises WatchLimitError or OSError. Blocks."""
        if self._inotify is None:
            raise _limit_error()
        try:
            watch = self._inotify.add_watch(real, _MASK)
        except OSError as err:
            if err.errno in _LIMIT_ERRORS:
                raise _limit_error() from err
            raise
        # A folder that was renamed keeps its watch, and with it its old name.
        watch.path = Path(folder)

    def unwatch(self, folder: str) -> None:
        """End the watches on this folder and all below it that still go by this name."""
        if self._inotify is None:
            return
        for watch in self._inotify.watches:
            if watch.path.is_relative_to(folder or "."):
                try:
                    self._inotify.rm_watch(watch)
                except OSError as err:
                    if err.errno != errno.EINVAL:  # the system has already ended it
                        raise

    async def next(self) -> Change:
        """Return the next change."""
        await self._opened.wait()
        assert self._inotify is not None  # noqa: S101 - that is what opened means
        while True:
            change = _change_of(await self._inotify.get())
            if change is not None:
                return change


def _change_of(event: Event) -> Change | None:
    if Mask.Q_OVERFLOW in event.mask:
        return ChangesLost()
    if event.watch is None:
        # The watch is so new that its folder is still to be listed, or it has been ended.
        return None
    folder = _relative(event.watch.path)
    if event.mask & (Mask.DELETE_SELF | Mask.UNMOUNT):
        return FolderGone(folder)
    if Mask.MOVE_SELF in event.mask:
        # Any other folder's move is told by the folder above, under the name it had.
        return FolderGone(folder) if not folder else None
    if event.name is None:
        return None
    name = str(event.name)
    if Mask.ISDIR in event.mask:
        path = _relative(event.watch.path / name)
        return FolderGone(path) if Mask.MOVED_FROM in event.mask else FolderAppeared(path)
    if event.mask & (Mask.CLOSE_WRITE | Mask.MOVED_TO):
        return FileWritten(folder, name)
    return None


def _relative(path: Path) -> str:
    text = path.as_posix()
    return "" if text == "." else text


def _limit_error() -> WatchLimitError:
    return WatchLimitError(
        "The system grants no more folder watches (fs.inotify.max_user_watches or "
        "max_user_instances); new pictures are found later, by scanning."
    )
