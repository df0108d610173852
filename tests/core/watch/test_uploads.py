"""How cameras write images into a watched folder, and when the images are delivered."""

import asyncio
from collections.abc import Callable
from pathlib import Path
import time

import pytest

from hsi_core.domain.found_file import FoundFile
from tests.core.watch.conftest import Watch, write

type Make = Callable[..., Watch]


async def test_a_file_is_delivered_when_it_is_closed(watch: Make, root: Path) -> None:
    seen = watch()
    await seen.start()

    with (root / "front/a.jpg").open("wb") as upload:
        for piece in (b"one", b"two", b"three"):
            upload.write(piece)
            upload.flush()
        assert await seen.until(root, "yard/gate/marker.jpg") == ["yard/gate/marker.jpg"]

    status = (root / "front/a.jpg").stat()
    assert await seen.next() == FoundFile(
        camera="front", path="front/a.jpg", size=11, mtime_ns=status.st_mtime_ns
    )


async def test_a_file_renamed_into_place(watch: Make, root: Path) -> None:
    seen = watch()
    await seen.start()

    write(root / "front/.a.jpg.part").rename(root / "front/a.jpg")

    assert await seen.until(root, "front/z.jpg") == ["front/a.jpg", "front/z.jpg"]


@pytest.mark.parametrize("size", [5, 5_000_000])
async def test_a_file_linked_into_place(watch: Make, root: Path, size: int) -> None:
    """As programs do that must not overwrite another file: link the final name, unlink the other."""
    seen = watch()
    await seen.start()

    finished = write(root / "front/.a.jpg.part", b"x" * size)
    (root / "front/a.jpg").hardlink_to(finished)
    finished.unlink()

    found = await seen.next()
    assert (found.path, found.size) == ("front/a.jpg", size)


async def test_a_stalled_upload_is_not_taken_for_a_linked_file(watch: Make, root: Path) -> None:
    seen = watch()
    await seen.start()
    with (root / "front/a.jpg").open("wb") as upload:
        assert await seen.until(root, "front/y.jpg") == ["front/y.jpg"]
        begun = time.time()
        while (root / "front/a.jpg").stat().st_mtime <= begun:  # by the kernel's coarse clock
            upload.write(b"begun")
            upload.flush()
        (root / "front/z.jpg").hardlink_to(write(root.parent / "z.jpg", age=60))

        assert (await seen.next()).path == "front/z.jpg"
        assert seen.found.empty()

    assert (await seen.next()).path == "front/a.jpg"


async def test_a_new_date_folder_with_an_image_at_once(watch: Make, root: Path) -> None:
    seen = watch()
    await seen.start()

    write(root / "front/2026/11/23/a.jpg")
    assert (await seen.next()).path == "front/2026/11/23/a.jpg"

    assert await seen.until(root, "front/2026/11/23/b.jpg") == ["front/2026/11/23/b.jpg"]


async def test_many_new_folders_at_once(watch: Make, root: Path) -> None:
    seen = watch()
    await seen.start()
    names = [f"front/day{day}/hour{hour}/x.jpg" for day in range(10) for hour in range(10)]

    for name in names:
        write(root / name)

    assert await seen.paths(100) == sorted(names)


async def test_a_folder_moved_in_with_its_images(watch: Make, root: Path) -> None:
    seen = watch()
    await seen.start()
    write(root.parent / "elsewhere/2026/a.jpg", age=60)

    (root.parent / "elsewhere/2026").rename(root / "front/2026")

    assert (await seen.next()).path == "front/2026/a.jpg"
    assert await seen.until(root, "front/2026/b.jpg") == ["front/2026/b.jpg"]


async def test_a_renamed_folder_has_its_new_name(watch: Make, root: Path) -> None:
    write(root / "front/today/a.jpg", age=60)
    seen = watch()
    await seen.start()
    await seen.next()

    (root / "front/today").rename(root / "front/yesterday")

    assert (await seen.next()).path == "front/yesterday/a.jpg"
    assert await seen.until(root, "front/yesterday/b.jpg") == ["front/yesterday/b.jpg"]


@pytest.mark.parametrize(
    "name",
    [
        ".hidden.jpg",
        ".jpg",
        "a.jpg.part",
        "a.part.jpg",
        "a.filepart",
        "a.mp4",
        "a.txt",
        "jpg",
        ".cache/a.jpg",
        "day/.cache/a.jpg",
        "@eaDir/a.jpg/SYNOFILE_THUMB_M.jpg",
        "SYNOFILE_THUMB_M.jpg",
        "day/@Recycle/a.jpg",
        "day/#recycle/2026/a.jpg",
        "#snapshot/GMT-2026.11.30/a.jpg",
        "@Recently-Snapshot/a.jpg",
        "$RECYCLE.BIN/a.jpg",
        "$Recycle.Bin/S-1-5/a.jpg",
        "System Volume Information/a.jpg",
        "FOUND.000/a.jpg",
        "lost+found/a.jpg",
        "LOST.DIR/a.jpg",
        "__MACOSX/a.jpg",
        "Network Trash Folder/a.jpg",
        ".Trash-1000/files/a.jpg",
    ],
)
async def test_a_file_that_is_not_an_image_of_the_camera_is_ignored(
    watch: Make, root: Path, name: str
) -> None:
    write(root / "front/before" / name, age=60)
    seen = watch()
    await seen.start()

    write(root / "front" / name)

    assert await seen.until(root, "front/z.jpg") == ["front/z.jpg"]


