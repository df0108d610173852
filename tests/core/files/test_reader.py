"""Reading image files that others may replace at any moment."""

from collections.abc import Callable
from datetime import UTC, datetime
import errno
from functools import partial
import io
import os
from pathlib import Path
from typing import BinaryIO

import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.domain.errors import (
    CameraFolderMissingError,
    CameraStorageAwayError,
    CoreError,
    ImageReplacedError,
    ImageUnreadableError,
    StorageAwayError,
    StorageFailedError,
    WatchError,
)
from hsi_core.domain.file_version import Version, version_of
from hsi_core.domain.models import FailureClass
from hsi_core.files.reader import ImageContent, read_image, read_stated_times
from hsi_core.files.safe_open import open_regular

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LIMIT = 1000
CHUNK = 4096

type Open = Callable[[Path, str], BinaryIO]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "cameras"
    (folder / "front/2026").mkdir(parents=True)
    (folder / "front/2026/a.jpg").write_bytes(b"content")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/a.jpg").write_bytes(b"secret")
    return folder


def content_of(root: Path, path: str, open_file: Open = open_regular) -> ImageContent:
    """Read a file as it is now."""
    try:
        version = version_of((root / path).stat())
    except OSError:
        version = Version(size=7, mtime_ns=1)
    return read_image(root, path, version, max_bytes=LIMIT, open_file=open_file)


def test_a_regular_file_is_read(root: Path) -> None:
    assert content_of(root, "front/2026/a.jpg").content == b"content"


def test_links_within_the_root_are_followed(root: Path) -> None:
    (root / "yard").symlink_to(root / "front")
    (root / "front/b.jpg").symlink_to("2026/a.jpg")
    assert content_of(root, "yard/2026/a.jpg").content == b"content"
    assert content_of(root, "front/b.jpg").content == b"content"


def test_a_root_that_is_a_link_itself(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    assert content_of(tmp_path / "link", "front/2026/a.jpg").content == b"content"


@pytest.mark.timeout(60)
def test_reading_a_pipe_does_not_block(root: Path) -> None:
    os.mkfifo(root / "front/pipe.jpg")
    with pytest.raises(ImageUnreadableError) as caught:
        content_of(root, "front/pipe.jpg")
    assert caught.value.code == "not_a_file"
    assert not read_stated_times(root, "front/pipe.jpg", named=None, near=NOW, time_zone=UTC)


def test_a_folder_is_not_a_file(root: Path) -> None:
    with pytest.raises(ImageUnreadableError) as caught:
        content_of(root, "front/2026")
    assert caught.value.code == "not_a_file"


@pytest.mark.parametrize("swapped", ["front/2026/a.jpg", "front/2026"])
def test_a_link_created_after_the_check_is_not_followed(
    root: Path, tmp_path: Path, swapped: str
) -> None:
    def check_then_swap(checked: Path, path: str) -> Path:
        real = (checked / path).resolve()
        (root / swapped).rename(root / "aside")
        (root / swapped).symlink_to(tmp_path / "secret" / ("a.jpg" if swapped[-1] == "g" else ""))
        return real

    (root / "yard").symlink_to(root / "front")  # only a path with a link is resolved
    with pytest.raises(ImageUnreadableError):
        content_of(root, "yard/2026/a.jpg", partial(open_regular, resolve=check_then_swap))


def test_a_deleted_file_is_distinguished_from_an_unmounted_share(root: Path) -> None:
    def reading(folder: Path) -> CoreError:
        with pytest.raises(CoreError) as caught:
            content_of(folder, "front/2026/b.jpg")
        return caught.value

    assert reading(root).code == "file_gone"
    bare = root.parent / "bare"
    bare.mkdir()
    assert isinstance(reading(bare), CameraFolderMissingError)
    assert isinstance(reading(root.parent / "nowhere"), CameraFolderMissingError)


def test_a_file_replaced_since_registration_is_refused(root: Path) -> None:
    file = root / "front/2026/a.jpg"
    was = version_of(file.stat())
    file.write_bytes(b"another")
    os.utime(file, ns=(was.mtime_ns + 1, was.mtime_ns + 1))
    with pytest.raises(ImageReplacedError) as caught:
        read_image(root, "front/2026/a.jpg", was, max_bytes=LIMIT)
    assert (caught.value.size, caught.value.mtime_ns) == (was.size, was.mtime_ns + 1)


def test_a_file_overwritten_while_it_is_read_is_refused(root: Path) -> None:
    file = root / "front/2026/a.jpg"
    os.truncate(file, 3 * CHUNK)
    was = version_of(file.stat())

    class OverwrittenMeanwhile(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            start = super().read(CHUNK)
            file.write_bytes(b"another")
            return start + super().read(size)

    with pytest.raises(ImageReplacedError) as caught:
        read_image(
            root,
            "front/2026/a.jpg",
            was,
            max_bytes=4 * CHUNK,
            open_file=lambda folder, path: OverwrittenMeanwhile(folder / path),
        )
    assert caught.value.size == len(b"another")


def test_a_disk_error_is_not_an_input_error() -> None:
    process = Path("/proc/self")  # its memory cannot be read at offset 0
    with pytest.raises(StorageFailedError) as caught:
        read_image(process, "mem", version_of((process / "mem").stat()), max_bytes=LIMIT)
    assert caught.value.failure is FailureClass.UNKNOWN
    assert "Input/output error" in str(caught.value)


class Stale(io.FileIO):
    """A file whose server has forgotten it."""

    def read(self, size: int | None = -1, /) -> bytes:
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))


def test_a_share_that_does_not_respond_is_an_outage_of_its_camera(root: Path) -> None:
    with pytest.raises(CameraStorageAwayError) as caught:
        content_of(root, "front/2026/a.jpg", lambda folder, path: Stale(folder / path))
    assert caught.value.failure is FailureClass.OUTAGE
    assert not isinstance(caught.value, WatchError)  # which pauses all cameras


def test_storage_that_does_not_respond_at_all_is_an_outage_of_all_cameras(root: Path) -> None:
    def open_then_unmount(folder: Path, path: str) -> BinaryIO:
        opened = Stale(folder / path)
        folder.rename(folder.with_name("away"))
        return opened

    with pytest.raises(StorageAwayError) as caught:
        content_of(root, "front/2026/a.jpg", open_then_unmount)
    assert caught.value.failure is FailureClass.OUTAGE


SECOND = 1_000_000_000
FINE = 1_795_431_543 * SECOND + 123_456_789


@pytest.mark.parametrize(
    ("seen", "same"),
    [
        (FINE, True),
        (FINE - 89, True),  # SMB counts in 100 ns
        (FINE - 456_789, True),
        (FINE - 123_456_789, True),  # in seconds
        (FINE - 123_456_789 - SECOND, True),  # FAT, in two seconds
        (FINE + 1, False),
        (FINE + SECOND, False),
        (FINE - 123_456_789 + SECOND, False),
    ],
)
def test_versions_match_despite_coarser_timestamps(seen: int, same: bool) -> None:
    one, other = Version(size=7, mtime_ns=FINE), Version(size=7, mtime_ns=seen)
    assert one.matches(other) is other.matches(one) is same
    assert not one.matches(Version(size=8, mtime_ns=seen))
