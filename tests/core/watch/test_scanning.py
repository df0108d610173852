"""What scanning finds: what was there before, what no event told of, what was refused."""

import asyncio
from collections.abc import Callable
import logging
import os
from pathlib import Path

import pytest

from tests.core.watch.conftest import SETTLE, SOON, Watch, write

CHANGES_KEPT = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())

type Make = Callable[..., Watch]


async def test_pictures_from_before_the_start(watch: Make, root: Path) -> None:
    write(root / "front/a.jpg", age=60)
    write(root / "yard/gate/2026/11/b.jpg", age=3600)
    seen = watch()

    await seen.start()

    assert seen.found.qsize() == 2
    assert await seen.paths(2) == ["front/a.jpg", "yard/gate/2026/11/b.jpg"]


async def test_a_young_file_is_looked_at_again_until_it_rests(watch: Make, root: Path) -> None:
    seen = watch(settle_time=2.0)
    with (root / "front/a.jpg").open("wb") as upload:
        upload.write(b"begun")
        upload.flush()
        await seen.start()
        assert seen.found.empty()
        upload.write(b" and ended")

    assert (await seen.next()).size == 15


async def test_a_file_that_rests_unclosed_is_told_of(watch: Make, root: Path) -> None:
    seen = watch()
    loop = asyncio.get_running_loop()
    before = loop.time()
    with (root / "front/a.jpg").open("wb") as upload:
        upload.write(b"stalled")
        upload.flush()
        await seen.start()

        assert (await seen.next()).size == 7
        assert loop.time() - before >= SETTLE


async def test_a_clock_ahead_of_ours_delays_nothing(watch: Make, root: Path) -> None:
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


@pytest.mark.skipif(CHANGES_KEPT > 40_000, reason="more are kept here than a test can soon make")
async def test_more_changes_at_once_than_the_system_keeps(
    watch: Make, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    seen = watch()
    await seen.start()

    # Nothing is awaited here, so nothing is read while the files are made: two changes each.
    count = CHANGES_KEPT // 2 + 100
    for index in range(count):
        (root / f"front/{index}.jpg").touch()

    assert len({(await seen.next()).path for _ in range(count)}) == count
    assert "scanning instead" in caplog.text


async def test_a_rescan_hands_everything_over_again(watch: Make, root: Path) -> None:
    write(root / "front/a.jpg", age=60)
    seen = watch()
    await seen.start()
    await seen.next()

    async with asyncio.timeout(SOON):
        await seen.watcher.rescan()

    assert seen.found.get_nowait().path == "front/a.jpg"


async def test_a_rescan_of_a_stopped_watcher_returns(watch: Make) -> None:
    seen = watch()
    await seen.start()
    await seen.stop()

    async with asyncio.timeout(SOON):
        await seen.watcher.rescan()


async def test_a_regular_scan_tells_only_of_what_is_new(watch: Make, root: Path) -> None:
    write(root / "front/a.jpg", age=60)
    seen = watch(rescan_interval=0.1)
    await seen.start()
    assert (await seen.next()).path == "front/a.jpg"

    # A hard link is the one way to make a file that no change is told of.
    os.link(write(root.parent / "b.jpg", age=60), root / "front/b.jpg")

    assert (await seen.next()).path == "front/b.jpg"
    assert seen.found.empty()


async def test_what_was_not_taken_comes_again(
    watch: Make, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for index in range(3):
        write(root / f"front/{index}.jpg", age=60)
    seen = watch()
    seen.refusals = 2
    caplog.set_level(logging.WARNING)

    await seen.start()

    assert await seen.paths(3) == ["front/0.jpg", "front/1.jpg", "front/2.jpg"]
    assert caplog.messages == ["Pictures wait in their folders: the database is away"]


async def test_an_event_not_taken_comes_again(watch: Make, root: Path) -> None:
    seen = watch()
    await seen.start()
    seen.refusals = 1

    write(root / "front/a.jpg")

    assert (await seen.next()).path == "front/a.jpg"


async def test_slow_takers_lose_nothing(watch: Make, root: Path) -> None:
    seen = watch()
    await seen.start()
    taking, go = asyncio.Event(), asyncio.Event()
    taken = seen.watcher._on_found

    async def slowly(file: object) -> None:
        taking.set()
        await go.wait()
        await taken(file)

    seen.watcher._on_found = slowly
    for index in range(200):
        write(root / f"front/{index}.jpg")
    async with asyncio.timeout(SOON):
        await taking.wait()
    go.set()

    assert len({(await seen.next()).path for _ in range(200)}) == 200


async def test_no_cameras_is_no_trouble(watch: Make, root: Path, settings: object) -> None:
    seen = Watch(root, [], settings)

    await seen.start()
    await seen.stop()

    assert seen.troubles.empty()
