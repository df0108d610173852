"""Original files are checked and deleted in the camera root only, whatever takes a folder's place."""

from collections.abc import Iterator
from contextlib import contextmanager
import os
from pathlib import Path
import shutil
from threading import Event, Thread
import time

import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.domain.found_file import FoundFile
from hsi_core.files.source_files import check_files, delete_file

PATH = "front/2026/a.jpg"
SWAPPED = ("front", "front/2026")  # the folders that a link replaces


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "cameras"
    (folder / "front/2026").mkdir(parents=True)
    (folder / PATH).write_bytes(b"content")
    (folder / "front/2026/b.jpg").write_bytes(b"content")
    return folder


def found(root: Path, path: str = PATH) -> FoundFile:
    status = (root / path).stat()
    return FoundFile(camera="front", path=path, size=status.st_size, mtime_ns=status.st_mtime_ns)


def outside(root: Path, swapped: str) -> Path:
    """Copy the folder to outside of the root, with the same identities; return the copy."""
    return Path(
        shutil.copytree(root / swapped, root.parent / "outside", copy_function=shutil.copy2)
    )


def swap(root: Path, swapped: str) -> None:
    """Replace a folder by a link to its copy outside of the root."""
    (root / swapped).rename(root.parent / "aside")
    (root / swapped).symlink_to(root.parent / "outside")


def swap_back(root: Path, swapped: str) -> None:
    (root / swapped).unlink()
    (root.parent / "aside").rename(root / swapped)


@contextmanager
def swapping(root: Path, swapped: str) -> Iterator[None]:
    """Swap folder and link in a loop, in another thread."""
    stopped = Event()

    def loop() -> None:
        while not stopped.is_set():
            swap(root, swapped)
            swap_back(root, swapped)

    thread = Thread(target=loop)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


@pytest.mark.parametrize("swapped", SWAPPED)
def test_a_link_that_replaces_a_folder_just_before_the_deletion_is_not_followed(
    root: Path, swapped: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, copy = found(root), outside(root, swapped)
    unlink = os.unlink

    def swap_and_unlink(path: str, *, dir_fd: int | None = None) -> None:
        monkeypatch.setattr(os, "unlink", unlink)
        swap(root, swapped)
        unlink(path, dir_fd=dir_fd)

    monkeypatch.setattr(os, "unlink", swap_and_unlink)
    deleted = delete_file(root, file)
    assert len(list(copy.rglob("*.jpg"))) == 2
    swap_back(root, swapped)
    assert deleted
    assert not (root / PATH).exists()


@pytest.mark.parametrize("swapped", SWAPPED)
def test_nothing_is_deleted_while_folder_and_link_are_swapped(root: Path, swapped: str) -> None:
    file, copy = found(root), outside(root, swapped)
    (root / PATH).write_bytes(b"replaced in the root")
    until = time.monotonic() + 0.2
    with swapping(root, swapped):
        while time.monotonic() < until:
            assert not delete_file(root, file)
    assert len(list(copy.rglob("*.jpg"))) == 2
    assert (root / PATH).read_bytes() == b"replaced in the root"


def test_a_file_does_not_count_as_gone_while_its_folder_is_a_link_out_of_the_root(
    root: Path,
) -> None:
    file = found(root)
    (root.parent / "outside").mkdir()
    (root / "front/2026").rename(root / "front/real")
    for target in ("real", root.parent / "outside"):
        (root / "front/link").symlink_to(target)
        (root / "front/link").replace(root / "front/2026")
        check = check_files(root, [file])
        assert not check.gone
        assert check.present == ({file} if target == "real" else set())


def test_files_are_checked_by_folder(root: Path) -> None:
    files = [found(root), found(root, "front/2026/b.jpg")]
    (root / PATH).write_bytes(b"another content")
    other = FoundFile(camera="front", path="front/gone/c.jpg", size=1, mtime_ns=1)
    check = check_files(root, [*files, other])
    assert check.present == {files[1]}
    assert check.gone == {files[0], other}
    assert not delete_file(root, files[0])
    assert (root / PATH).exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_files_of_an_unreadable_folder_do_not_count_as_gone(root: Path) -> None:
    file = found(root)
    (root / "front/2026").chmod(0)
    try:
        check = check_files(root, [file])
    finally:
        (root / "front/2026").chmod(0o755)
    assert not check.present | check.gone


def test_files_of_a_folder_with_an_input_output_error_do_not_count_as_gone(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = found(root)
    stat = os.stat

    def broken(path: object, **arguments: object) -> os.stat_result:
        if path == "a.jpg":
            raise OSError(5, "Input/output error")
        return stat(path, **arguments)  # type: ignore[arg-type]  # as given

    monkeypatch.setattr(os, "stat", broken)
    check = check_files(root, [file])
    assert not check.present | check.gone
    assert not delete_file(root, file)


def test_links_within_the_root_are_followed(root: Path) -> None:
    (root / "yard").symlink_to("front")
    status = (root / PATH).stat()
    file = FoundFile(
        camera="yard", path="yard/2026/a.jpg", size=status.st_size, mtime_ns=status.st_mtime_ns
    )
    assert check_files(root, [file]).present == {file}
    assert delete_file(root, file)
    assert not (root / PATH).exists()
