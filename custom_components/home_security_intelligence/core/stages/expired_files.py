"""Deletes original image files past their retention, and forgets files that no longer exist."""

from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection

from ..aio.file_executor import FileExecutor
from ..domain.errors import StorageStalledError
from ..domain.found_file import FoundFile
from ..domain.settings import Settings
from ..files.camera_root import CameraRoot
from ..files.source_files import FileCheck, check_files, delete_file
from ..store import clean_ups, retention, roots
from ..store.database import Database
from ..store.retention import KnownFile
from ..watch.ignored_names import IgnoredNames

FILES_STEP = 500
# Forgotten files that are looked for in one run. The next run continues with the others, so that
# millions of files cost no night more than some seconds.
ORPHANS_A_RUN = 200_000

type _Page = Callable[[AsyncConnection, KnownFile | None], Awaitable[tuple[KnownFile, ...]]]


class ExpiredFiles:
    """The original files of one camera root; every method raises StoreError.

    Files that are missing here but belong to another live camera root are left to its pipeline.
    """

    def __init__(
        self, database: Database, *, root: CameraRoot, files: FileExecutor, settings: Settings
    ) -> None:
        self._database = database
        self._file_executor = files
        self._root = root
        self._settings = settings
        self._ignored = IgnoredNames(settings.ignored_names)

    @property
    def has_limit(self) -> bool:
        """Whether any file is ever deleted."""
        return self._settings.original_days > 0 or self._settings.original_bytes > 0

    async def count_stored(self) -> int:
        """Return how many files a clean-up chooses from."""
        if not self.has_limit:
            return 0
        async with self._database.begin_count() as connection:
            return (await retention.count_files(connection))[0]

    async def delete(self, now: datetime, *, dry_run: bool) -> tuple[int, int]:
        """Delete the files that are due, or only count them; return their number and bytes."""
        is_too_large = await self._is_too_large()
        oldest_kept = None
        if self._settings.original_days > 0:
            oldest_kept = now - timedelta(days=self._settings.original_days)
        elif not is_too_large:
            return 0, 0
        kept_bytes = files = file_bytes = 0
        # The files that age does not decide on are checked only if they are too large.
        before = None if is_too_large else oldest_kept
        for source in (retention.list_files, retention.list_forgotten):
            page = partial(_page, source, before)
            async for known, check in self._checked(page):
                # Forgotten files that are gone are orphans: delete_orphans counts them.
                gone = [item for item in known if item.image_id and item.file in check.gone]
                for item in known:
                    if item.file not in check.present or self._ignored.exclude(item.file):
                        continue
                    kept_bytes += item.file.size
                    is_recent = oldest_kept is None or item.found_at >= oldest_kept
                    fits = not is_too_large or kept_bytes <= self._settings.original_bytes
                    if is_recent and fits:
                        continue
                    if dry_run or await self._delete_file(item.file):
                        files += 1
                        file_bytes += item.file.size
                        gone.append(item)
                if not dry_run:
                    async with self._database.begin() as connection:
                        await retention.mark_gone(connection, gone)
        return files, file_bytes

    async def delete_orphans(self, *, dry_run: bool) -> int:
        """Delete what is remembered of files that no longer exist, or only count it."""
        async with self._database.begin() as connection:
            state = await clean_ups.read(connection, self._root.id)
        orphans, left = 0, ORPHANS_A_RUN
        until = state.orphans_checked_until
        # From where the last run ended to the end, and then from the beginning.
        spans = [(None, None)] if until is None else [(until, None), (None, until)]
        for since, to in spans:
            last: KnownFile | None = None
            while left > 0:
                async with self._database.begin() as connection:
                    known = await retention.list_oldest_forgotten(
                        connection, since=since, until=to, after=last, limit=min(FILES_STEP, left)
                    )
                if not known:
                    break
                orphans += await self._forget(known, dry_run=dry_run)
                left -= len(known)
                last = known[-1]
                until = last.found_at
        if not dry_run and until is not None:
            async with self._database.begin() as connection:
                await clean_ups.store_orphan_check(connection, self._root.id, until)
        return orphans

    async def still_present(self, known: Sequence[KnownFile]) -> list[KnownFile]:
        """Return those whose file a scan could find again."""
        check = await self._check(known)
        return [item for item in known if item.file not in check.gone]

    async def _is_too_large(self) -> bool:
        """Return whether the files may need more space than they are given."""
        if self._settings.original_bytes <= 0:
            return False
        async with self._database.begin_count() as connection:
            _, size = await retention.count_files(connection)
        return size > self._settings.original_bytes

    async def _forget(self, known: Sequence[KnownFile], *, dry_run: bool) -> int:
        check = await self._check(known)
        gone = [item for item in known if item.file in check.gone]
        if dry_run or not gone:
            return len(gone)
        async with self._database.begin() as connection:
            return await retention.mark_gone(connection, gone)

    async def _checked(self, page: _Page) -> AsyncIterator[tuple[Sequence[KnownFile], FileCheck]]:
        last: KnownFile | None = None
        while True:
            async with self._database.begin() as connection:
                known = await page(connection, last)
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


async def _page(
    source: Callable[..., Awaitable[tuple[KnownFile, ...]]],
    before: datetime | None,
    connection: AsyncConnection,
    after: KnownFile | None,
) -> tuple[KnownFile, ...]:
    return await source(connection, after=after, before=before, limit=FILES_STEP)
