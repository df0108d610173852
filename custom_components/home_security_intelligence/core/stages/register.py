"""From files found to images in the queue."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
import logging
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from ..database import Database
from ..files import captured_at
from ..health import HealthBoard
from ..models import Image, JobKind
from ..settings import Settings
from ..store import images, jobs, notify
from ..store.images import NewImage
from ..versions import storable_mtime
from ..watch import FoundFile

_LOGGER = logging.getLogger(__name__)

BATCH = 200  # files registered in one transaction, at most


class Register:
    """Registers files in batches, each image in one transaction with its detect job.

    `put` holds its caller back while the database is away or the queue is full: the folder is
    the spool. A file counts as registered once `run` has it in the database; one that was only
    put is found again by the scan at the next start. `on_refused` is told of one that could not
    be registered, so that it is tried again.
    """

    def __init__(
        self,
        database: Database,
        health: HealthBoard,
        *,
        root: Path,
        time_zone: tzinfo,
        settings: Settings,
        now: Callable[[], datetime],
        on_registered: Callable[[], None],
        on_refused: Callable[[FoundFile], None],
    ) -> None:
        self._database = database
        self._health = health
        self._root = root
        self._time_zone = time_zone
        self._settings = settings
        self._now = now
        self._on_registered = on_registered
        self._on_refused = on_refused
        self._found: asyncio.Queue[FoundFile] = asyncio.Queue(BATCH)

    async def put(self, file: FoundFile) -> None:
        """Take a file, as soon as there is room."""
        await self._found.put(replace(file, mtime_ns=storable_mtime(file.mtime_ns)))

    async def run(self) -> None:
        """Register what is put, until cancelled."""
        while True:
            batch = [await self._found.get()]
            while len(batch) < BATCH and not self._found.empty():
                batch.append(self._found.get_nowait())
            try:
                await self._register(batch)
            except Exception:  # noqa: BLE001 - told of below, by the file it is about
                await self._register_singly(batch)

    async def _register(self, batch: Sequence[FoundFile]) -> None:
        known = await self._database.ask(lambda connection: images.known(connection, batch))
        new = [file for file in dict.fromkeys(batch) if file not in known]
        if not new:
            return
        await self._wait_for_room()
        items = await asyncio.to_thread(self._describe, new)
        added = await self._database.run(lambda connection: self._add(connection, items))
        if added:
            self._on_registered()

    async def _register_singly(self, batch: Sequence[FoundFile]) -> None:
        """Let one file that cannot be registered not hold up the others."""
        for file in batch:
            try:
                await self._register([file])
            except Exception:
                _LOGGER.exception("%s cannot be registered", file.path)
                self._on_refused(file)

    async def _add(
        self, connection: AsyncConnection, items: Sequence[NewImage]
    ) -> tuple[Image, ...]:
        now = self._now()
        added = await images.add(connection, items, now=now)
        if added:
            await jobs.enqueue_detect(connection, added, now=now)
            await notify.announce_jobs(connection, JobKind.DETECT)
        return added

    async def _wait_for_room(self) -> None:
        limit = self._settings.queue_limit
        while await self._database.ask(lambda c: jobs.waiting_detects(c, at_most=limit)) >= limit:
            self._health.spooling(spooling=True)
            await asyncio.sleep(self._settings.poll_interval)
        self._health.spooling(spooling=False)

    def _describe(self, files: Sequence[FoundFile]) -> list[NewImage]:
        now = self._now()
        return [
            NewImage(
                file=file,
                captured_at=captured_at(
                    self._root,
                    file.path,
                    mtime_ns=file.mtime_ns,
                    time_zone=self._time_zone,
                    now=now,
                ),
            )
            for file in files
        ]
