"""Deciding when a file is complete."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
import time

from ..aio.file_executor import FileExecutor
from ..aio.ordered_tasks import OrderedTasks
from ..domain.errors import StorageStalledError
from ..domain.found_file import FoundFile, stat_file
from ..domain.settings import Settings
from .deliveries import Deliveries
from .stability import UnstableFiles

_CLOCK_SKEW = 60.0  # seconds by which the clock of a file server may differ from this machine's
_NS = 1_000_000_000  # nanoseconds in a second


class CompletenessCheck:
    """Offers each file for delivery as soon as it is complete.

    A file is complete when its writer has closed it, or when it has been unchanged for the settle
    time.
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
        self._added = asyncio.Event()

    async def check_closed(self, camera: str, path: str, arrived_at: datetime) -> None:
        """Offer a file that its writer has closed or renamed into place."""
        found = await self._find(camera, path)
        if found is None:
            return
        file = replace(found, arrived_at=arrived_at)
        if file.size == 0:
            # Some uploaders create the file first and open it again to write it.
            self.offer_when_stable(file)
        else:
            await self._offer(file)

    async def check_replaced(self, camera: str, path: str) -> None:
        """Offer the file that has replaced an image once it is stable."""
        file = await self._find(camera, path)
        if file is not None:
            self.offer_when_stable(file)

    async def check_listed(self, file: FoundFile, *, remote: bool) -> None:
        """Offer a file that a scan found; one written recently has to be stable first.

        The modification time of a remote file is set by another machine's clock.
        """
        age = time.time() - file.mtime_ns / _NS
        if age > self._settle_time + (_CLOCK_SKEW if remote else 0.0):
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
            self._deliveries.postpone(file)

    async def check_unstable(self) -> None:
        """Have the files that become stable offered, until cancelled."""
        while True:
            due = self._unstable.next_due
            self._added.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(due):
                    await self._added.wait()
            for file in self._unstable.take_due(_loop_time()):
                if not self._tasks.submit(file.camera, partial(self._check_again, file)):
                    self._deliveries.postpone(file)

    async def _check_again(self, before: FoundFile) -> None:
        now = await self._find(before.camera, before.path)
        if now == before:
            await self._offer(before)
        elif now is not None:
            self.offer_when_stable(replace(now, arrived_at=before.arrived_at))

    async def _find(self, camera: str, path: str) -> FoundFile | None:
        """Return the file as it is now; None if it is gone, or left to a later scan."""
        try:
            return await self._files.call(camera, path, stat_file, self._root, camera, path)
        except OSError, StorageStalledError:
            # Whether it is there cannot be told now.
            unknown = FoundFile(camera=camera, path=path, size=0, mtime_ns=time.time_ns())
            self._deliveries.postpone(unknown)
            return None

    async def _offer(self, file: FoundFile) -> None:
        self._unstable.remove(file.path)
        await self._deliveries.offer(file)


def _loop_time() -> float:
    return asyncio.get_running_loop().time()
