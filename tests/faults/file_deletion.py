"""Deletion of processed files during a long run, so that folders do not grow without end."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
import time

import asyncpg  # type: ignore[import-untyped]  # has no types

from tests.faults.uploads import Cameras

_INTERVAL = 5.0  # seconds
_PROCESSED = """
SELECT path, size, mtime_ns FROM hsi.images WHERE path = ANY($1) AND state <> 'pending'
"""


async def delete_processed(url: str, root: Path, cameras: Cameras, *, after: float) -> None:
    """Delete files `after` seconds after their upload once they have a final state; until cancelled."""
    while True:
        await asyncio.sleep(_INTERVAL)
        with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            async with cameras.keeping_files:
                await _delete(url, root, cameras, until=time.monotonic() - after)


async def _delete(url: str, root: Path, cameras: Cameras, *, until: float) -> None:
    old: list[tuple[float, Path]] = []
    while cameras.by_age and cameras.by_age[0][0] < until:
        old.append(cameras.by_age.popleft())
    if not old:
        return
    try:
        processed = await _processed(url, [file.relative_to(root).as_posix() for _, file in old])
        for item in tuple(old):
            status = item[1].stat()
            path = item[1].relative_to(root).as_posix()
            version = (status.st_size, status.st_mtime_ns)
            if (path, *version) in processed:
                cameras.deleted[item[1]] = version
                item[1].unlink()
                old.remove(item)
    finally:
        cameras.by_age.extendleft(reversed(old))  # for the next time


async def _processed(url: str, paths: Sequence[str]) -> set[tuple[str, int, int]]:
    connection = await asyncpg.connect(url, timeout=5)
    try:
        rows = await connection.fetch(_PROCESSED, paths, timeout=10)
    finally:
        await connection.close(timeout=5)
    return {(row["path"], row["size"], row["mtime_ns"]) for row in rows}
