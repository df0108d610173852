"""Delivering complete files to one consumer, each at least once."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from datetime import datetime

from ..domain.found_file import LIVE_FOR, FoundFile
from .seen_files import SeenFiles

CAPACITY = 200  # files of a camera that wait in one lane; further ones make the watcher wait
_NS = 1_000_000_000  # nanoseconds in a second


class Lane:
    """Files of one camera that wait for the consumer, in the order they were found."""

    def __init__(self) -> None:
        self._files: asyncio.Queue[FoundFile] = asyncio.Queue(CAPACITY)
        self._closed = asyncio.Event()

    def close(self) -> None:
        """Refuse further files, including those that wait for space now."""
        self._closed.set()

    def open(self) -> None:
        """Accept files again."""
        self._closed.clear()

    async def put(self, file: FoundFile) -> bool:
        """Add the file as soon as there is space; return False if the lane is closed."""
        if self._closed.is_set():
            return False
        if not self._files.full():
            self._files.put_nowait(file)
            return True
        putting = asyncio.create_task(self._files.put(file))
        closed = asyncio.create_task(self._closed.wait())
        try:
            await asyncio.wait((putting, closed), return_when=asyncio.FIRST_COMPLETED)
            return putting.done()
        finally:
            putting.cancel()
            closed.cancel()

    async def take(self) -> list[FoundFile]:
        """Wait for a file; remove and return all files of the lane."""
        files = [await self._files.get()]
        while len(files) < CAPACITY and not self._files.empty():
            files.append(self._files.get_nowait())
        return files


class Deliveries:
    """Files on their way from the watcher to the consumer that records them.

    The consumer takes files from the lanes and acknowledges each one once it is recorded; an
    acknowledged file is not delivered again. A refused file, or one whose lane is closed, is left to
    a later scan: its folder is the buffer. Each camera has a lane of live files and one of backlog,
    so that a live file waits neither for a backlog nor for another camera.
    """

    def __init__(self, *, now: Callable[[], datetime]) -> None:
        self.live: defaultdict[str, Lane] = defaultdict(Lane)  # by camera
        self.backlog: defaultdict[str, Lane] = defaultdict(Lane)
        self._now = now
        self._seen = SeenFiles()
        self._in_flight: set[FoundFile] = set()  # neither acknowledged nor refused so far
        self._postponed: dict[str, int] = {}  # the oldest file left to a later scan, by camera
        self._rescanned: dict[str, int] = {}  # the same, of cameras that are being scanned
        self._overflowing: set[str] = set()  # cameras with files that a closed lane has left
        self._overflowed = asyncio.Event()  # there are such cameras
        self._resumed = asyncio.Event()
        self._left_behind: Callable[[FoundFile], None] = lambda _file: None

    # What the consumer calls

    def acknowledge(self, files: Iterable[FoundFile]) -> None:
        """Note that files are recorded."""
        for file in files:
            self._in_flight.discard(file)
            self._seen.add(file)

    def refuse(self, files: Iterable[FoundFile]) -> None:
        """Leave those of the files that are not acknowledged to the next full scan."""
        for file in self._in_flight.intersection(files):
            self._in_flight.discard(file)
            self._left_behind(file)

    async def overflowed(self) -> frozenset[str]:
        """Wait until a closed lane has left a file in its folder; return the cameras of such files."""
        await self._overflowed.wait()
        return self.overflowing

    @property
    def overflowing(self) -> frozenset[str]:
        """The cameras with files that a closed lane has left in their folders."""
        return frozenset(self._overflowing)

    def resume(self, cameras: Collection[str]) -> None:
        """Have the files that closed lanes of cameras left in their folders delivered now."""
        self._overflowing.difference_update(cameras)
        if not self._overflowing:
            self._overflowed.clear()
        self._resumed.set()

    # What the watcher calls

    def on_left_behind(self, listener: Callable[[FoundFile], None]) -> None:
        """Call the listener with each file that is left to a later scan."""
        self._left_behind = listener

    @property
    def postponed(self) -> frozenset[str]:
        """The cameras with files that are left to a later scan."""
        return frozenset(self._postponed)

    def is_known(self, file: FoundFile) -> bool:
        """Return whether the file is on its way or acknowledged."""
        return file in self._in_flight or self._seen.has(file)

    async def offer(self, file: FoundFile) -> None:
        """Deliver a complete file, unless it is known; waits while its lane is full."""
        if self.is_known(file):
            return
        self._in_flight.add(file)
        lanes = self.live if self._is_live(file) else self.backlog
        accepted = False
        try:
            accepted = await lanes[file.camera].put(file)
        finally:
            if not accepted:
                self._in_flight.discard(file)
                self.postpone(file)
        if not accepted:
            self._overflowing.add(file.camera)
            self._overflowed.set()

    def postpone(self, file: FoundFile) -> None:
        """Leave a file to a later scan of its camera."""
        oldest = self._postponed.get(file.camera, file.mtime_ns)
        self._postponed[file.camera] = min(oldest, file.mtime_ns)
        self._left_behind(file)

    def is_awaited(self, camera: str, before: datetime) -> bool:
        """Return whether a known file of the camera, written by then, is not registered yet."""
        until = before.timestamp() * _NS
        left = [each[camera] for each in (self._postponed, self._rescanned) if camera in each]
        moving = (file.mtime_ns for file in self._in_flight if file.camera == camera)
        return any(written <= until for written in (*left, *moving))

    async def resumed(self) -> None:
        """Wait until the consumer asks for what is left in the folders."""
        await self._resumed.wait()
        self._resumed.clear()

    def begin_scan(self, camera: str) -> None:
        """Note that a scan of the camera begins, which finds the files left to it."""
        if camera in self._postponed:
            self._rescanned[camera] = self._postponed.pop(camera)

    def end_scan(self, camera: str, *, complete: bool) -> None:
        """Note that the scan of the camera has ended; a complete one has found every file."""
        oldest = self._rescanned.pop(camera, None)
        if oldest is not None and not complete:
            self._postponed[camera] = min(oldest, self._postponed.get(camera, oldest))

    def begin_full_scan(self, camera: str) -> None:
        """Note that a full scan of a camera begins."""
        self._seen.begin_full_scan(camera)

    def end_full_scan(self, camera: str) -> None:
        """Forget the camera's acknowledged files that the full scan did not find."""
        self._seen.end_full_scan(camera)

    def _is_live(self, file: FoundFile) -> bool:
        age = self._now().timestamp() - file.mtime_ns / _NS
        return age < LIVE_FOR.total_seconds()
