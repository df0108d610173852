"""A camera root on a real disk and a watcher that tells of everything as it happens."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace
import os
from pathlib import Path
import time

import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.domain.errors import WatchError
from hsi_core.domain.found_file import FoundFile
from hsi_core.domain.models import Camera
from hsi_core.domain.settings import Settings
from hsi_core.watch.watcher import FolderWatcher

SOON = 60.0  # seconds within which a signal has to come, on a machine busy with other things
SETTLE = 0.2  # seconds


class Watch:
    """One running watcher and what it told."""

    def __init__(self, root: Path, cameras: list[Camera], settings: Settings) -> None:
        self.found: asyncio.Queue[FoundFile] = asyncio.Queue()
        self.troubles: asyncio.Queue[tuple[str, WatchError | None]] = asyncio.Queue()
        self.refusals = 0  # how many of the next files are not taken
        self.watcher = FolderWatcher(
            root,
            cameras,
            settings=settings,
            on_found=self._take,
            on_trouble=lambda camera, error: self.troubles.put_nowait((camera, error)),
        )
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Run until the first scan is delivered."""
        self._task = asyncio.create_task(self.watcher.run())
        async with asyncio.timeout(SOON):
            await self.watcher.ready.wait()

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def next(self) -> FoundFile:
        async with asyncio.timeout(SOON):
            return await self.found.get()

    async def paths(self, count: int) -> list[str]:
        """Return the paths of the next files, sorted."""
        return sorted([(await self.next()).path for _ in range(count)])

    async def trouble(self) -> tuple[str, WatchError | None]:
        async with asyncio.timeout(SOON):
            return await self.troubles.get()

    async def only(self, root: Path, last: str) -> list[str]:
        """Write one more file and return the paths told of up to that one."""
        write(root / last)
        told = []
        while not told or told[-1] != last:
            told.append((await self.next()).path)
        return told

    async def _take(self, file: FoundFile) -> None:
        if self.refusals:
            self.refusals -= 1
            raise ConnectionError("the database is away")
        self.found.put_nowait(file)


def write(path: Path, content: bytes = b"picture", *, age: float = 0.0) -> Path:
    """Write and close a file that was last changed so many seconds ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if age:
        then = time.time() - age
        os.utime(path, (then, then))
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "cameras"
    for camera in ("front", "yard/gate"):
        (folder / camera).mkdir(parents=True)
    return folder


@pytest.fixture
def settings() -> Settings:
    return Settings(settle_time=SETTLE, rescan_interval=3600.0, watch_retry=0.2)


@pytest.fixture
async def watch(root: Path, settings: Settings) -> AsyncIterator[Callable[..., Watch]]:
    """Make watchers, not yet started, over the root; they are stopped at the end."""
    made: list[Watch] = []

    def make(*cameras: str, **changed: float) -> Watch:
        named = [Camera(folder=folder, name=folder) for folder in cameras or ("front", "yard/gate")]
        made.append(Watch(root, named, replace(settings, **changed)))
        return made[-1]

    yield make
    for each in made:
        await each.stop()
