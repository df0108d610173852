"""Watches the camera folders and hands over every complete picture at least once."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import suppress
import logging
from pathlib import Path
import time

from ..domain.errors import CoreError, PathEscapeError, QueueFullError, WatchError
from ..domain.found_file import FoundFile, stat_file
from ..domain.models import Camera
from ..domain.paths import resolve_below
from ..domain.settings import Settings
from .cameras import CameraFolders, join
from .filenames import is_hidden, is_image_name, is_storable
from .inotify import (
    ChangesLost,
    FileWritten,
    FolderAppeared,
    FolderChanges,
    FolderGone,
    WatchLimitError,
)
from .mounts import tells_changes
from .scanner import Batch, missing, walk
from .seen_files import DeliveryMemory
from .stability import Settling

_LOGGER = logging.getLogger(__name__)

_NEW_FOLDERS_LIMIT = 1000  # more new folders at once than these are left to a scan of everything
_POLLING_SHARE = 0.1  # of the time goes into looking again, at most, however many files there are
_CLOCK_SKEW = 60.0  # seconds by which the clock of a file server may differ from ours
_NS = 1_000_000_000  # nanoseconds in a second


class FolderWatcher:
    """Finds complete pictures by inotify, and by scanning whatever inotify cannot tell.

    Cameras on file systems that others can change, or for which the system grants no watch, are
    looked through every `polling_interval`; all of them are where polling is asked for.
    A folder is listed only after its watch stands, so a picture is either listed or told of. A
    file may be handed over more than once, though not twice at the same time; a picture that was
    told of does not wait for those a scan hands over. What `on_found` raises leaves the file to a
    later scan; QueueFullError is what it raises when the folder is to be the spool. `on_trouble` is called when a camera's
    trouble begins or changes, and with None when it has passed.
    """

    def __init__(
        self,
        root: Path,
        cameras: Sequence[Camera],
        *,
        settings: Settings,
        on_found: Callable[[FoundFile], Awaitable[None]],
        on_trouble: Callable[[str, WatchError | None], None],
    ) -> None:
        self.ready = asyncio.Event()  # set once the watches stand and the first scan is delivered
        self._root = root
        self._cameras = CameraFolders(cameras)
        self._settings = settings
        self._on_found = on_found
        self._on_trouble = on_trouble
        self._changes = FolderChanges()
        self._memory = DeliveryMemory()
        self._settling = Settling(settings.settle_time)
        self._new_folders: asyncio.Queue[str] = asyncio.Queue(_NEW_FOLDERS_LIMIT)
        self._troubles: dict[str, WatchError] = {}
        self._undelivered: set[str] = set()  # cameras with files that on_found did not take
        self._polled: set[str] = set()  # cameras of whose files not everything is told
        self._scan_wanted = False
        self._retry_wanted = False  # of cameras with files that on_found did not take
        self._look_wanted = asyncio.Event()  # either of the two
        self._running = False
        self._failing = False  # on_found raised when it was last called
        self._scan_waiters: list[asyncio.Future[None]] = []
        self._settling_grew = asyncio.Event()
        self._in_hand: set[FoundFile] = set()  # on_found was called with them and has not returned

    async def run(self) -> None:
        """Watch until cancelled."""
        self._running = True
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._follow_changes())
                tasks.create_task(self._walk_new_folders())
                tasks.create_task(self._watch_settling())
                tasks.create_task(self._scan_regularly())
        finally:
            self._running = False
            self._changes.close()
            self._release(self._scan_waiters)

    async def rescan(self) -> None:
        """Hand over every file again; returns when that is done. Not to be awaited by on_found."""
        if not self._running:
            return
        waiter = asyncio.get_running_loop().create_future()
        self._scan_waiters.append(waiter)
        self._memory.clear()
        self._want_scan()
        await waiter

    def forget(self, file: FoundFile) -> None:
        """Hand this file over again at the next scan of everything."""
        self._memory.drop(file)

    def look_again(self, file: FoundFile) -> None:
        """Hand this file over once it rests, unless it has been: somebody has seen it change."""
        if not self._memory.has(file):
            self._settle(file)

    def retry(self) -> None:
        """Hand over now what `on_found` did not take, without a pause after the last look."""
        self._retry_wanted = True
        self._look_wanted.set()

    def _want_scan(self) -> None:
        self._scan_wanted = True
        self._look_wanted.set()

    async def _follow_changes(self) -> None:
        while True:
            match await self._changes.next():
                case FileWritten(folder, name):
                    await self._take_written(folder, name)
                case FolderAppeared(folder):
                    self._enter(folder)
                case FolderGone(folder):
                    self._changes.unwatch(folder)
                    if self._cameras.leads_to_camera(folder):
                        self._want_scan()
                case ChangesLost():
                    _LOGGER.warning("More changes at once than the system keeps; scanning instead")
                    self._want_scan()

    async def _take_written(self, folder: str, name: str) -> None:
        camera = self._cameras.camera_of(folder)
        if camera is None or not is_image_name(name) or not is_storable(name):
            return
        file = await asyncio.to_thread(stat_file, self._root, camera, join(folder, name))
        if file is None:
            return
        if file.size == 0:
            # Some uploaders make the file first and open it again to fill it.
            self._settle(file)
        else:
            await self._deliver(file)

    def _enter(self, folder: str) -> None:
        if self._cameras.leads_to_camera(folder) or not is_storable(folder):
            self._want_scan()
            return
        if self._cameras.camera_of(folder) is None or is_hidden(folder.rpartition("/")[2]):
            return
        try:
            self._new_folders.put_nowait(folder)
        except asyncio.QueueFull:
            self._want_scan()

    async def _walk_new_folders(self) -> None:
        while True:
            folder = await self._new_folders.get()
            problem = await self._walk(folder)
            camera = self._cameras.camera_of(folder)
            if problem is not None and camera is not None:
                self._tell(camera, problem)

    async def _watch_settling(self) -> None:
        while True:
            due = self._settling.next_due
            self._settling_grew.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(due):
                    await self._settling_grew.wait()
            for then in self._settling.take_due(_now()):
                now = await asyncio.to_thread(stat_file, self._root, then.camera, then.path)
                if now == then:
                    await self._deliver(now)
                elif now is not None:
                    self._settle(now)

    async def _scan_regularly(self) -> None:
        next_full = next_retry = next_poll = _now()
        while True:
            self._look_wanted.clear()
            if self._scan_wanted or _now() >= next_full:
                self._scan_wanted = False
                waiters, self._scan_waiters = self._scan_waiters, []
                try:
                    await self._scan_everything()
                finally:
                    self._release(waiters)
                self.ready.set()
                next_full = _now() + self._settings.rescan_interval
            began = _now()
            if self._retry_wanted or began >= next_retry:
                self._retry_wanted = False
                if troubled := sorted(self._undelivered.union(self._troubles)):
                    await self._scan(troubled)
                next_retry = _now() + self._pause_after(began, self._settings.watch_retry)
            if self._polled and began >= next_poll:
                await self._scan(sorted(self._polled))
                next_poll = _now() + self._pause_after(began, self._settings.polling_interval)
            due = min(next_full, next_retry, next_poll if self._polled else next_full)
            with suppress(TimeoutError):
                async with asyncio.timeout_at(due):
                    await self._look_wanted.wait()

    @staticmethod
    def _pause_after(began: float, at_least: float) -> float:
        return max(at_least, (_now() - began) * (1 / _POLLING_SHARE - 1))

    async def _scan_everything(self) -> None:
        self._memory.begin_round()
        await self._scan(self._cameras.folders)
        self._memory.end_round()

    async def _scan(self, cameras: Iterable[str]) -> None:
        """Look through these cameras' folders and tell what stands in the way."""
        limit: WatchError | None = None
        if not self._settings.watch_polling:
            try:
                self._changes.open()
                await asyncio.to_thread(self._watch_above)
            except WatchLimitError as err:
                limit = err
        for camera in cameras:
            self._undelivered.discard(camera)
            await self._choose_way(camera)
            problem = await self._walk(camera) or limit
            if isinstance(problem, WatchLimitError):
                self._polled.add(camera)
            self._tell(camera, problem)

    async def _choose_way(self, camera: str) -> None:
        """Note whether the camera's folder has to be polled; a share may be mounted later."""
        polled = self._settings.watch_polling or not await asyncio.to_thread(self._is_told, camera)
        if polled and camera not in self._polled:
            _LOGGER.info(
                "camera %s is looked through every %g s", camera, self._settings.polling_interval
            )
        (self._polled.add if polled else self._polled.discard)(camera)

    def _is_told(self, camera: str) -> bool:
        try:
            return tells_changes(resolve_below(self._root, camera))
        except PathEscapeError:
            return True  # the walk says what is wrong

    def _watch_above(self) -> None:
        for folder in self._cameras.above:
            # What is missing or forbidden there shows in the cameras below.
            with suppress(PathEscapeError, OSError):
                self._changes.watch(folder, resolve_below(self._root, folder))

    async def _walk(self, folder: str) -> WatchError | None:
        """Hand over the pictures in this folder and below; return the first problem met."""
        problem: WatchError | None = None
        batches = self._batches(folder)
        while (batch := await asyncio.to_thread(next, batches, None)) is not None:
            problem = problem or batch.problem
            for file in batch.files:
                await self._take_listed(file)
        return problem

    def _batches(self, folder: str) -> Iterator[Batch]:
        try:
            real = resolve_below(self._root, folder)
        except PathEscapeError as err:
            yield Batch(problem=WatchError(str(err), code=err.code))
            return
        if not self._root.is_dir():
            yield Batch(problem=missing(str(self._root)))
            return
        watch = _no_watch if self._settings.watch_polling else self._changes.watch
        yield from walk(self._cameras, folder, real, watch)

    async def _take_listed(self, file: FoundFile) -> None:
        age = time.time() - file.mtime_ns / _NS
        doubt = _CLOCK_SKEW if file.camera in self._polled else 0.0
        if age > self._settings.settle_time + doubt:
            await self._deliver(file)
        elif not self._memory.has(file):
            self._settle(file)

    def _settle(self, file: FoundFile) -> None:
        if self._settling.add(file, _now()):
            self._settling_grew.set()
        else:
            self._undelivered.add(file.camera)

    async def _deliver(self, file: FoundFile) -> None:
        self._settling.drop(file.path)
        if file in self._in_hand or self._memory.has(file):
            return
        self._in_hand.add(file)
        try:
            await self._on_found(file)
        except QueueFullError:
            self._undelivered.add(file.camera)
        except Exception as err:  # noqa: BLE001 - whatever it is, the next picture still counts
            self._undelivered.add(file.camera)
            self._log_failure(err)
        else:
            self._memory.add(file)
            self._failing = False
        finally:
            self._in_hand.discard(file)

    def _log_failure(self, err: Exception) -> None:
        if not self._failing:
            # What the core raises on purpose says it all; a traceback is for what should not be.
            trace = None if isinstance(err, CoreError) else err
            _LOGGER.warning("Pictures wait in their folders: %s", err, exc_info=trace)
        self._failing = True

    def _tell(self, camera: str, trouble: WatchError | None) -> None:
        before = self._troubles.get(camera)
        if trouble is None:
            self._troubles.pop(camera, None)
        else:
            self._troubles[camera] = trouble
        if repr(before) != repr(trouble):
            self._on_trouble(camera, trouble)

    @staticmethod
    def _release(waiters: list[asyncio.Future[None]]) -> None:
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)


def _no_watch(_folder: str, _real: Path) -> None:
    """Leave a folder unwatched: it is polled."""


def _now() -> float:
    """Return the loop's clock in seconds."""
    return asyncio.get_running_loop().time()
