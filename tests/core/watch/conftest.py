"""A camera root on a real disk, and a watcher whose deliveries are all recorded."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
import os
from pathlib import Path
import time
from typing import Any

import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.aio.file_executor import FileExecutor
from hsi_core.aio.health_board import HealthBoard
from hsi_core.aio.publisher import Publisher
from hsi_core.domain.found_file import FoundFile
from hsi_core.domain.models import Camera
from hsi_core.domain.settings import Settings
from hsi_core.domain.updates import HealthUpdate, Update
from hsi_core.watch.deliveries import Deliveries, Lane
from hsi_core.watch.mounts import MOUNTINFO
from hsi_core.watch.watcher import FolderWatcher

SOON = 60.0  # seconds to wait for a signal, on a busy machine
SETTLE = 0.2  # seconds


class Watch:
    """One running watcher, what it delivered and the problems it reported."""

    def __init__(
        self, root: Path, cameras: Sequence[Camera], settings: Settings, mountinfo: Path = MOUNTINFO
    ) -> None:
        self.found: asyncio.Queue[FoundFile] = asyncio.Queue()
        self.problems: asyncio.Queue[tuple[str, str | None]] = asyncio.Queue()  # camera, error code
        self.publisher = Publisher()
        self.deliveries = Deliveries(now=lambda: datetime.now(UTC))
        self.files = FileExecutor(stall_limit=settings.storage_timeout)
        self.watcher = FolderWatcher(
            root,
            cameras,
            self.deliveries,
            files=self.files,
            health=HealthBoard(self.publisher),
            publisher=self.publisher,
            settings=settings,
            mountinfo=mountinfo,
        )
        self._cameras = [camera.folder for camera in cameras]
        self._refusals = 0  # of the next files
        self._errors: dict[str, str] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self.publisher.subscribe(self._note_health)

    async def start(self) -> None:
        """Start watching and taking files; return once all cameras are scanned."""
        self.take()
        self.watch()
        async with asyncio.timeout(SOON):
            await self.watcher.ready.wait()
        await self._everything_taken()

    def watch(self) -> None:
        """Start watching, without taking the files found."""
        self._tasks.append(asyncio.create_task(self.watcher.watch()))

    def take(self) -> None:
        """Take the files found and acknowledge them."""
        lanes = (self.deliveries.live, self.deliveries.backlog)
        self._tasks += [
            asyncio.create_task(self._take_from(lane[camera]))
            for camera in self._cameras
            for lane in lanes
        ]

    async def stop(self) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task

    def refuse(self, count: int) -> None:
        """Refuse the next files."""
        self._refusals = count

    async def next(self) -> FoundFile:
        async with asyncio.timeout(SOON):
            return await self.found.get()

    async def paths(self, count: int) -> list[str]:
        """Return the paths of the next files, sorted."""
        return sorted([(await self.next()).path for _ in range(count)])

    async def problem(self) -> tuple[str, str | None]:
        """Return the next camera with a problem and its code, None if the problem is over."""
        async with asyncio.timeout(SOON):
            return await self.problems.get()

    async def until(self, root: Path, last: str) -> list[str]:
        """Write one more file; return the paths of the files delivered up to that one."""
        write(root / last)
        found: list[str] = []
        while not found or found[-1] != last:
            found.append((await self.next()).path)
        return found

    async def _take_from(self, lane: Lane) -> None:
        while True:
            self._accept(await lane.take())

    def _accept(self, files: Iterable[FoundFile]) -> None:
        for file in files:
            if self._refusals:
                self._refusals -= 1
                self.deliveries.refuse([file])
            else:
                self.deliveries.acknowledge([file])
                self.found.put_nowait(file)

    async def _everything_taken(self) -> None:
        """Let the takers, which are ready to run, take what is in the lanes."""
        for _ in range(3):
            await asyncio.sleep(0)

    def _note_health(self, update: Update) -> None:
        if not isinstance(update, HealthUpdate):
            return
        errors = dict(update.health.camera_errors)
        for camera in sorted({*errors, *self._errors}):
            if errors.get(camera) != self._errors.get(camera):
                self.problems.put_nowait((camera, errors.get(camera)))
        self._errors = errors


def write(path: Path, content: bytes = b"image", *, age: float = 0.0) -> Path:
    """Write and close a file that was last changed `age` seconds ago."""
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
    """Make watchers of the root, not yet started; they are stopped at the end."""
    made: list[Watch] = []

    def make(*cameras: str, mountinfo: Path = MOUNTINFO, **changed: Any) -> Watch:
        named = [Camera(folder=folder, name=folder) for folder in cameras or ("front", "yard/gate")]
        made.append(Watch(root, named, replace(settings, **changed), mountinfo))
        return made[-1]

    yield make
    for each in made:
        await each.stop()
        each.files.close()
