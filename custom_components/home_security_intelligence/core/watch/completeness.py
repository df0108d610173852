"""Deciding when a file is complete."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
import os
from pathlib import Path
import time

from ..aio.file_executor import FileExecutor
from ..aio.ordered_tasks import OrderedTasks
from ..domain.errors import StorageStalledError
from ..domain.found_file import FoundFile, stat_file
from ..domain.settings import Settings
from .created_files import Created, CreatedFiles
from .deliveries import Deliveries
from .stability import UnstableFiles

_CLOCK_SKEW = 60.0  # seconds by which the clock of a file server may differ from this machine's
_NS = 1_000_000_000  # nanoseconds in a second


class CompletenessCheck:
    """Offers each file for delivery as soon as it is complete.

    A file is complete when its writer has closed it, or when it has been unchanged for the settle
    time. For so long it may also become readable.
    """

    def __init__(
        self,
        root: Path,
        deliveries: Deliveries,
        files: FileExecutor,
        tasks: OrderedTasks,
        settings: Settings,
    ) -> None:
        """`tasks` are run by the owner, by camera."""
        self._root = root
        self._deliveries = deliveries
        self._files = files
        self._tasks = tasks
        self._settle_time = settings.settle_time
        self._unstable = UnstableFiles(settings.settle_time)
        self._created = CreatedFiles(settings.settle_time)
        self._unreadable: set[str] = set()  # the paths among those that are unstable
        self._added = asyncio.Event()

    async def check_closed(self, camera: str, path: str, arrived_at: datetime) -> None:
        """Offer a file that its writer has closed or renamed into place."""
        self._created.remove(path)
        found, is_readable = await self._call(camera, path, _look_at) or (None, False)
        if found is None:
            return
        file = replace(found, arrived_at=arrived_at)
        if not is_readable:
            self._unreadable.add(path)
            self.offer_when_stable(file)
        elif file.size == 0:
            # Some uploaders create the file first and open it again to write it.
            self.offer_when_stable(file)
        else:
            await self._offer(file)

    def note_created(self, camera: str, path: str, arrived_at: datetime) -> None:
        """Offer a file that has appeared once it is stable, unless it is being written."""
        if self._created.add(camera, path, arrived_at, now=_loop_time()):
            self._added.set()

    def is_unreadable(self, path: str) -> bool:
        """Return whether a file that its writer has closed was not readable when last checked."""
        return path in self._unreadable

    async def check_replaced(self, camera: str, path: str) -> None:
        """Offer the file that has replaced an image once it is stable."""
        file = await self._find(camera, path)
        if file is not None:
            self.offer_when_stable(file)

    async def check_listed(self, file: FoundFile, *, remote: bool) -> None:
        """Offer a file that a scan found; one written recently has to be stable first.

        The modification time of a remote file is set by another machine's clock. One that was not
        there a moment ago was written recently, regardless of that clock.
        """
        age = time.time() - file.mtime_ns / _NS
        is_old = age > self._settle_time + (_CLOCK_SKEW if remote else 0.0)
        if is_old and file.arrived_at is None:
            await self._offer(file)
        else:
            self.offer_when_stable(file)

    def offer_when_stable(self, file: FoundFile) -> None:
        """Offer a file once it is unchanged for the settle time, unless it was delivered."""
        if self._deliveries.is_known(file):
            return
        if self._unstable.add(file, _loop_time()):
            self._added.set()
        else:
            self._unreadable.discard(file.path)
            self._deliveries.postpone(file)

    async def check_unstable(self) -> None:
        """Have the files that become stable offered, until cancelled."""
        while True:
            dues = (self._unstable.next_due, self._created.next_due)
            due = min((each for each in dues if each is not None), default=None)
            self._added.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(due):
                    await self._added.wait()
            for file in self._unstable.take_due(_loop_time()):
                if not self._tasks.submit(file.camera, partial(self._check_again, file)):
                    self._deliveries.postpone(file)
            for created in self._created.take_due(_loop_time()):
                self._tasks.submit(created.camera, partial(self._check_created, created))

    async def _check_created(self, created: Created) -> None:
        file = await self._find(created.camera, created.path)
        # A file that was changed since has a writer, which will close it.
        if file is not None and file.size > 0 and file.mtime_ns / _NS <= created.at.timestamp():
            await self._offer(replace(file, arrived_at=created.at))

    async def _check_again(self, before: FoundFile) -> None:
        now = await self._find(before.camera, before.path)
        if now == before:
            await self._offer(before)
        elif now is not None:
            self.offer_when_stable(replace(now, arrived_at=before.arrived_at))
        else:
            self._unreadable.discard(before.path)

    async def _find(self, camera: str, path: str) -> FoundFile | None:
        """Return the file as it is now; None if it is gone, or left to a later scan."""
        return await self._call(camera, path, stat_file)

    async def _call[T](
        self, camera: str, path: str, look: Callable[[Path, str, str], T]
    ) -> T | None:
        try:
            return await self._files.call(camera, path, look, self._root, camera, path)
        except OSError, StorageStalledError:
            # Whether it is there cannot be told now.
            unknown = FoundFile(camera=camera, path=path, size=0, mtime_ns=time.time_ns())
            self._deliveries.postpone(unknown)
            return None

    async def _offer(self, file: FoundFile) -> None:
        self._unstable.remove(file.path)
        self._unreadable.discard(file.path)
        await self._deliveries.offer(file)


def _look_at(root: Path, camera: str, path: str) -> tuple[FoundFile | None, bool]:
    """Return the file as it is now, and whether there is permission to read it. Blocks."""
    file = stat_file(root, camera, path)
    return file, file is None or os.access(root / path, os.R_OK)


def _loop_time() -> float:
    return asyncio.get_running_loop().time()
