"""Events carry the current names of folders."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
import shutil
import time

import pytest

from hsi_core.watch.inotify import FileClosed, FileCreated, FolderAdded, FolderEvents, FolderRemoved
from tests.core.watch.conftest import SOON, write


@pytest.fixture
def events(tmp_path: Path) -> Iterator[FolderEvents]:
    for name in ("front", "yard"):
        (tmp_path / name).mkdir()
    watching = FolderEvents()
    watching.open()
    yield watching
    watching.close()


async def after(events: FolderEvents, count: int) -> list[object]:
    """Return the next events, without those of files being created."""
    async with asyncio.timeout(SOON):
        found: list[object] = []
        while len(found) < count:
            event = await events.next()
            if not isinstance(event, FileCreated):
                found.append(event)
        return found


async def test_files_and_folders(events: FolderEvents, tmp_path: Path) -> None:
    events.watch("front", tmp_path / "front")

    write(tmp_path / "front/a.jpg")
    (tmp_path / "front/2026").mkdir()
    shutil.move(tmp_path / "front/2026", tmp_path / "yard/2026")
    shutil.rmtree(tmp_path / "front")

    assert await after(events, 4) == [
        FileClosed("front", "a.jpg"),
        FolderAdded("front/2026"),
        FolderRemoved("front/2026"),
        FolderRemoved("front"),
    ]


async def test_a_folder_watched_again_has_its_new_name(
    events: FolderEvents, tmp_path: Path
) -> None:
    events.watch("front", tmp_path / "front")
    shutil.move(tmp_path / "front", tmp_path / "back")
    events.watch("back", tmp_path / "back")

    write(tmp_path / "back/a.jpg")

    assert await after(events, 1) == [FileClosed("back", "a.jpg")]


async def test_an_unwatched_name_has_no_events(events: FolderEvents, tmp_path: Path) -> None:
    (tmp_path / "front/2026").mkdir()
    for folder in ("front", "front/2026", "yard"):
        events.watch(folder, tmp_path / folder)

    await events.unwatch("front")
    for folder in ("front", "front/2026", "yard"):
        write(tmp_path / folder / "a.jpg")

    assert await after(events, 1) == [FileClosed("yard", "a.jpg")]


async def test_a_moved_root_is_removed(events: FolderEvents, tmp_path: Path) -> None:
    events.watch("", tmp_path / "yard")

    shutil.move(tmp_path / "yard", tmp_path / "elsewhere")

    assert await after(events, 1) == [FolderRemoved("")]


@pytest.mark.parametrize("how", ["deleted", "moved away"])
async def test_many_removed_folders_do_not_hold_up_other_tasks(
    events: FolderEvents, tmp_path: Path, how: str
) -> None:
    """A camera drops the folders of a day, or a whole tree is moved away."""
    events.watch("", tmp_path)
    events.watch("front", tmp_path / "front")
    for number in range(1500):
        folder = f"front/{number}"
        (tmp_path / folder).mkdir()
        events.watch(folder, tmp_path / folder)
    held: list[float] = []
    beating = asyncio.create_task(beat(held))

    if how == "deleted":
        await asyncio.to_thread(shutil.rmtree, tmp_path / "front")
    else:
        (tmp_path / "front").rename(tmp_path / "back")
    async with asyncio.timeout(SOON):
        while (event := await events.next()) != FolderRemoved("front"):
            if isinstance(event, FolderRemoved):
                await events.unwatch(event.folder)
        before = len(held)
        await events.unwatch("front")
    beating.cancel()

    assert max(held) <= 0.02
    if how == "moved away":  # all watches end at once
        assert len(held) - before >= 10
    assert "front/1" not in events


async def beat(held: list[float]) -> None:
    """Note for how much of this thread's processing time each step of other tasks holds it up."""
    while True:
        began = time.thread_time()
        await asyncio.sleep(0)
        held.append(time.thread_time() - began)


async def test_a_folder_renamed_while_its_watches_end_stays_watched(
    events: FolderEvents, tmp_path: Path
) -> None:
    for name in ("front", "front/a", "front/b"):
        (tmp_path / name).mkdir(exist_ok=True)
        events.watch(name, tmp_path / name)
    (tmp_path / "front/a").rename(tmp_path / "yard/a")
    events.watch("yard/a", tmp_path / "yard/a")

    await events.unwatch("front")
    write(tmp_path / "yard/a/1.jpg")

    assert await after(events, 1) == [FileClosed("yard/a", "1.jpg")]
