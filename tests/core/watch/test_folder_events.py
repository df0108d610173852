"""Events carry the current names of folders."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
import shutil

import pytest

from hsi_core.watch.inotify import FileClosed, FolderAdded, FolderEvents, FolderRemoved
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
    async with asyncio.timeout(SOON):
        return [await events.next() for _ in range(count)]


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

    events.unwatch("front")
    for folder in ("front", "front/2026", "yard"):
        write(tmp_path / folder / "a.jpg")

    assert await after(events, 1) == [FileClosed("yard", "a.jpg")]


async def test_a_moved_root_is_removed(events: FolderEvents, tmp_path: Path) -> None:
    events.watch("", tmp_path / "yard")

    shutil.move(tmp_path / "yard", tmp_path / "elsewhere")

    assert await after(events, 1) == [FolderRemoved("")]
