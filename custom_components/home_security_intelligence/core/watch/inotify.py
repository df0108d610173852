"""Changes in watched folders, as inotify reports them."""

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
# The library's NONBLOCK has the value of another flag; a blocking read would stop the event loop.
_FLAGS = InitFlags(os.O_CLOEXEC | os.O_NONBLOCK)
_CACHE_SIZE = 256  # events read at once
_LIMIT_ERRORS = frozenset({errno.ENOSPC, errno.EMFILE, errno.ENFILE})


class WatchLimitError(WatchError):
    """The system's limit for watches is reached; the folder is polled instead."""

    code = "watch_limit"


@dataclass(frozen=True, slots=True)
class FileClosed:
    """A file was closed after writing or renamed into the folder."""

    folder: str
    name: str


@dataclass(frozen=True, slots=True)
class FolderAdded:
    """A folder was created in or moved into a watched folder."""

    folder: str


@dataclass(frozen=True, slots=True)
class FolderRemoved:
    """A watched folder was deleted, moved away or unmounted."""

    folder: str


@dataclass(frozen=True, slots=True)
class EventsLost:
    """The kernel's queue overflowed; only a scan finds what has changed."""


type FolderEvent = FileClosed | FolderAdded | FolderRemoved | EventsLost


class FolderEvents:
    """The events of watched folders, named by their path relative to the camera root."""

    def __init__(self) -> None:
        self._inotify: Inotify | None = None
        self._opened = asyncio.Event()

    def open(self) -> None:
        """Open inotify unless it is open; raises WatchLimitError."""
        if self._inotify is not None:
            return
        try:
            self._inotify = Inotify(flags=_FLAGS, cache_size=_CACHE_SIZE)
        except OSError as err:
            raise _limit_error() from err
        self._opened.set()

    def close(self) -> None:
        """End all watches and close inotify; it may be opened again."""
        if self._inotify is not None:
            self._inotify.close()
            self._inotify = None
            self._opened.clear()

    def watch(self, folder: str, real: Path) -> None:
        """Watch one folder, or another one of this name; raises WatchLimitError or OSError. Blocks."""
        if self._inotify is None:
            raise _limit_error()
        try:
            watch = self._inotify.add_watch(real, _MASK)
        except OSError as err:
            if err.errno in _LIMIT_ERRORS:
                raise _limit_error() from err
            raise
        # A renamed folder keeps its watch, which has the old name.
        watch.path = Path(folder)

    def unwatch(self, folder: str) -> None:
        """End the watches on this folder and below that have not been renamed since."""
        if self._inotify is None:
            return
        for watch in self._inotify.watches:
            if watch.path.is_relative_to(folder or "."):
                try:
                    self._inotify.rm_watch(watch)
                except OSError as err:
                    if err.errno != errno.EINVAL:  # the kernel has already ended it
                        raise

    async def next(self) -> FolderEvent:
        """Wait for the next event."""
        await self._opened.wait()
        assert self._inotify is not None  # noqa: S101 - _opened is set only then
        while True:
            event = _convert(await self._inotify.get())
            if event is not None:
                return event


def _convert(event: Event) -> FolderEvent | None:
    if Mask.Q_OVERFLOW in event.mask:
        return EventsLost()
    if event.watch is None:
        # The watch has ended, or is so new that its folder is yet to be listed.
        return None
    folder = _relative(event.watch.path)
    if event.mask & (Mask.DELETE_SELF | Mask.UNMOUNT):
        return FolderRemoved(folder)
    if Mask.MOVE_SELF in event.mask:
        # The parent reports any other folder's move, under its old name.
        return FolderRemoved(folder) if not folder else None
    if event.name is None:
        return None
    name = str(event.name)
    if Mask.ISDIR in event.mask:
        path = _relative(event.watch.path / name)
        return FolderRemoved(path) if Mask.MOVED_FROM in event.mask else FolderAdded(path)
    if event.mask & (Mask.CLOSE_WRITE | Mask.MOVED_TO):
        return FileClosed(folder, name)
    return None


def _relative(path: Path) -> str:
    text = path.as_posix()
    return "" if text == "." else text


def _limit_error() -> WatchLimitError:
    return WatchLimitError(
        "The limit for inotify watches is reached; new images are found later, by polling. Raise "
        "fs.inotify.max_user_watches and fs.inotify.max_user_instances."
    )
