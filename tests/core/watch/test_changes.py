"""What inotify tells goes by the names that folders have now."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
import shutil

import pytest

from hsi_core.watch.inotify import FileWritten, FolderAppeared, FolderChanges, FolderGone
from tests.core.watch.conftest import SOON, write


@pytest.fixture
def changes(tmp_path: Path) -> Iterator[FolderChanges]:
    for name in ("front", "yard"):
        (tmp_path / name).mkdir()
    watching = FolderChanges()
    watching.open()
    yield watching
    watching.close()


async def after(changes: FolderChanges, count: int) -> list[object]:
    async with asyncio.timeout(SOON):
        return [await changes.next() for _ in range(count)]


async def test_files_and_folders(changes: FolderChanges, tmp_path: Path) -> None:
    changes.watch("front", tmp_path / "front")

    write(tmp_path / "front/a.jpg")
    (tmp_path / "front/2026").mkdir()
    shutil.move(tmp_path / "front/2026", tmp_path / "yard/2026")
    shutil.rmtree(tmp_path / "front")

    assert await after(changes, 4) == [
        FileWritten("front", "a.jpg"),
        FolderAppeared("front/2026"),
        FolderGone("front/2026"),
        FolderGone("front"),
    ]


async def test_a_folder_watched_again_goes_by_its_new_name(
    changes: FolderChanges, tmp_path: Path
) -> None:
    changes.watch("front", tmp_path / "front")
    shutil.move(tmp_path / "front", tmp_path / "back")
    changes.watch("back", tmp_path / "back")

    write(tmp_path / "back/a.jpg")

    assert await after(changes, 1) == [FileWritten("back", "a.jpg")]


async def test_a_name_no_longer_watched_is_silent(changes: FolderChanges, tmp_path: Path) -> None:
    (tmp_path / "front/2026").mkdir()
    for folder in ("front", "front/2026", "yard"):
        changes.watch(folder, tmp_path / folder)

    changes.unwatch("front")
    for folder in ("front", "front/2026", "yard"):
        write(tmp_path / folder / "a.jpg")

    assert await after(changes, 1) == [FileWritten("yard", "a.jpg")]


async def test_the_root_that_moves_is_gone(changes: FolderChanges, tmp_path: Path) -> None:
    changes.watch("", tmp_path / "yard")

    shutil.move(tmp_path / "yard", tmp_path / "elsewhere")

    assert await after(changes, 1) == [FolderGone("")]
