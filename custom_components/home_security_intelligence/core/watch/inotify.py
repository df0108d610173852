"""Changes in watched folders, as inotify reports them."""

import asyncio
from dataclasses import dataclass
import errno
import os
from pathlib import Path

from asyncinotify import Event, InitFlags, Inotify, Mask, Watch

from ..domain.errors import WatchError
from .cameras import join
from .watched_folders import WatchedFolders

_MASK = (
    Mask.CLOSE_WRITE
    | Mask.ATTRIB
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
_CACHE_SIZE = 8  # events with the longest names read at once, or some hundred with short ones
_YIELD_AFTER = 64  # events or ended watches, in about a millisecond, before other tasks run
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
class FileCreated:
    """A file was created in the folder, by a writer or as a link to a complete one."""

    folder: str
    name: str


@dataclass(frozen=True, slots=True)
class FileAccessChanged:
    """The permissions of a file, its owner or its time were changed."""

    folder: str
    name: str


@dataclass(frozen=True, slots=True)
class FolderAdded:
    """A folder was created in or moved into a watched folder, or may have become readable."""

    folder: str


@dataclass(frozen=True, slots=True)
class FolderRemoved:
    """A watched folder was deleted, moved away or unmounted."""

    folder: str


@dataclass(frozen=True, slots=True)
class EventsLost:
    """The kernel's queue overflowed; only a scan finds what has changed."""


type FolderEvent = (
    FileClosed | FileCreated | FileAccessChanged | FolderAdded | FolderRemoved | EventsLost
)


class FolderEvents:
    """The events of watched folders, named by their path relative to the camera root.

    However many events and watches there are, other tasks run in between.
    """

    def __init__(self) -> None:
        self._inotify: Inotify | None = None
        self._opened = asyncio.Event()
        self._folders = WatchedFolders()
        self._steps = 0

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
            self._folders = WatchedFolders()
            self._opened.clear()

    def watch(self, folder: str, real: Path) -> None:
        """Watch one folder, or another one of this name; raises WatchLimitError or OSError. Blocks."""
        inotify, folders = self._inotify, self._folders
        if inotify is None:
            raise _limit_error()
        try:
            # A renamed folder keeps its watch, unless the watch was ended meanwhile.
            while not folders.add(folder, inotify.add_watch(real, _MASK)):
                pass
        except OSError as err:
            if err.errno in _LIMIT_ERRORS:
                raise _limit_error() from err
            raise

    def __contains__(self, folder: str) -> bool:
        """Return whether the folder is watched."""
        return folder in self._folders

    async def unwatch(self, folder: str) -> None:
        """End the watches on this folder and below that have not been renamed since."""
        for watch in self._folders.remove(folder):
            if self._inotify is None:
                return
            if not _end_watch(self._inotify, watch):
                self._folders.confirm_ended(watch)
            await self._let_others_run()

    async def next(self) -> FolderEvent:
        """Wait for the next event."""
        while True:
            await self._opened.wait()
            assert self._inotify is not None  # noqa: S101 - _opened is set only then
            event = self._convert(await self._inotify.get())
            await self._let_others_run()
            if event is not None:
                return event

    def _convert(self, event: Event) -> FolderEvent | None:
        mask = event.mask
        if mask & Mask.Q_OVERFLOW:
            return EventsLost()
        if event.watch is None:
            # The watch has ended, or is so new that its folder is yet to be listed.
            return None
        if mask & Mask.IGNORED:
            self._folders.confirm_ended(event.watch)
            return None
        folder = self._folders.folder_of(event.watch)
        found = None if folder is None else _folder_event(mask, folder, event.name)
        if mask & Mask.ATTRIB and isinstance(found, FolderAdded) and found.folder in self:
            return None
        return found

    async def _let_others_run(self) -> None:
        self._steps += 1
        if self._steps % _YIELD_AFTER == 0:
            await asyncio.sleep(0)


def _folder_event(mask: Mask, folder: str, name: Path | None) -> FolderEvent | None:
    if mask & (Mask.DELETE_SELF | Mask.UNMOUNT):
        return FolderRemoved(folder)
    if mask & Mask.MOVE_SELF:
        # The parent reports any other folder's move, under its old name.
        return FolderRemoved(folder) if not folder else None
    if name is None:
        return None
    if mask & Mask.ISDIR:
        path = join(folder, str(name))
        return FolderRemoved(path) if mask & Mask.MOVED_FROM else FolderAdded(path)
    if mask & (Mask.CLOSE_WRITE | Mask.MOVED_TO):
        return FileClosed(folder, str(name))
    if mask & Mask.CREATE:
        return FileCreated(folder, str(name))
    return FileAccessChanged(folder, str(name)) if mask & Mask.ATTRIB else None


def _end_watch(inotify: Inotify, watch: Watch) -> bool:
    """End a watch; return False if the kernel has already ended it."""
    try:
        inotify.rm_watch(watch)
    except OSError as err:
        if err.errno != errno.EINVAL:
            raise
        return False
    return True


def _limit_error() -> WatchLimitError:
    return WatchLimitError(
        "The limit for inotify watches is reached; new images are found later, by polling. Raise "
        "fs.inotify.max_user_watches and fs.inotify.max_user_instances."
    )
