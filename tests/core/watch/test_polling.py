"""Folders on file systems without inotify are polled."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
import logging
import os
from pathlib import Path
import threading
import time
from typing import Any

import pytest

from hsi_core.watch import listing, mounts, scanner
from hsi_core.watch.cameras import CameraFolders
from tests.core.watch.conftest import SOON, Watch, write

type Make = Callable[..., Watch]

MOUNTS = r"""
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
23 22 0:5 / /proc rw - proc proc rw
24 22 0:40 / /media rw - tmpfs tmpfs rw
30 24 0:51 / /media/nas\040one rw,relatime shared:9 - cifs //nas/cameras rw
31 22 0:52 / /srv/ftp/far rw - nfs4 server:/export rw
32 22 0:53 / /srv/sshfs rw - fuse.sshfs user@host: rw
33 32 8:2 / /srv/sshfs/local rw - xfs /dev/sdb1 rw
34 22 8:3 / /srv/twice rw - ext4 /dev/sdc1 rw
35 22 0:54 / /srv/twice rw - 9p host rw
not a line of this kind
"""


def link_unnoticed(path: Path) -> None:
    """Create an image that inotify does not report as closed: by a hard link."""
    aside = write(path.parents[1] / f"aside-{path.name}", age=120)
    os.link(aside, path)


@pytest.mark.parametrize(
    ("folder", "kinds"),
    [
        ("/home/cameras", {"ext4"}),
        ("/media/nas one", {"cifs"}),
        ("/media/nas one/front/2026", {"cifs"}),
        ("/media/nas onely", {"tmpfs"}),
        ("/media", {"tmpfs", "cifs"}),
        ("/srv/ftp", {"ext4", "nfs4"}),
        ("/srv/sshfs/local/front", {"xfs"}),
        ("/srv/twice", {"9p"}),
    ],
)
def test_the_file_system_of_a_folder(folder: str, kinds: set[str]) -> None:
    assert mounts.mounts_of(Path(folder), MOUNTS).types == kinds


@pytest.mark.parametrize(
    ("folder", "supported"),
    [("/home", True), ("/media/nas one", False), ("/srv/sshfs", False), ("/srv/ftp", False)],
)
def test_shares_do_not_support_inotify(folder: str, supported: bool) -> None:
    assert mounts.supports_inotify(mounts.mounts_of(Path(folder), MOUNTS)) is supported


def test_a_local_disk_supports_inotify(tmp_path: Path) -> None:
    found = mounts.mounts_of(tmp_path, mounts.read_mounts(mounts.MOUNTINFO))
    assert found.types
    assert mounts.supports_inotify(found)
    # Where the system lists no mounts, too.
    assert mounts.supports_inotify(mounts.mounts_of(tmp_path, None))


async def test_polling_finds_files_without_inotify(watch: Make, root: Path) -> None:
    seen = watch("front", watch_polling=True, polling_interval=0.1)
    await seen.start()

    link_unnoticed(root / "front/a.jpg")

    assert (await seen.next()).path == "front/a.jpg"
    assert seen.problems.empty()


async def test_a_polled_file_has_an_arrival_unless_it_may_have_lain_there(
    watch: Make, root: Path
) -> None:
    write(root / "front/before.jpg", age=3600)
    seen = watch("front", watch_polling=True, polling_interval=0.05)
    await seen.start()
    assert (await seen.next()).arrived_at is None

    before = datetime.now(UTC)
    write(root / "front/new.jpg", age=3600)  # dated by a clock that is behind

    arrived = (await seen.next()).arrived_at
    assert arrived is not None
    assert before <= arrived <= datetime.now(UTC)


async def test_polling_waits_until_a_growing_file_is_stable(watch: Make, root: Path) -> None:
    seen = watch("front", watch_polling=True, polling_interval=0.05, settle_time=1.5)
    await seen.start()
    with (root / "front/a.jpg").open("wb", buffering=0) as file:
        for _ in range(20):
            file.write(b"piece")
            await asyncio.sleep(0.1)  # as slow as the camera, and faster than the settle time

    assert (await seen.next()).size == 100
    assert seen.found.empty()


async def test_polling_finds_new_folders_and_rewritten_files(watch: Make, root: Path) -> None:
    seen = watch("front", watch_polling=True, polling_interval=0.05)
    await seen.start()

    write(root / "front/2026/11/23/a.jpg", b"one")
    assert (await seen.next()).path == "front/2026/11/23/a.jpg"
    write(root / "front/2026/11/23/a.jpg", b"other")
    assert (await seen.next()).size == 5


async def test_a_camera_on_a_share_is_polled_and_others_are_not(
    watch: Make, root: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text(
        f"1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 0:9 / {root}/front rw - cifs //nas/front rw\n"
    )
    seen = watch(mountinfo=mountinfo, polling_interval=0.1)
    await seen.start()

    link_unnoticed(root / "front/a.jpg")

    assert (await seen.next()).path == "front/a.jpg"
    [logged] = [text for text in caplog.messages if "is polled" in text]
    assert "Camera front " in logged


async def test_a_slow_share_slows_no_other_camera(
    watch: Make, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, listed, go_on = threading.Event(), threading.Event(), threading.Event()

    def list_slowly(
        cameras: CameraFolders, folder: str, *arguments: Any, **options: Any
    ) -> Iterator[listing.ListingPart]:
        if folder == "front" and slow.is_set():
            listed.set()
            go_on.wait(SOON)
        yield from listing.list_images(cameras, folder, *arguments, **options)

    monkeypatch.setattr(scanner, "list_images", list_slowly)
    seen = watch(watch_polling=True, polling_interval=0.05)
    await seen.start()
    slow.set()
    await asyncio.to_thread(listed.wait, SOON)
    try:
        for number in range(2):
            link_unnoticed(root / f"yard/gate/{number}.jpg")
            assert (await seen.next()).path == f"yard/gate/{number}.jpg"
    finally:
        go_on.set()


@pytest.mark.parametrize("behind", [30, 3660], ids="{} s behind".format)
async def test_a_share_with_a_slow_clock_delivers_no_partial_file(
    watch: Make, root: Path, tmp_path: Path, behind: int
) -> None:
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text(f"1 0 0:9 / {root} rw - nfs4 nas:/cameras rw\n")
    seen = watch("front", mountinfo=mountinfo, polling_interval=0.05, settle_time=1.5)
    await seen.start()
    slow = time.time() - behind  # by the share's clock
    with (root / "front/a.jpg").open("wb", buffering=0) as file:
        for piece in range(20):
            file.write(b"piece")
            os.utime(file.fileno(), (slow + piece / 10, slow + piece / 10))
            await asyncio.sleep(0.1)
        assert seen.found.empty()

    assert (await seen.next()).size == 100
