"""Deletes what is older than it has to be, every night or when asked."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
import logging

from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.errors import StoreError
from ..domain.models import CleanupReport
from ..domain.settings import Settings
from ..files.camera_root import CameraRoot
from ..files.source_files import FileCheck, check_files, delete_file
from ..store import feedback, home_states, retention, roots
from ..store.database import Database
from ..store.retention import Deleted, KnownFile

_LOGGER = logging.getLogger(__name__)

# Small enough that nobody notices waiting for a step to end.
EVENTS_STEP = 25
IMAGES_STEP = 200
FILES_STEP = 500
_LOOK_AT_CLOCK = 30.0  # seconds, so that a clock that is set is noticed

type _Files = Callable[[AsyncConnection, KnownFile | None], Awaitable[tuple[KnownFile, ...]]]


class CleanUp:
    """Keeps the settings' word on how long things are kept; raises StoreError.

    Files come first, then records, then the notes on forgotten files that are gone. A file that
    stays while its record goes is noted, or the next scan would take it for a new one. What others
    have found in a folder of their own, and is not here, is theirs to look for.
    """

    def __init__(
        self,
        database: Database,
        *,
        root: CameraRoot,
        time_zone: tzinfo,
        settings: Settings,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._root = root
        self._time_zone = time_zone
        self._settings = settings
        self._now = now
        self._running = asyncio.Lock()

    async def delete_expired_daily(self) -> None:
        """Clean up whenever the hour has come, until cancelled."""
        due = self._next(self._now())
        while True:
            await asyncio.sleep(min(_LOOK_AT_CLOCK, max(0.0, (due - self._now()).total_seconds())))
            if self._now() < due:
                continue
            try:
                report = await self.delete_expired(dry_run=False)
            except StoreError as error:
                _LOGGER.info("the cleanup is put off: %s", error)
                await asyncio.sleep(_LOOK_AT_CLOCK)
                continue
            _LOGGER.info("cleaned up: %s", report)
            due = self._next(self._now())

    async def delete_expired(self, *, dry_run: bool) -> CleanupReport:
        """Delete everything that is due by now, or count what that would be."""
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
                report = replace(
                    report,
                    events=deleted.events,
                    images=deleted.images,
                    detections=deleted.detections,
                    jobs=deleted.jobs,
                )
            return replace(report, orphans=await self._clean_notes(dry_run=dry_run))

    def _next(self, moment: datetime) -> datetime:
        return next_time(moment, self._settings.cleanup_hour, self._time_zone)

    async def _clean_files(
        self, report: CleanupReport, now: datetime, *, dry_run: bool
    ) -> CleanupReport:
        if self._settings.original_days <= 0 and self._settings.original_bytes <= 0:
            return report
        kept_bytes = files = file_bytes = 0
        for source in (_of_images, _forgotten):
            async for known, seen in self._files(source):
                # Notes whose file is gone are orphans, and counted as such below.
                away = [item for item in known if item.image_id and item.file in seen.gone]
                for item in known:
                    if item.file not in seen.present:
                        continue
                    kept_bytes += item.file.size
                    if self._is_kept(item, kept_bytes, now):
                        continue
                    if dry_run or await asyncio.to_thread(delete_file, self._root.path, item.file):
                        files += 1
                        file_bytes += item.file.size
                        away.append(item)
                if not dry_run:
                    async with self._database.begin() as connection:
                        await retention.note_gone(connection, away)
        return replace(report, files=files, file_bytes=file_bytes)

    def _is_kept(self, known: KnownFile, kept_bytes: int, now: datetime) -> bool:
        days, size = self._settings.original_days, self._settings.original_bytes
        young = days <= 0 or known.found_at >= now - timedelta(days=days)
        return young and (size <= 0 or kept_bytes <= size)

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
            due = await retention.due_events(connection, before, limit=EVENTS_STEP)
            known = () if due is None else await retention.images_of(connection, due[1])
        if due is None:
            return None
        there = await self._still_noted(known)
        async with self._database.begin() as connection:
            return await retention.delete_events(connection, *due, before, there)

    async def _delete_images(self, before: datetime) -> Deleted | None:
        async with self._database.begin() as connection:
            due = await retention.due_images(connection, before, limit=IMAGES_STEP)
        if not due:
            return None
        there = await self._still_noted(due)
        async with self._database.begin() as connection:
            return await retention.delete_images(connection, due, before, there)

    async def _still_noted(self, known: Sequence[KnownFile]) -> list[KnownFile]:
        """Return those whose file a scan could find again."""
        seen = await self._look(known)
        return [item for item in known if item.file not in seen.gone]

    async def _clean_notes(self, *, dry_run: bool) -> int:
        orphans = 0
        async for known, seen in self._files(_forgotten):
            gone = [item for item in known if item.file in seen.gone]
            if dry_run:
                orphans += len(gone)
            elif gone:
                async with self._database.begin() as connection:
                    orphans += await retention.note_gone(connection, gone)
        return orphans

    async def _files(self, source: _Files) -> AsyncIterator[tuple[Sequence[KnownFile], FileCheck]]:
        last: KnownFile | None = None
        while True:
            async with self._database.begin() as connection:
                known = await source(connection, last)
            if not known:
                return
            yield known, await self._look(known)
            last = known[-1]

    async def _look(self, known: Sequence[KnownFile]) -> FileCheck:
        seen = await asyncio.to_thread(check_files, self._root.path, [item.file for item in known])
        async with self._database.begin() as connection:
            others = {other.id for other in await roots.others_live(connection, self._root.id)}
        theirs = {item.file for item in known if item.root in others}
        return replace(seen, gone=seen.gone - theirs)


def next_time(moment: datetime, hour: int, time_zone: tzinfo) -> datetime:
    """Return when the local clock next shows this hour, after a moment."""
    local = moment.astimezone(time_zone)
    today = local.replace(hour=hour, minute=0, second=0, microsecond=0, fold=0)
    if today.timestamp() > moment.timestamp():
        return today
    return (today.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=time_zone)


async def _of_images(connection: AsyncConnection, after: KnownFile | None) -> tuple[KnownFile, ...]:
    return await retention.files_of_images(connection, after=after, limit=FILES_STEP)


async def _forgotten(connection: AsyncConnection, after: KnownFile | None) -> tuple[KnownFile, ...]:
    return await retention.forgotten(connection, after=after, limit=FILES_STEP)


def _sum(one: Deleted, other: Deleted) -> Deleted:
    return Deleted(
        events=one.events + other.events,
        images=one.images + other.images,
        detections=one.detections + other.detections,
        jobs=one.jobs + other.jobs,
    )
