"""Deletes files and records past their retention, daily or on request."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
import logging

from sqlalchemy.ext.asyncio import AsyncConnection

from ..aio.file_executor import FileExecutor
from ..domain.errors import StorageStalledError, StoreError
from ..domain.found_file import FoundFile
from ..domain.models import CleanupReport
from ..domain.settings import Settings
from ..files.camera_root import CameraRoot
from ..files.source_files import FileCheck, check_files, delete_file
from ..store import feedback, home_states, retention, roots
from ..store.database import Database
from ..store.retention import Deleted, KnownFile
from ..watch.ignored_names import IgnoredNames

_LOGGER = logging.getLogger(__name__)

# Small enough that other transactions do not wait noticeably for a step to end.
EVENTS_STEP = 25
IMAGES_STEP = 200
FILES_STEP = 500
_CLOCK_CHECK = 30.0  # seconds between looks at the clock, which may be set

type _Files = Callable[[AsyncConnection, KnownFile | None], Awaitable[tuple[KnownFile, ...]]]


class CleanUp:
    """Deletes what the settings' retention allows; raises StoreError.

    Files are deleted first, then records, then orphans. If a file outlives its record, it is
    remembered as forgotten, because the next scan would register the file again. Files
    that are missing here but belong to another live camera root are left to its pipeline.
    """

    def __init__(
        self,
        database: Database,
        *,
        root: CameraRoot,
        files: FileExecutor,
        time_zone: tzinfo,
        settings: Settings,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._root = root
        self._file_executor = files
        self._time_zone = time_zone
        self._settings = settings
        self._ignored = IgnoredNames(settings.ignored_names)
        self._now = now
        self._running = asyncio.Lock()

    async def delete_expired_daily(self) -> None:
        """Clean up every day at the hour of the settings, until cancelled."""
        due = self._next(self._now())
        while True:
            await asyncio.sleep(min(_CLOCK_CHECK, max(0.0, (due - self._now()).total_seconds())))
            if self._now() < due:
                continue
            try:
                report = await self.delete_expired(dry_run=False)
            except StoreError as error:
                _LOGGER.info("Cleanup postponed: %s", error)
                await asyncio.sleep(_CLOCK_CHECK)
                continue
            _LOGGER.info("Cleanup finished: %s", report)
            due = self._next(self._now())

    async def delete_expired(self, *, dry_run: bool) -> CleanupReport:
        """Delete everything that is due, or only count it."""
        async with self._running:
            now = self._now()
            report = await self._clean_files(CleanupReport(), now, dry_run=dry_run)
            if self._settings.retention_days > 0:
                before = now - timedelta(days=self._settings.retention_days)
                deleted = await (self._count(before) if dry_run else self._clean_records(before))
                if not dry_run:
                    async with self._database.begin() as connection:
                        await home_states.delete_before(connection, before)
                        await feedback.delete_before(connection, before)
                        await roots.delete_unused(connection)
                report = replace(
                    report,
                    events=deleted.events,
                    images=deleted.images,
                    detections=deleted.detections,
                    jobs=deleted.jobs,
                )
            return replace(report, orphans=await self._delete_orphans(dry_run=dry_run))

    def _next(self, moment: datetime) -> datetime:
        return next_time(moment, self._settings.cleanup_hour, self._time_zone)

    async def _clean_files(
        self, report: CleanupReport, now: datetime, *, dry_run: bool
    ) -> CleanupReport:
        if self._settings.original_days <= 0 and self._settings.original_bytes <= 0:
            return report
        kept_bytes = files = file_bytes = 0
        for source in (_recorded_files, _forgotten_files):
            async for known, check in self._files(source):
                # Forgotten files that are gone are orphans: _delete_orphans counts them.
                gone = [item for item in known if item.image_id and item.file in check.gone]
                for item in known:
                    if item.file not in check.present or self._ignored.exclude(item.file):
                        continue
                    kept_bytes += item.file.size
                    if self._is_retained(item, kept_bytes, now):
                        continue
                    if dry_run or await self._delete_file(item.file):
                        files += 1
                        file_bytes += item.file.size
                        gone.append(item)
                if not dry_run:
                    async with self._database.begin() as connection:
                        await retention.mark_gone(connection, gone)
        return replace(report, files=files, file_bytes=file_bytes)

    def _is_retained(self, known: KnownFile, kept_bytes: int, now: datetime) -> bool:
        days, size = self._settings.original_days, self._settings.original_bytes
        recent = days <= 0 or known.found_at >= now - timedelta(days=days)
        return recent and (size <= 0 or kept_bytes <= size)

    async def _count(self, before: datetime) -> Deleted:
        async with self._database.begin() as connection:
            return await retention.count(connection, before)

    async def _clean_records(self, before: datetime) -> Deleted:
        total = Deleted(events=0, images=0, detections=0, jobs=0)
        for delete_some in (self._delete_events, self._delete_images):
            while (step := await delete_some(before)) is not None and step.images:
                total = _sum(total, step)
        return total

    async def _delete_events(self, before: datetime) -> Deleted | None:
        async with self._database.begin() as connection:
            due = await retention.find_due_events(connection, before, limit=EVENTS_STEP)
            known = () if due is None else await retention.images_of(connection, due[1])
        if due is None:
            return None
        present = await self._still_present(known)
        async with self._database.begin() as connection:
            return await retention.delete_events(connection, *due, before, present)

    async def _delete_images(self, before: datetime) -> Deleted | None:
        async with self._database.begin() as connection:
            due = await retention.find_due_images(connection, before, limit=IMAGES_STEP)
        if not due:
            return None
        present = await self._still_present(due)
        async with self._database.begin() as connection:
            return await retention.delete_images(connection, due, before, present)

    async def _still_present(self, known: Sequence[KnownFile]) -> list[KnownFile]:
        """Return those whose file a scan could find again."""
        check = await self._check(known)
        return [item for item in known if item.file not in check.gone]

    async def _delete_orphans(self, *, dry_run: bool) -> int:
        orphans = 0
        async for known, check in self._files(_forgotten_files):
            gone = [item for item in known if item.file in check.gone]
            if dry_run:
                orphans += len(gone)
            elif gone:
                async with self._database.begin() as connection:
                    orphans += await retention.mark_gone(connection, gone)
        return orphans

    async def _files(self, source: _Files) -> AsyncIterator[tuple[Sequence[KnownFile], FileCheck]]:
        last: KnownFile | None = None
        while True:
            async with self._database.begin() as connection:
                known = await source(connection, last)
            if not known:
                return
            yield known, await self._check(known)
            last = known[-1]

    async def _check_files(self, files: Sequence[FoundFile]) -> FileCheck:
        """Check files camera by camera; of one that does not respond, nothing is known."""
        by_camera: defaultdict[str, list[FoundFile]] = defaultdict(list)
        for file in files:
            by_camera[file.camera].append(file)
        checks: list[FileCheck] = []
        for camera, some in by_camera.items():
            with suppress(StorageStalledError):
                checks.append(
                    await self._file_executor.call(
                        camera, camera, check_files, self._root.path, some
                    )
                )
        return FileCheck(
            present=frozenset().union(*(check.present for check in checks)),
            gone=frozenset().union(*(check.gone for check in checks)),
        )

    async def _delete_file(self, file: FoundFile) -> bool:
        try:
            return await self._file_executor.call(
                file.camera, file.path, delete_file, self._root.path, file
            )
        except StorageStalledError:
            return False

    async def _check(self, known: Sequence[KnownFile]) -> FileCheck:
        check = await self._check_files([item.file for item in known])
        async with self._database.begin() as connection:
            others = {other.id for other in await roots.other_live_roots(connection, self._root.id)}
        elsewhere = {item.file for item in known if item.root in others}
        return replace(check, gone=check.gone - elsewhere)


def next_time(moment: datetime, hour: int, time_zone: tzinfo) -> datetime:
    """Return when the local clock shows this hour next, after a moment."""
    local = moment.astimezone(time_zone)
    today = local.replace(hour=hour, minute=0, second=0, microsecond=0, fold=0)
    if today.timestamp() > moment.timestamp():
        return today
    return (today.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=time_zone)


async def _recorded_files(
    connection: AsyncConnection, after: KnownFile | None
) -> tuple[KnownFile, ...]:
    return await retention.list_files(connection, after=after, limit=FILES_STEP)


async def _forgotten_files(
    connection: AsyncConnection, after: KnownFile | None
) -> tuple[KnownFile, ...]:
    return await retention.list_forgotten(connection, after=after, limit=FILES_STEP)


def _sum(one: Deleted, other: Deleted) -> Deleted:
    return Deleted(
        events=one.events + other.events,
        images=one.images + other.images,
        detections=one.detections + other.detections,
        jobs=one.jobs + other.jobs,
    )