async def test_further_names_to_ignore(watch: Make, root: Path) -> None:
    write(root / "front/thumbs/before.jpg", age=60)
    seen = watch(ignored_names=frozenset({"Thumbs", "*_small.*", " "}))
    await seen.start()

    write(root / "front/THUMBS/a.jpg")
    write(root / "front/a_small.jpg")
    write(root / "front/day/thumbs/a.jpg")

    assert await seen.until(root, "front/z.jpg") == ["front/z.jpg"]


@pytest.mark.parametrize("name", ["a.JPG", "b.jpeg", "c.png", "d.WebP", "e f ü.jpg", "x.2026.jpg"])
async def test_the_names_of_images(watch: Make, root: Path, name: str) -> None:
    seen = watch()
    await seen.start()

    assert await seen.until(root, f"front/{name}") == [f"front/{name}"]


async def test_an_interrupted_upload_is_delivered(watch: Make, root: Path) -> None:
    seen = watch()
    await seen.start()

    write(root / "front/half.jpg", b"\xff\xd8\xff")

    assert (await seen.next()).size == 3


async def test_an_empty_file_is_delivered_once_written(watch: Make, root: Path) -> None:
    seen = watch(settle_time=3600.0)
    await seen.start()

    write(root / "front/a.jpg", b"")
    assert await seen.until(root, "front/z.jpg") == ["front/z.jpg"]
    write(root / "front/a.jpg", b"filled")

    assert (await seen.next()).size == 6


async def test_a_file_that_stays_empty_is_delivered(watch: Make, root: Path) -> None:
    seen = watch()
    await seen.start()

    write(root / "front/a.jpg", b"")

    assert (await seen.next()).size == 0


async def test_an_overwritten_file_is_delivered_again(watch: Make, root: Path) -> None:
    seen = watch()
    await seen.start()

    assert await seen.until(root, "front/snapshot.jpg") == ["front/snapshot.jpg"]
    write(root / "front/snapshot.jpg", b"another content")

    assert (await seen.next()).size == 15


async def test_a_folder_belongs_to_the_nearest_camera(watch: Make, root: Path) -> None:
    for name in ("yard/a.jpg", "yard/2026/b.jpg", "yard/gate/c.jpg", "yard/gate/2026/d.jpg"):
        write(root / name, age=60)
    seen = watch("yard", "yard/gate")
    await seen.start()

    assert {(file.camera, file.path) for file in [await seen.next() for _ in range(4)]} == {
        ("yard", "yard/a.jpg"),
        ("yard", "yard/2026/b.jpg"),
        ("yard/gate", "yard/gate/c.jpg"),
        ("yard/gate", "yard/gate/2026/d.jpg"),
    }
    write(root / "yard/gate/2026/e.jpg")
    assert (await seen.next()).camera == "yard/gate"


async def test_a_folder_of_no_camera_is_ignored(watch: Make, root: Path) -> None:
    write(root / "garage/a.jpg", age=60)
    seen = watch("front")
    await seen.start()

    write(root / "garage/b.jpg")
    write(root / "new/c.jpg")
    write(root / "d.jpg")

    assert await seen.until(root, "front/z.jpg") == ["front/z.jpg"]


async def test_symbolic_links_are_not_followed(watch: Make, root: Path) -> None:
    outside = write(root.parent / "outside/secret.jpg", age=60)
    (root / "front/before.jpg").symlink_to(outside)
    (root / "front/folder").symlink_to(outside.parent)
    seen = watch()
    await seen.start()

    (root / "front/after.jpg").symlink_to(outside)
    (root / "front/moved").symlink_to(outside.parent)
    (root / "front/moved").rename(root / "front/moved.jpg")
    write(outside.parent / "later.jpg")

    assert await seen.until(root, "front/z.jpg") == ["front/z.jpg"]


async def test_no_file_is_lost_while_the_watches_are_set(watch: Make, root: Path) -> None:
    """Folders and images are created while the watches are set; no later scan helps."""
    seen = watch(watch_retry=3600.0)
    names = [f"front/{day}/{hour}/{n}.jpg" for day in range(15) for hour in range(8) for n in "abc"]

    def upload() -> None:
        for name in names:
            if name.endswith("a.jpg"):
                write(root / f"{name}.part").rename(root / name)
            else:
                write(root / name)

    uploading = asyncio.create_task(asyncio.to_thread(upload))
    await seen.start()
    await uploading

    found: set[str] = set()
    while len(found) < len(names):
        found.add((await seen.next()).path)
    assert found == set(names)
