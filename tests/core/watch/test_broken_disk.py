"""Entries and folders that fail or hang: each stands for itself, and unknown is not gone."""

import asyncio
from collections.abc import Callable, Iterator
import errno
from pathlib import Path

from asyncinotify import Inotify, Mask
import pytest

from tests.core.watch.broken_disk import BrokenDisk
from tests.core.watch.conftest import SOON, Watch, write

type Make = Callable[..., Watch]

ERRORS = (errno.EIO, errno.EACCES, errno.ESTALE)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[BrokenDisk]:
    made = BrokenDisk(monkeypatch)
    yield made
    made.mend()


@pytest.mark.parametrize("error", ERRORS)
async def test_an_entry_that_cannot_be_read_hides_no_other(
    watch: Make, root: Path, disk: BrokenDisk, error: int, caplog: pytest.LogCaptureFixture
) -> None:
    for path in ("front/a.jpg", "front/b.jpg", "front/c/d.jpg"):
        write(root / path, age=60)
    disk.fail(root / "front/b.jpg", error)
    seen = watch()
    await seen.start()

    assert await seen.paths(2) == ["front/a.jpg", "front/c/d.jpg"]
    assert seen.problems.empty()
    assert caplog.text.count("'front/b.jpg'") == 1
    disk.mend()
    assert await seen.paths(1) == ["front/b.jpg"]


async def test_a_folder_that_cannot_be_watched_is_listed(
    watch: Make, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in ("front/a/1.jpg", "front/b/2.jpg"):
        write(root / path, age=60)
    add_watch = Inotify.add_watch

    def refuse(inotify: Inotify, path: Path, mask: Mask) -> object:
        if path.name == "a":
            raise OSError(errno.EIO, "cannot be watched", str(path))
        return add_watch(inotify, path, mask)

    monkeypatch.setattr(Inotify, "add_watch", refuse)
    seen = watch()
    await seen.start()

    assert await seen.paths(2) == ["front/a/1.jpg", "front/b/2.jpg"]
    assert (await seen.problem())[0] == "front"


@pytest.mark.parametrize("error", ERRORS)
async def test_a_folder_that_cannot_be_read_hides_no_other(
    watch: Make, root: Path, disk: BrokenDisk, error: int
) -> None:
    for path in ("front/a/1.jpg", "front/b/2.jpg", "front/3.jpg"):
        write(root / path, age=60)
    disk.fail(root / "front/a", error)
    disk.break_off(root / "front", error)
    seen = watch()
    await seen.start()

    assert await seen.paths(2) == ["front/3.jpg", "front/b/2.jpg"]
    assert (await seen.problem())[0] == "front"
    disk.mend()
    assert await seen.problem() == ("front", None)
    assert await seen.paths(1) == ["front/a/1.jpg"]


@pytest.mark.parametrize("error", ERRORS)
async def test_a_closed_file_that_cannot_be_read_is_found_soon(
    watch: Make, root: Path, disk: BrokenDisk, error: int
) -> None:
    seen = watch()
    await seen.start()
    disk.fail(root / "front/a.jpg", error)
    write(root / "front/a.jpg", age=60)
    assert await seen.until(root, "front/b.jpg") == ["front/b.jpg"]
    assert seen.deliveries.postponed == {"front"}
    disk.mend()
    assert await seen.paths(1) == ["front/a.jpg"]  # long before the next full scan


async def test_a_folder_that_hangs_stops_no_other_camera(
    watch: Make, root: Path, disk: BrokenDisk
) -> None:
    write(root / "front/a.jpg", age=60)
    write(root / "yard/gate/b.jpg", age=60)
    disk.hang(root / "front")
    seen = watch(storage_timeout=0.1)
    await seen.start()

    assert await seen.paths(1) == ["yard/gate/b.jpg"]
    assert await seen.problem() == ("front", "storage_stalled")
    assert await seen.until(root, "yard/gate/c.jpg") == ["yard/gate/c.jpg"]
    disk.mend()
    assert await seen.problem() == ("front", None)
    assert await seen.paths(1) == ["front/a.jpg"]
    assert await seen.until(root, "front/d.jpg") == ["front/d.jpg"]


async def test_a_file_that_hangs_delays_no_other_camera(
    watch: Make, root: Path, disk: BrokenDisk
) -> None:
    seen = watch(storage_timeout=SOON)
    await seen.start()
    disk.hang(root / "front/a.jpg")
    write(root / "front/a.jpg")
    # Its time limit has not passed yet.
    assert await seen.until(root, "yard/gate/b.jpg") == ["yard/gate/b.jpg"]
    disk.mend()
    assert await seen.paths(1) == ["front/a.jpg"]


async def test_a_file_that_hangs_makes_its_camera_unavailable(
    watch: Make, root: Path, disk: BrokenDisk
) -> None:
    seen = watch(storage_timeout=0.1, watch_retry=3600.0)
    await seen.start()
    disk.hang(root / "front/a.jpg")
    write(root / "front/a.jpg")
    assert await seen.problem() == ("front", "storage_stalled")
    await asyncio.sleep(0.1)  # then a trial shows that other files can be read
    assert await seen.until(root, "front/b.jpg") == ["front/b.jpg"]
    assert seen.problems.empty()  # the folder cannot be listed
    disk.mend()
    assert await seen.problem() == ("front", None)
    assert await seen.paths(1) == ["front/a.jpg"]
