"""Deletes files and records past their retention, unless it is doubtful that they are."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
import logging

from ..aio.file_executor import FileExecutor
from ..aio.health_board import HealthBoard
from ..aio.notifier import Notifier
from ..domain.clean_up import Stored, WaitingCleanUp, amount_doubt
from ..domain.errors import ClockDoubtedError
from ..domain.machine_clock import MachineClock
from ..domain.models import CleanupReport
from ..domain.settings import Settings
from ..files.camera_root import CameraRoot
from ..store import clean_ups
from ..store.clean_ups import CleanUpState
from ..store.database import Database
from ..store.retention import Deleted
from .expired_files import ExpiredFiles
from .expired_records import ExpiredRecords

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What a clean-up would delete now, and why that has to be confirmed."""

    report: CleanupReport
    stored: Stored
    clock_doubt: str | None
    amount_doubt: str | None

    @property
    def doubt(self) -> str | None:
        return self.clock_doubt or self.amount_doubt


class CleanUp:
    """Deletes what the settings' retention allows; requests raise StoreError.

    Files are deleted first, then records, then orphans. A nightly run that seems to delete too
    much waits for a confirmation; a run that a person asks for has been confirmed by that, but
    none runs while the machine's clock is in doubt.
    """

    def __init__(
        self,
        database: Database,
        board: HealthBoard,
        clock: MachineClock,
        *,
        root: CameraRoot,
        files: FileExecutor,
        settings: Settings,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._board = board
        self._clock = clock
        self._root = root
        self._settings = settings
        self._now = now
        self._files = ExpiredFiles(database, root=root, files=files, settings=settings)
        self._records = ExpiredRecords(database, self._files.still_present)
        self._running = asyncio.Lock()
        self._is_loaded = False  # what waits was read from the database
        self.confirmed = Notifier()  # that the clean-up that waits may have been confirmed

    async def delete_expired(self, *, dry_run: bool) -> CleanupReport:
        """Delete everything that is due, or only count it, with what a nightly run would wait for.

        Raises ClockDoubtedError instead of deleting if the machine's clock may be ahead.
        """
        async with self._running:
            now = self._now()
            if dry_run:
                plan = await self._plan(now, await self._state())
                return replace(plan.report, doubt=plan.doubt)
            await self._compare_clocks()
            if doubt := self._clock.doubt():
                raise ClockDoubtedError(
                    f"{doubt}, and too much might be deleted. Set the clock, or wait for the"
                    " nightly clean-up, which can be confirmed"
                )
            return await self._delete(now, is_nightly=False)

    async def delete_unless_doubted(self) -> CleanupReport | None:
        """Delete everything that is due; return None if that waits for a confirmation."""
        async with self._running:
            now = self._now()
            state = await self._state()
            plan = await self._plan(now, state)
            if plan.doubt is None:
                return await self._delete(now, is_nightly=True)
            waiting = WaitingCleanUp(
                judged_at=now,
                reason=plan.doubt,
                by_clock=plan.amount_doubt is None,
                images=plan.report.images,
                stored_images=plan.stored.images,
                files=plan.report.files,
                stored_files=plan.stored.files,
                file_bytes=plan.report.file_bytes,
            )
            async with self._database.begin() as connection:
                await clean_ups.wait(connection, self._root.id, waiting)
            self._board.clean_up_waits(waiting)
            return None

    async def delete_confirmed(self) -> CleanupReport | None:
        """Delete what was confirmed; return None if nothing was."""
        async with self._running:
            if self._is_loaded and self._board.health.clean_up_waiting is None:
                return None
            state = await self._state()
            self._is_loaded = True
            self._board.clean_up_waits(state.waiting)
            if state.waiting is None or not state.confirmed:
                return None
            # Not more than was shown, nor more than is due by now.
            return await self._delete(min(state.waiting.judged_at, self._now()), is_nightly=True)

    async def is_clock_doubt_over(self) -> bool:
        """Return whether a clean-up waits only for clocks that agree by now."""
        waiting = self._board.health.clean_up_waiting
        if waiting is None or not waiting.by_clock:
            return False
        await self._compare_clocks()
        return self._clock.doubt() is None

    async def confirm(self) -> None:
        """Confirm the nightly clean-up that waits, if any; it then runs in the background."""
        async with self._database.begin() as connection:
            await clean_ups.confirm(connection, self._root.id)
        self.confirmed.notify()

    async def _state(self) -> CleanUpState:
        async with self._database.begin() as connection:
            return await clean_ups.read(connection, self._root.id)

    async def _compare_clocks(self) -> datetime | None:
        """Compare the machine's clock with the database's; return when the newest image was found."""
        async with self._database.begin() as connection:
            database_now, newest = await clean_ups.read_clock(connection)
        self._clock.observe(database=database_now)
        return newest

    async def _plan(self, now: datetime, state: CleanUpState) -> _Plan:
        newest = await self._compare_clocks()
        report = await self._expire(now, dry_run=True)
        stored = Stored(
            images=await self._records.count_stored(),
            files=await self._files.count_stored(),
            newest=newest,
        )
        return _Plan(
            report=report,
            stored=stored,
            clock_doubt=self._clock.doubt() if report.files or report.images else None,
            amount_doubt=amount_doubt(
                report,
                stored,
                state.history,
                record_days=self._settings.retention_days,
                file_days=self._settings.original_days,
                now=now,
            ),
        )

    async def _delete(self, now: datetime, *, is_nightly: bool) -> CleanupReport:
        report = await self._expire(now, dry_run=False)
        async with self._database.begin() as connection:
            await clean_ups.finish(
                connection,
                self._root.id,
                ran_at=now,
                nightly=report if is_nightly else None,
                history=(await clean_ups.read(connection, self._root.id)).history,
            )
        self._board.clean_up_waits(None)
        return report

    async def _expire(self, now: datetime, *, dry_run: bool) -> CleanupReport:
        """Delete what is due, or only count it."""
        files, file_bytes = await self._files.delete(now, dry_run=dry_run)
        records = Deleted()
        if self._settings.retention_days > 0:
            before = now - timedelta(days=self._settings.retention_days)
            expire = self._records.count if dry_run else self._records.delete
            records = await expire(before)
        orphans = await self._files.delete_orphans(dry_run=dry_run)
        return CleanupReport(
            events=records.events,
            images=records.images,
            detections=records.detections,
            jobs=records.jobs,
            files=files,
            file_bytes=file_bytes,
            orphans=orphans,
        )
