"""Watching the camera folders for complete image files."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
import logging
from pathlib import Path

from ..aio.file_executor import FileExecutor
from ..aio.health_board import HealthBoard
from ..aio.ordered_tasks import OrderedTasks
from ..aio.publisher import Publisher
from ..domain.models import Camera, Image, SkipReason
from ..domain.settings import Settings
from ..domain.updates import ImageUpdate, Update
from .camera_scans import CameraScans
from .cameras import CameraFolders, join
from .completeness import CompletenessCheck
from .deliveries import Deliveries
from .filenames import is_image_name, is_storable
from .ignored_names import IgnoredNames
from .inotify import (
    EventsLost,
    FileAccessChanged,
    FileClosed,
    FileCreated,
    FolderAdded,
    FolderEvents,
    FolderRemoved,
)
from .mount_events import MountEvents
from .mounts import MOUNTINFO
from .scanner import CameraScanner
from .schedule import Scan

_LOGGER = logging.getLogger(__name__)

_NEW_FOLDERS_LIMIT = 1000  # if more are created at once, a full scan finds them
_REPLACED_LIMIT = 1000  # images; a later scan finds the files of further ones
_CLOSED_LIMIT = 1000  # files of one camera that wait to be checked; a full scan finds further ones


class FolderWatcher:
    """Finds complete files with inotify, and by scanning where inotify does not report them.

    Cameras on shared file systems, or without an inotify watch because of the system's limit, are
    scanned every `polling_interval`; with `watch_polling` all cameras are. The file of an image that
    was skipped as replaced is checked at once.
    """

    def __init__(
        self,
        root: Path,
        cameras: Sequence[Camera],
        deliveries: Deliveries,
        *,
        files: FileExecutor,
        health: HealthBoard,
        publisher: Publisher,
        settings: Settings,
        mountinfo: Path = MOUNTINFO,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._cameras = CameraFolders(cameras, IgnoredNames(settings.ignored_names))
        self._deliveries = deliveries
        self._files = files
        self._publisher = publisher
        self._now = now
        self._events = FolderEvents()
        self._checks = OrderedTasks(limit=_CLOSED_LIMIT)  # of single files, by camera
        self._completeness = CompletenessCheck(root, deliveries, files, self._checks, settings)
        self._scanner = CameraScanner(
            root,
            self._cameras,
            self._events,
            self._completeness,
            deliveries,
            files,
            health,
            settings,
            mountinfo=mountinfo,
            now=now,
        )
        self._mount_events = MountEvents(mountinfo, interval=settings.watch_retry)
        self._scans = CameraScans(self._scanner, self._cameras.folders, settings)
        self._new_folders: asyncio.Queue[str] = asyncio.Queue(_NEW_FOLDERS_LIMIT)
        self._replaced: asyncio.Queue[Image] = asyncio.Queue(_REPLACED_LIMIT)

    @property
    def ready(self) -> asyncio.Event:
        """Set once the folders are watched and the first full scan is done."""
        return self._scans.ready

    async def watch(self) -> None:
        """Watch until cancelled."""
        unsubscribe = self._publisher.subscribe(self._note_replaced)
        self._files.on_stall_changed(self._note_stall)
        self._mount_events.open()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._checks.run_submitted())
                tasks.create_task(self._follow_events())
                tasks.create_task(self._follow_mounts())
                tasks.create_task(self._scan_new_folders())
                tasks.create_task(self._completeness.check_unstable())
                tasks.create_task(self._scans.run_scheduled())
                tasks.create_task(self._retry_when_resumed())
                tasks.create_task(self._check_replaced())
        finally:
            unsubscribe()
            self._mount_events.close()
            self._events.close()

    async def _follow_events(self) -> None:
        while True:
            match await self._events.next():
                case FileClosed(folder, name):
                    self._check_closed(folder, name)
                case FileCreated(folder, name):
                    self._note_created(folder, name)
                case FileAccessChanged(folder, name):
                    if self._completeness.is_unreadable(join(folder, name)):
                        self._check_closed(folder, name)
                case FolderAdded(folder):
                    self._add_folder(folder)
                case FolderRemoved(folder):
                    await self._events.unwatch(folder)
                    if self._cameras.is_camera_or_ancestor(folder):
                        self._scans.request(Scan.FULL)
                case EventsLost():
                    _LOGGER.warning("The inotify queue overflowed; all camera folders are scanned")
                    self._scans.request(Scan.FULL)

    async def _follow_mounts(self) -> None:
        while True:
            await self._mount_events.next()
            for camera in await self._scanner.find_remounted():
                _LOGGER.info("Camera %s: the file system of its folder has changed", camera)
                self._files.forget(camera)
                self._scans.request(Scan.FULL, camera)

    def _check_closed(self, folder: str, name: str) -> None:
        camera = self._camera_of(folder, name)
        if camera is None:
            return
        path = join(folder, name)
        check = partial(self._completeness.check_closed, camera, path, self._now())
        if not self._checks.submit(camera, check):
            self._scans.request(Scan.FULL, camera)

    def _note_created(self, folder: str, name: str) -> None:
        camera = self._camera_of(folder, name)
        # Another machine's clock does not tell whether a file was changed after it was created.
        if camera is not None and not self._scanner.needs(camera, Scan.POLL):
            self._completeness.note_created(camera, join(folder, name), self._now())

    def _camera_of(self, folder: str, name: str) -> str | None:
        """Return the camera of a file; None if it is not an image of one."""
        if name in self._cameras.ignored or not is_image_name(name) or not is_storable(name):
            return None
        return self._cameras.camera_of(folder)

    def _add_folder(self, folder: str) -> None:
        if self._cameras.is_camera_or_ancestor(folder) or not is_storable(folder):
            self._scans.request(Scan.FULL)
            return
        camera = self._cameras.camera_of(folder)
        if camera is None or folder.rpartition("/")[2] in self._cameras.ignored:
            return
        try:
            self._new_folders.put_nowait(folder)
        except asyncio.QueueFull:
            self._scans.request(Scan.FULL, camera)

    async def _scan_new_folders(self) -> None:
        while True:
            await self._scanner.scan_new_folder(await self._new_folders.get())

    async def _retry_when_resumed(self) -> None:
        while True:
            await self._deliveries.resumed()
            self._scans.request(Scan.RETRY)

    def _note_stall(self, camera: str) -> None:
        self._scanner.note_stall(camera)
        self._scans.request(Scan.RETRY, camera)

    def _note_replaced(self, update: Update) -> None:
        if not isinstance(update, ImageUpdate) or update.image.reason != SkipReason.REPLACED:
            return
        try:
            self._replaced.put_nowait(update.image)
        except asyncio.QueueFull:
            _LOGGER.debug("%s is checked by the next scan", update.image.path)

    async def _check_replaced(self) -> None:
        """Check the file that has replaced an image; inotify does not report a changed time."""
        while True:
            image = await self._replaced.get()
            check = partial(self._completeness.check_replaced, image.camera, image.path)
            self._checks.submit(image.camera, check)
