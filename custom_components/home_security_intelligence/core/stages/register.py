"""From files found to images in the queue."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from functools import partial
import logging

from ..aio.health_board import HealthBoard
from ..domain.errors import QueueFullError
from ..domain.found_file import FoundFile
from ..domain.models import JobKind
from ..domain.settings import Settings
from ..files.camera_root import CameraRoot
from ..files.reader import read_capture_time
from ..store import images, jobs
from ..store.database import Database
from ..store.images import NewImage
from ..store.transaction import Transaction

_LOGGER = logging.getLogger(__name__)

BATCH = 200  # files registered in one transaction, at most
REFILL = 0.5  # of the queue's limit still waits when more is asked for: it never runs empty
LIVE_RESERVE = 0.1  # of the queue's limit is kept for pictures that come in while it is full
_NS = 1_000_000_000  # nanoseconds in a second


class _Lane:
    """Files on their way into the queue, which may hold `limit` jobs before they have to wait."""

    def __init__(self, *, limit: int) -> None:
        self.files: asyncio.Queue[FoundFile] = asyncio.Queue(BATCH)
        self.limit = limit
        self.held_back = asyncio.Event()  # there is no room in the queue

    async def put(self, file: FoundFile) -> None:
        """Take a file when others have moved on; raises QueueFullError as soon as none does."""
        if self.held_back.is_set():
            raise _full(file)
        if not self.files.full():
            self.files.put_nowait(file)
            return
        putting = asyncio.create_task(self.files.put(file))
        full = asyncio.create_task(self.held_back.wait())
        try:
            await asyncio.wait((putting, full), return_when=asyncio.FIRST_COMPLETED)
            if not putting.done():
                raise _full(file)
        finally:
            putting.cancel()
            full.cancel()


class Register:
    """Registers files in batches, each image in one transaction with its detect job.

    `put` holds its caller back while the database is away. A full queue refuses what is not
    fresh: its folder is the spool. What is fresh has a lane and a reserve of its own, so that a
    picture of now does not wait for a hundred thousand of last night. A file counts as registered
    once `run` has it in the database; one that was only put is found again by the scan at the
    next start. `on_refused` is told of one that could not be registered, so that it is tried again,
    and `on_room` is called once there is room for what a full queue has refused.
    """

    def __init__(
        self,
        database: Database,
        health: HealthBoard,
        *,
        root: CameraRoot,
        time_zone: tzinfo,
        settings: Settings,
        now: Callable[[], datetime],
        on_refused: Callable[[FoundFile], None],
        on_room: Callable[[], None],
    ) -> None:
        self._database = database
        self._health = health
        self._root = root
        self._time_zone = time_zone
        self._settings = settings
        self._now = now
        self._on_refused = on_refused
        self._on_room = on_room
        self._turned_away = asyncio.Event()  # a file that can wait, by a full queue
        self._ahead: set[str] = set()  # cameras whose files are known to come from the future
        limit = settings.queue_limit
        self._fresh = _Lane(limit=limit + max(1, int(limit * LIVE_RESERVE)))
        self._backlog = _Lane(limit=limit)

    async def put(self, file: FoundFile) -> None:
        """Take a file, as soon as there is room; raises QueueFullError for one that can wait."""
        if self._is_fresh(file):
            await self._fresh.files.put(file)
            return
        try:
            await self._backlog.put(file)
        except QueueFullError:
            self._turned_away.set()
            raise

    async def run(self) -> None:
        """Register what is put, until cancelled."""
        async with asyncio.TaskGroup() as lanes:
            lanes.create_task(self._run(self._fresh))
            lanes.create_task(self._run(self._backlog))
            lanes.create_task(self._tell_of_room())

    async def _run(self, lane: _Lane) -> None:
        while True:
            batch = [await lane.files.get()]
            while len(batch) < BATCH and not lane.files.empty():
                batch.append(lane.files.get_nowait())
            try:
                await self._register(batch, lane)
            except Exception:  # noqa: BLE001 - told of below, by the file it is about
                await self._register_singly(batch, lane)

    async def _register(self, batch: Sequence[FoundFile], lane: _Lane) -> None:
        known = await self._database.run_statement(
            lambda connection: images.known(connection, batch)
        )
        new = [file for file in dict.fromkeys(batch) if file not in known]
        while new:
            room = await self._room(lane)
            self._note_clocks(new[:room])
            items = await asyncio.to_thread(self._describe, new[:room])
            await self._database.run_transaction(partial(self._add, items=items))
            new = new[room:]

    async def _register_singly(self, batch: Sequence[FoundFile], lane: _Lane) -> None:
        """Let one file that cannot be registered not hold up the others."""
        for file in batch:
            try:
                await self._register([file], lane)
            except Exception:
                _LOGGER.exception("%s cannot be registered", file.path)
                self._on_refused(file)

    async def _add(self, transaction: Transaction, items: Sequence[NewImage]) -> None:
        now = self._now()
        added = await images.add(transaction.connection, items, now=now, root=self._root.id)
        if added:
            await jobs.enqueue_detect(transaction.connection, added, now=now)
            transaction.notify_workers(JobKind.DETECT)

    async def _room(self, lane: _Lane) -> int:
        """Return how many more jobs the queue may hold, once it may."""
        count = partial(jobs.waiting_detects, at_most=lane.limit)
        while (room := lane.limit - await self._database.run_statement(count)) <= 0:
            self._hold_back(lane, held_back=True)
            await asyncio.sleep(self._settings.poll_interval)
        self._hold_back(lane, held_back=False)
        return room

    async def _tell_of_room(self) -> None:
        limit = self._backlog.limit
        count = partial(jobs.waiting_detects, at_most=limit)
        while True:
            await self._turned_away.wait()
            if await self._database.run_statement(count) <= limit * REFILL:
                self._turned_away.clear()
                self._on_room()
            await asyncio.sleep(self._settings.poll_interval)

    def _hold_back(self, lane: _Lane, *, held_back: bool) -> None:
        (lane.held_back.set if held_back else lane.held_back.clear)()
        spooling = self._fresh.held_back.is_set() or self._backlog.held_back.is_set()
        self._health.spooling(spooling=spooling)

    def _note_clocks(self, files: Sequence[FoundFile]) -> None:
        """Say once of each camera that its files' clock is ahead: their times are not believed."""
        now = self._now().timestamp()
        for file in files:
            ahead = file.mtime_ns / _NS - now
            if ahead > jobs.FRESH_FOR.total_seconds() and file.camera not in self._ahead:
                self._ahead.add(file.camera)
                _LOGGER.warning(
                    "The files of camera %s are dated %.0f s ahead: where neither EXIF nor name say"
                    " more, its pictures count as taken when they are found. Set the clock of the"
                    " camera, or of what they lie on",
                    file.camera,
                    ahead,
                )

    def _is_fresh(self, file: FoundFile) -> bool:
        age = self._now().timestamp() - file.mtime_ns / _NS
        return age < jobs.FRESH_FOR.total_seconds()

    def _describe(self, files: Sequence[FoundFile]) -> list[NewImage]:
        now = self._now()
        return [
            NewImage(
                file=file,
                captured_at=read_capture_time(
                    self._root.path,
                    file.path,
                    mtime_ns=file.mtime_ns,
                    time_zone=self._time_zone,
                    now=now,
                ),
            )
            for file in files
        ]


def _full(file: FoundFile) -> QueueFullError:
    return QueueFullError(f"the queue is full; {file.path} waits in its folder")
