"""From files found to images in the queue."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
import logging

from ..domain.errors import StorageStalledError
from ..domain.found_file import FoundFile
from ..domain.machine_clock import MachineClock
from ..domain.models import JobKind
from ..domain.updates import ImageUpdate
from ..files.camera_root import CameraRoot
from ..store import registration, replaced
from ..store.database import Database
from ..store.registration import NewImage
from ..store.transaction import Transaction
from ..watch.deliveries import Deliveries, Lane
from .clock_check import ClockCheck
from .image_dating import ImageDating
from .queue_capacity import QueueCapacity

_LOGGER = logging.getLogger(__name__)

_REFUSED_LIMIT = 10_000  # files; further ones are logged by every scan

type _WaitForRoom = Callable[[], Awaitable[int]]


class Register:
    """Registers delivered files in batches, each image in one transaction with its detect job.

    A file is acknowledged once it is in the database, and refused if it cannot be registered. The
    lanes fill up while the database is away, which makes the watcher wait. Cameras do not wait for
    each other's files to be read.
    """

    def __init__(
        self,
        database: Database,
        deliveries: Deliveries,
        capacity: QueueCapacity,
        *,
        cameras: Iterable[str],
        dating: ImageDating,
        root: CameraRoot,
        clock: MachineClock,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._clock = clock
        self._deliveries = deliveries
        self._capacity = capacity
        self._cameras = tuple(cameras)
        self._dating = dating
        self._root = root
        self._now = now
        self._clocks = ClockCheck()
        self._refused: set[FoundFile] = set()  # files that could not be registered

    async def register_deliveries(self) -> None:
        """Register the files of all lanes, until cancelled."""
        await self._dating.start()
        async with asyncio.TaskGroup() as tasks:
            for camera in self._cameras:
                live, backlog = self._deliveries.live[camera], self._deliveries.backlog[camera]
                tasks.create_task(self._register_lane(live, camera, live=True))
                tasks.create_task(self._register_lane(backlog, camera, live=False))
            tasks.create_task(self._capacity.resume_deliveries())

    async def _register_lane(self, lane: Lane, camera: str, *, live: bool) -> None:
        room = partial(self._capacity.wait_for_room, camera, live=live)
        while True:
            files = await lane.take()
            try:
                await self._register(files, room)
            except Exception:  # noqa: BLE001 - logged below, for the file that causes it
                await self._register_singly(files, room)
            finally:
                self._deliveries.refuse(files)

    async def _register(self, files: Sequence[FoundFile], wait_for_room: _WaitForRoom) -> None:
        known = await self._database.run_statement(
            lambda connection: registration.find_known(connection, files)
        )
        self._deliveries.acknowledge(known)
        new = [file for file in files if file not in known]
        while new:
            room = await wait_for_room()
            batch, new = new[:room], new[room:]
            self._clocks.check(batch, now=self._now())
            try:
                items = await self._dating.date(batch)
            except StorageStalledError:
                for file in (*batch, *new):
                    self._deliveries.postpone(file)
                return
            await self._database.run_transaction(partial(self._add, items=items))
            self._deliveries.acknowledge(batch)
            await self._dating.store()

    async def _register_singly(
        self, files: Sequence[FoundFile], wait_for_room: _WaitForRoom
    ) -> None:
        """Register each file alone, so that one that fails does not affect the others."""
        for file in files:
            try:
                await self._register([file], wait_for_room)
            except Exception as error:  # noqa: BLE001 - logged, and left to the next scan
                self._log_refused(file, error)
            else:
                self._refused.discard(file)

    def _log_refused(self, file: FoundFile, error: Exception) -> None:
        """Log that a file cannot be registered: with its traceback once, not at every scan."""
        if file in self._refused:
            _LOGGER.debug("%s still cannot be registered: %r", file.path, error)
            return
        if len(self._refused) < _REFUSED_LIMIT:
            self._refused.add(file)
        _LOGGER.error(
            "%s cannot be registered; the next scans try again", file.path, exc_info=error
        )

    async def _add(self, transaction: Transaction, items: Sequence[NewImage]) -> None:
        now = self._now()
        added = await registration.register(
            transaction.connection,
            items,
            found_at=self._clock.latest(),
            now=now,
            root=self._root.id,
        )
        if added.images:
            transaction.notify_workers_after_commit(JobKind.DETECT)
        if added.newer:
            skipped = await replaced.supersede_dead(transaction.connection, added.newer)
            transaction.publish_after_commit(ImageUpdate(image=image) for image in skipped)
