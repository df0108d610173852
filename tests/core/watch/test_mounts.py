"""A file system that is mounted or unmounted is noticed at once."""

from collections.abc import Callable
import os
from pathlib import Path
import subprocess

import pytest

from hsi_core.watch.mounts import mounts_of
from tests.core.watch.conftest import Watch, write

type Make = Callable[..., Watch]

LIST = "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
SHARE = "{id} 1 0:9 / {folder} rw - ext4 /dev/sdb1 rw\n"


def can_mount() -> bool:
    try:
        done = subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True)
    except FileNotFoundError:
        return False
    return os.geteuid() == 0 and done.returncode == 0


def mount(folder: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "cameras", folder], check=True)


def unmount(folder: Path) -> None:
    subprocess.run(["umount", folder], check=True)


@pytest.mark.skipif(not can_mount(), reason="needs permission to mount")
async def test_a_file_system_that_is_mounted_again(watch: Make, root: Path) -> None:
    """With real mounts, which the kernel reports; no scan is due otherwise."""
    front = root / "front"
    seen = watch(watch_retry=3600.0)
    await seen.start()
    mount(front)
    try:
        write(front / "a.jpg", age=60)
        assert (await seen.next()).path == "front/a.jpg"
    finally:
        unmount(front)
    assert await seen.problem() == ("front", "folder_unmounted")
    mount(front)
    try:
        write(front / "b.jpg", age=60)
        assert await seen.problem() == ("front", None)
        assert (await seen.next()).path == "front/b.jpg"
        assert await seen.until(root, "front/c.jpg") == ["front/c.jpg"]
    finally:
        unmount(front)


async def test_without_reports_of_the_kernel_the_list_of_mounts_is_read_again(
    watch: Make, root: Path, tmp_path: Path
) -> None:
    mountinfo = tmp_path / "mountinfo"
    share = SHARE.format(id=2, folder=root / "front")
    mountinfo.write_text(LIST + share)
    seen = watch(mountinfo=mountinfo)
    await seen.start()

    mountinfo.write_text(LIST)
    assert await seen.problem() == ("front", "folder_unmounted")
    mountinfo.write_text(LIST + share)
    assert await seen.problem() == ("front", None)
    assert seen.problems.empty()


async def test_a_folder_used_without_its_file_system_is_available(
    watch: Make, root: Path, tmp_path: Path
) -> None:
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text(LIST + SHARE.format(id=2, folder=root / "front"))
    seen = watch(mountinfo=mountinfo)
    await seen.start()
    mountinfo.write_text(LIST)
    assert await seen.problem() == ("front", "folder_unmounted")
    write(root / "front/a.jpg", age=60)
    assert await seen.problem() == ("front", None)


async def test_mounts_elsewhere_cause_no_scan(watch: Make, root: Path, tmp_path: Path) -> None:
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text(LIST)
    seen = watch(mountinfo=mountinfo)
    await seen.start()
    aside = write(root.parent / "aside.jpg", age=60)
    os.link(aside, root / "front/a.jpg")  # only a scan finds it
    mountinfo.write_text(LIST + SHARE.format(id=2, folder="/srv/elsewhere"))
    assert await seen.until(root, "front/b.jpg") == ["front/b.jpg"]


@pytest.mark.skipif(not can_mount(), reason="needs permission to mount")
async def test_without_a_list_of_mounts_the_device_counts(
    watch: Make, root: Path, tmp_path: Path
) -> None:
    seen = watch(mountinfo=tmp_path / "missing")
    await seen.start()
    mount(root / "front")
    try:
        write(root / "front/a.jpg", age=60)
        assert (await seen.next()).path == "front/a.jpg"
    finally:
        unmount(root / "front")
    assert seen.problems.empty()


def test_of_two_mounts_at_one_path_the_later_one_counts() -> None:
    share = "{id} 1 0:{id} / /cameras rw - {kind} share rw\n"
    mounts = LIST + share.format(id=2, kind="ext4") + share.format(id=3, kind="nfs4")

    found = mounts_of(Path("/cameras/front"), mounts)

    assert found.holder == "/cameras"
    assert found.types == frozenset({"nfs4"})
    assert found.ids != mounts_of(Path("/cameras/front"), LIST).ids
