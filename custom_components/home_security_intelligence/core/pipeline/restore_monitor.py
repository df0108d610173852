"""Notices that the database was replaced by an older state, such as a backup."""

import asyncio
from collections.abc import Callable
from functools import partial
import logging

from ..domain.settings import Settings
from ..files.camera_root import CameraRoot
from ..store import roots
from ..store.database import Database
from ..store.transaction import Transaction

_LOGGER = logging.getLogger(__name__)


class RestoreMonitor:
    """Records this pipeline's heartbeats, and checks that the last one is still in the database.

    If that row is missing or was written by another transaction, what this process knows of the
    database may be wrong, such as which files are registered. This may also be reported after a
    commit whose success is unknown; a needless restart loses nothing.
    """

    def __init__(
        self,
        database: Database,
        root: CameraRoot,
        settings: Settings,
        *,
        on_restored: Callable[[], None],
    ) -> None:
        self.restored = False
        self.mark: str | None = None  # of the last heartbeat
        self._database = database
        self._root = root
        self._interval = settings.poll_interval
        self._on_restored = on_restored

    async def watch(self) -> None:
        """Record and check until cancelled; call `on_restored` if the check fails."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            if loop.time() < due:
                found = await self._database.run_statement(
                    partial(roots.read_mark, worker=self._root.worker)
                )
                self._check(found)
            else:
                found, mark = await self._database.run_transaction(self._beat)
                self._check(found)
                self.mark = mark
                due = loop.time() + roots.HEARTBEAT_INTERVAL
            await asyncio.sleep(self._interval)

    async def _beat(self, transaction: Transaction) -> tuple[str | None, str]:
        """Record a heartbeat; return the marks of the one before, and of this one."""
        connection, worker = transaction.connection, self._root.worker
        found = await roots.read_mark(connection, worker)
        return found, await roots.record_heartbeat(connection, worker, self._root.id)

    def _check(self, found: str | None) -> None:
        if self.restored or self.mark in {None, found}:
            return
        self.restored = True
        _LOGGER.warning(
            "The database lacks what this worker wrote last, as after the restore of a backup; all"
            " files are compared with it"
        )
        self._on_restored()
