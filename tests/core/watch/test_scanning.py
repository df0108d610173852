"""Scans find files from before the start, files without an event, and refused files."""

import asyncio
from collections.abc import Callable
import os
from pathlib import Path

import pytest

from hsi_core.domain.settings import Settings
from tests.core.logged import logged
from tests.core.watch.conftest import SETTLE, SOON, Watch, write

EVENT_LIMIT = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())

type Make = Callable[..., Watch]


async def test_images_from_before_the_start(watch: Make, root: Path) -> None:
    write(root / "front/a.jpg", age=60)
    write(root / "yard/gate/2026/11/b.jpg", age=3600)
    seen = watch()

    await seen.start()

    assert seen.found.qsize() == 2
    assert await seen.paths(2) == ["front/a.jpg", "yard/gate/2026/11/b.jpg"]


async def test_a_recent_file_is_delivered_once_stable(watch: Make, root: Path) -> None:
    seen = watch(settle_time=2.0)
    with (root / "front/a.jpg").open("wb") as upload:
        upload.write(b"begun")
        upload.flush()
        await seen.start()
        assert seen.found.empty()
        upload.write(b" and ended")

    assert (await seen.next()).size == 15


async def test_a_stable_file_that_is_not_closed_is_delivered(watch: Make, root: Path) -> None:
    seen = watch()
    loop = asyncio.get_running_loop()
    before = loop.time()
    with (root / "front/a.jpg").open("wb") as upload:
        upload.write(b"stalled")
        upload.flush()
        await seen.start()

        assert (await seen.next()).size == 7
        assert loop.time() - before >= SETTLE


async def test_a_file_from_the_future_is_delivered(watch: Make, root: Path) -> None:
    write(root / "front/a.jpg", age=-86_400)
    seen = watch()

    await seen.start()

    assert (await seen.next()).path == "front/a.jpg"


async def test_five_thousand_files(watch: Make, root: Path) -> None:
    for index in range(5000):
        write(root / f"front/{index % 10}/{index}.jpg", age=60)
    seen = watch()

    await seen.start()

    assert len({(await seen.next()).path for _ in range(5000)}) == 5000
    assert seen.found.empty()


@pytest.mark.skipif(EVENT_LIMIT > 40_000, reason="the queue is too long to overflow in a test")
async def test_an_overflow_of_the_inotify_queue(watch: Make, root: Path) -> None:
    seen = watch()
    await seen.start()

    # Nothing is awaited here, so no event is read while the files are created: two events each.
    count = EVENT_LIMIT // 2 + 100
    for index in range(count):
        (root / f"front/{index}.jpg").touch()

    with logged("hsi_core.watch", "queue overflowed") as overflow:
        assert len({(await seen.next()).path for _ in range(count)}) == count
        async with asyncio.timeout(SOON):
            await overflow.wait()


async def test_a_full_scan_delivers_only_new_files(watch: Make, root: Path) -> None:
    write(root / "front/a.jpg", age=7200)
    seen = watch(rescan_interval=0.1, settle_time=3600.0)
    await seen.start()
    assert (await seen.next()).path == "front/a.jpg"

    # A link takes the settle time to be found by its event.
    os.link(write(root.parent / "b.jpg", age=7200), root / "front/b.jpg")

    assert (await seen.next()).path == "front/b.jpg"
    assert seen.found.empty()


async def test_no_cameras_is_not_a_problem(watch: Make, root: Path, settings: Settings) -> None:
    seen = Watch(root, [], settings)

    await seen.start()
    await seen.stop()

    assert seen.problems.empty()
