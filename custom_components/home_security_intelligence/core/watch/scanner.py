"""Scanning camera folders: watching them, finding their images and reporting problems."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
import logging
import os
from pathlib import Path

from ..aio.file_executor import FileExecutor
from ..aio.health_board import HealthBoard
from ..domain.errors import (
    CameraFolderUnmountedError,
    PathEscapeError,
    StorageStalledError,
    WatchError,
)
from ..domain.found_file import LIVE_FOR, FoundFile
from ..domain.paths import resolve_below
from ..domain.settings import Settings
from .cameras import CameraFolders, ancestors_of
from .completeness import CompletenessCheck
from .deliveries import Deliveries
from .inotify import FolderEvents, WatchLimitError
from .listed_folders import ListedFolders
from .listing import ListingPart, list_images, missing
from .mounts import FolderMounts, mounts_of, read_mounts, supports_inotify
from .schedule import Scan

_LOGGER = logging.getLogger(__name__)


class CameraScanner:
    """Finds the images in camera folders and keeps the cameras' problems in the health."""

    def __init__(
        self,
        root: Path,
        cameras: CameraFolders,
        events: FolderEvents,
        completeness: CompletenessCheck,
        deliveries: Deliveries,
        files: FileExecutor,
        health: HealthBoard,
        settings: Settings,
        *,
        mountinfo: Path,
        now: Callable[[], datetime],
    ) -> None:
        self._root = root
        self._mountinfo = mountinfo
        self._cameras = cameras
        self._events = events
        self._completeness = completeness
        self._deliveries = deliveries
        self._files = files
        self._health = health
        self._settings = settings
        self._problems: dict[str, WatchError] = {}
        self._unreadable: dict[str, str] = {}  # the first unreadable entry of a camera's folder
        self._polled: set[str] = set()
        self._mounts: dict[str, FolderMounts] = {}  # of a camera's folder, at its last scan
        self._holders: dict[str, str] = {}  # the mount point that held the folder while in use
        self._now = now
        self._listed = ListedFolders()
        deliveries.on_left_behind(self._listed.forget)
        self._scanned: dict[str, float] = {}  # when a complete scan of the camera began

    def needs(self, camera: str, scan: Scan) -> bool:
        """Return whether the camera needs a scan of this kind now."""
        match scan:
            case Scan.FULL:
                return True
            case Scan.RETRY:
                unfinished = (self._deliveries.postponed, self._problems, self._unreadable)
                return any(camera in cameras for cameras in unfinished)
            case Scan.POLL:
                return camera in self._polled

    async def scan(self, camera: str, *, deep: bool) -> None:
        """Watch and scan a camera, and report its problem.

        A deep scan lists all its folders, also old ones without a change, and forgets files that it
        does not find.
        """
        limit: WatchError | None = None
        if not self._settings.watch_polling:
            try:
                self._events.open()
                await self._files.call(camera, camera, self._watch_ancestors, camera)
            except WatchLimitError as err:
                limit = err
            except StorageStalledError:
                _LOGGER.debug("The scan of the camera finds out what does not respond")
        if deep:
            self._deliveries.begin_full_scan(camera)
        await self._scan_camera(camera, limit, deep=deep)
        if deep:
            self._deliveries.end_full_scan(camera)

    async def scan_new_folder(self, folder: str) -> None:
        """Watch and scan a folder that was created within a camera's."""
        problem = await self._scan_folder(folder, deep=True)
        camera = self._cameras.camera_of(folder)
        if problem is not None and camera is not None:
            self._report(camera, problem)

    async def find_remounted(self) -> list[str]:
        """Return the cameras whose file systems have changed since their last scan."""
        try:
            text = await self._files.call("", "mounts", read_mounts, self._mountinfo)
        except StorageStalledError:
            return []
        found: list[str] = []
        for camera, before in tuple(self._mounts.items()):
            with suppress(OSError, StorageStalledError):
                if text is None:
                    now = await self._files.call(camera, camera, mounts_of, before.real, None)
                else:
                    now = mounts_of(
                        before.real, text
                    )  # does not ask the file system, which may hang
                if now.ids != before.ids:
                    found.append(camera)
        return found

    def note_stall(self, camera: str) -> None:
        """Report that the folder of a camera does not respond; a scan finds out when it does."""
        if self._cameras.is_camera(camera) and self._files.is_stalled(camera):
            self._report(camera, _stalled(camera))

    async def _scan_camera(self, camera: str, limit: WatchError | None, *, deep: bool) -> None:
        """Scan a camera and report its problem, which may be the system's limit for watches."""
        began = asyncio.get_running_loop().time()
        self._note_unfinished(camera)
        self._deliveries.begin_scan(camera)
        problem = await self._check_mounts(camera) or await self._scan_folder(camera, deep=deep)
        self._deliveries.end_scan(camera, complete=problem is None)
        if problem is None:
            self._scanned[camera] = began
        else:
            self._scanned.pop(camera, None)
        problem = problem or limit
        if isinstance(problem, WatchLimitError):
            self._polled.add(camera)
        self._report(camera, problem)

    async def _check_mounts(self, camera: str) -> WatchError | None:
        """Decide whether the camera is polled: a share may be mounted, or vanish, at any time."""
        try:
            mounts, is_empty = await self._files.call(camera, camera, self._read_mounts, camera)
        except StorageStalledError:
            return _stalled(camera)
        except OSError, PathEscapeError:
            return None  # the scan reports the problem
        self._mounts[camera] = mounts
        polled = self._settings.watch_polling or not supports_inotify(mounts)
        if polled and camera not in self._polled:
            _LOGGER.info("Camera %s is polled every %g s", camera, self._settings.polling_interval)
        (self._polled.add if polled else self._polled.discard)(camera)
        holder = self._holders.get(camera, mounts.holder)
        if is_empty and holder != mounts.holder and Path(holder).is_relative_to(mounts.holder):
            return CameraFolderUnmountedError(
                f"The file system that was mounted at {holder} is no longer mounted."
            )
        self._holders[camera] = mounts.holder
        return None

    def _read_mounts(self, camera: str) -> tuple[FolderMounts, bool]:
        """Return the mounts of a camera's folder and whether the folder is empty. Blocks."""
        real = resolve_below(self._root, camera)
        mounts = mounts_of(real, read_mounts(self._mountinfo))
        try:
            with os.scandir(real) as entries:
                return mounts, next(entries, None) is None
        except OSError:
            return mounts, False  # the scan reports the problem

    def _watch_ancestors(self, camera: str) -> None:
        for folder in ancestors_of(camera):
            # The scan of the camera reports a folder that is missing or not readable.
            with suppress(PathEscapeError, OSError):
                self._events.watch(folder, resolve_below(self._root, folder))

    async def _scan_folder(self, folder: str, *, deep: bool) -> WatchError | None:
        """Check the images in this folder and below; return the first problem."""
        problem: WatchError | None = None
        unreadable: str | None = None
        listing = self._list(folder, deep=deep)
        camera = self._cameras.camera_of(folder) or ""
        try:
            while (part := await self._files.call(camera, folder, next, listing, None)) is not None:
                problem = problem or part.problem
                unreadable = unreadable or part.unreadable
                for file in part.files:
                    await self._completeness.check_listed(
                        self._noticed(file), remote=file.camera in self._polled
                    )
        except StorageStalledError:
            return _stalled(camera)
        self._note_unreadable(camera, folder, unreadable)
        return problem

    def _note_unfinished(self, camera: str) -> None:
        """Note if the last scan has left files: those are not new when this one finds them."""
        if camera in self._deliveries.postponed:
            self._scanned.pop(camera, None)

    def _noticed(self, file: FoundFile) -> FoundFile:
        """Return the file with its arrival if it was not there in a scan a short while ago."""
        scanned = self._scanned.get(file.camera)
        if (
            scanned is None
            or file.camera not in self._polled
            or asyncio.get_running_loop().time() - scanned > LIVE_FOR.total_seconds()
            or self._deliveries.is_known(file)
        ):
            return file
        return replace(file, arrived_at=self._now())

    def _list(self, folder: str, *, deep: bool) -> Iterator[ListingPart]:
        try:
            real = resolve_below(self._root, folder)
        except PathEscapeError as err:
            yield ListingPart(problem=WatchError(str(err), code=err.code))
            return
        if not self._root.is_dir():
            yield ListingPart(problem=missing(str(self._root)))
            return
        watch = _watch_nothing if self._settings.watch_polling else self._events.watch
        yield from list_images(self._cameras, folder, real, watch, self._listed, deep=deep)

    def _note_unreadable(self, camera: str, folder: str, entry: str | None) -> None:
        """Log an entry that cannot be read; the next scans try again."""
        if entry is None:
            if folder == camera:
                self._unreadable.pop(camera, None)
        elif self._unreadable.get(camera) != entry:
            self._unreadable[camera] = entry
            _LOGGER.warning("Camera %s: an entry cannot be read, %s", camera, entry)

    def _report(self, camera: str, problem: WatchError | None) -> None:
        before = self._problems.get(camera)
        if problem is None:
            self._problems.pop(camera, None)
        else:
            self._problems[camera] = problem
        if repr(before) != repr(problem):
            self._health.camera_trouble(camera, problem)


def _stalled(camera: str) -> WatchError:
    error = StorageStalledError.of(camera)
    return WatchError(str(error), code=error.code)


def _watch_nothing(_folder: str, _real: Path) -> None:
    """Leave a polled folder unwatched."""
