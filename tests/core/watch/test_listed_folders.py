"""Old folders without a change are not listed again, whatever their file system tells."""

import os
from pathlib import Path
import time

import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable
from tests.core.watch.conftest import Watch, write

# isort: split
from hsi_core.domain.found_file import FoundFile
from hsi_core.domain.models import Camera
from hsi_core.watch.cameras import CameraFolders
from hsi_core.watch.listed_folders import SETTLED_AFTER, ListedFolders
from hsi_core.watch.listing import list_images

CAMERAS = CameraFolders([Camera(folder="front", name="Front")])
OLD = 2 * SETTLED_AFTER  # seconds


class Lister:
    """Lists the images of a camera again and again."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.listed = ListedFolders()

    def add(self, path: str, content: bytes = b"image", *, timed: bool = True) -> None:
        """Add an old image to a folder; the folder's time changes if it is `timed`."""
        folder = (self.root / path).parent
        folder.mkdir(parents=True, exist_ok=True)
        before = folder.stat()
        write(self.root / path, content, age=OLD)
        if not timed:
            os.utime(folder, ns=(before.st_atime_ns, before.st_mtime_ns))

    def age(self) -> None:
        """Make all folders old."""
        then = time.time() - OLD
        for folder in self.root.rglob("*/"):
            os.utime(folder, (then, then))

    def list(self, *, deep: bool = False) -> list[str]:
        parts = list_images(
            CAMERAS, "front", self.root / "front", lambda *_: None, self.listed, deep=deep
        )
        return [file.path.removeprefix("front/") for part in parts for file in part.files]


@pytest.fixture
def lister(root: Path) -> Lister:
    """Return one that has listed a camera's own image, and one of an old and of a nested folder."""
    made = Lister(root)
    for name in ("own.jpg", "old/a.jpg", "year/day/b.jpg"):
        made.add(f"front/{name}")
    made.age()
    assert made.list() == ["own.jpg", "old/a.jpg", "year/day/b.jpg"]
    return made


def test_only_the_own_folder_of_a_camera_is_listed_again(lister: Lister) -> None:
    assert lister.list() == ["own.jpg"]
    assert lister.list(deep=True) == ["own.jpg", "old/a.jpg", "year/day/b.jpg"]
    assert lister.list() == ["own.jpg"]


def test_a_folder_with_a_new_file_is_listed_until_it_is_old_again(lister: Lister) -> None:
    lister.add("front/year/day/c.jpg")
    for _ in range(2):
        assert lister.list() == ["own.jpg", "year/day/b.jpg", "year/day/c.jpg"]
    lister.age()
    lister.list()
    assert lister.list() == ["own.jpg"]


def test_a_new_folder_within_an_old_one_is_listed(lister: Lister) -> None:
    lister.add("front/year/other/c.jpg")
    assert lister.list() == ["own.jpg", "year/other/c.jpg"]


def test_a_folder_changed_just_before_it_was_listed_is_not_trusted(root: Path) -> None:
    """Its time may be coarse: a file may follow without changing it."""
    lister = Lister(root)
    lister.add("front/today/a.jpg")
    lister.list()
    lister.add("front/today/b.jpg", timed=False)
    assert lister.list() == ["today/a.jpg", "today/b.jpg"]


def test_no_folder_is_trusted_where_times_do_not_change(lister: Lister) -> None:
    lister.add("front/old/c.jpg", timed=False)
    assert lister.list() == ["own.jpg"]
    assert "old/c.jpg" in lister.list(deep=True)
    lister.add("front/year/day/d.jpg", timed=False)
    lister.list(deep=True)
    lister.add("front/year/day/e.jpg", timed=False)
    assert "year/day/e.jpg" in lister.list()


def test_a_folder_whose_files_are_overwritten_is_not_trusted(lister: Lister) -> None:
    lister.add("front/old/a.jpg", b"overwritten", timed=False)
    assert "old/a.jpg" in lister.list(deep=True)
    assert lister.list() == ["own.jpg", "old/a.jpg"]


def test_the_folder_of_a_file_left_to_a_later_scan_is_listed(lister: Lister) -> None:
    lister.listed.forget(FoundFile(camera="front", path="front/old/a.jpg", size=1, mtime_ns=1))
    assert lister.list() == ["own.jpg", "old/a.jpg"]


def test_a_file_that_is_left_while_its_folder_is_listed_is_found_again(root: Path) -> None:
    lister = Lister(root)
    lister.add("front/old/a.jpg")
    lister.age()
    for part in list_images(
        CAMERAS, "front", root / "front", lambda *_: None, lister.listed, deep=True
    ):
        for file in part.files:
            lister.listed.forget(file)
    assert lister.list() == ["old/a.jpg"]


async def test_a_refused_file_of_an_old_folder_is_found_by_the_next_scan(
    watch: object, root: Path
) -> None:
    assert callable(watch)
    lister = Lister(root)
    lister.add("front/old/a.jpg")
    lister.age()
    seen: Watch = watch(rescan_interval=0.1)
    seen.refuse(2)
    await seen.start()
    assert (await seen.next()).path == "front/old/a.jpg"
