"""Reading pictures that others may replace by something else at any moment."""

from datetime import UTC, datetime
import errno
import io
import os
from pathlib import Path

import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.domain.errors import (
    CameraFolderMissingError,
    CoreError,
    ImageReplacedError,
    ImageUnreadableError,
    StorageAwayError,
    StorageFailedError,
)
from hsi_core.domain.file_version import Version, version_of
from hsi_core.domain.models import FailureClass
from hsi_core.files import reader
from hsi_core.files.reader import Content, captured_at, read

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LIMIT = 1000
CHUNK = 4096


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "cameras"
    (folder / "front/2026").mkdir(parents=True)
    (folder / "front/2026/a.jpg").write_bytes(b"picture")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/a.jpg").write_bytes(b"secret")
    return folder


def content_of(root: Path, path: str) -> Content:
    """Read a file as it is now."""
    try:
        version = version_of((root / path).stat())
    except OSError:
        version = Version(size=7, mtime_ns=1)
    return read(root, path, version, max_bytes=LIMIT)


def test_a_picture_in_its_folder(root: Path) -> None:
    assert content_of(root, "front/2026/a.jpg").content == b"picture"


def test_links_within_the_root_are_followed(root: Path) -> None:
    (root / "yard").symlink_to(root / "front")
    (root / "front/b.jpg").symlink_to("2026/a.jpg")
    assert content_of(root, "yard/2026/a.jpg").content == b"picture"
    assert content_of(root, "front/b.jpg").content == b"picture"


def test_a_root_that_is_a_link_itself(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    assert content_of(tmp_path / "link", "front/2026/a.jpg").content == b"picture"


@pytest.mark.timeout(60)
def test_a_pipe_is_not_waited_for(root: Path) -> None:
    os.mkfifo(root / "front/pipe.jpg")
    with pytest.raises(ImageUnreadableError) as caught:
        content_of(root, "front/pipe.jpg")
    assert caught.value.code == "not_a_file"
    moment = captured_at(root, "front/pipe.jpg", mtime_ns=10**18, time_zone=UTC, now=NOW)
    assert moment == datetime.fromtimestamp(10**9, UTC)


def test_a_folder_is_no_picture(root: Path) -> None:
    with pytest.raises(ImageUnreadableError) as caught:
        content_of(root, "front/2026")
    assert caught.value.code == "not_a_file"


@pytest.mark.parametrize("swapped", ["front/2026/a.jpg", "front/2026"])
def test_a_link_put_there_after_the_check_is_not_followed(
    root: Path, tmp_path: Path, swapped: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check_then_swap(checked: Path, path: str) -> Path:
        real = (checked / path).resolve()
        (root / swapped).rename(root / "aside")
        (root / swapped).symlink_to(tmp_path / "secret" / ("a.jpg" if swapped[-1] == "g" else ""))
        return real

    (root / "yard").symlink_to(root / "front")  # what has a link on its way is checked
    monkeypatch.setattr(reader, "contained", check_then_swap)
    with pytest.raises(ImageUnreadableError):
        content_of(root, "yard/2026/a.jpg")


def test_a_picture_that_is_gone_is_told_from_a_share_that_is_not_mounted(root: Path) -> None:
    def reading(folder: Path) -> CoreError:
        with pytest.raises(CoreError) as caught:
            content_of(folder, "front/2026/b.jpg")
        return caught.value

    assert reading(root).code == "file_gone"
    bare = root.parent / "bare"
    bare.mkdir()
    assert isinstance(reading(bare), CameraFolderMissingError)
    assert isinstance(reading(root.parent / "nowhere"), CameraFolderMissingError)


def test_a_picture_is_read_only_as_it_was_registered(root: Path) -> None:
    file = root / "front/2026/a.jpg"
    was = version_of(file.stat())
    file.write_bytes(b"another")
    os.utime(file, ns=(was.mtime_ns + 1, was.mtime_ns + 1))
    with pytest.raises(ImageReplacedError) as caught:
        read(root, "front/2026/a.jpg", was, max_bytes=LIMIT)
    assert (caught.value.size, caught.value.mtime_ns) == (was.size, was.mtime_ns + 1)


def test_a_picture_written_over_while_it_is_read_is_not_taken(root: Path) -> None:
    file = root / "front/2026/a.jpg"
    os.truncate(file, 3 * CHUNK)
    was = version_of(file.stat())

    class WrittenMeanwhile(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            start = super().read(CHUNK)
            file.write_bytes(b"another")
            return start + super().read(size)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader.os, "fdopen", WrittenMeanwhile)
        with pytest.raises(ImageReplacedError) as caught:
            read(root, "front/2026/a.jpg", was, max_bytes=4 * CHUNK)
    assert caught.value.size == len(b"another")


def test_a_disk_that_fails_is_no_bad_picture() -> None:
    process = Path("/proc/self")  # whose memory has nothing to read at its beginning
    with pytest.raises(StorageFailedError) as caught:
        read(process, "mem", version_of((process / "mem").stat()), max_bytes=LIMIT)
    assert caught.value.failure is FailureClass.UNKNOWN
    assert "Input/output error" in str(caught.value)


def test_a_share_that_does_not_answer_is_waited_for(root: Path) -> None:
    class Stale(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader.os, "fdopen", Stale)
        with pytest.raises(StorageAwayError) as caught:
            content_of(root, "front/2026/a.jpg")
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
def test_a_time_that_another_protocol_cuts_is_still_the_same(seen: int, same: bool) -> None:
    one, other = Version(size=7, mtime_ns=FINE), Version(size=7, mtime_ns=seen)
    assert one.matches(other) is other.matches(one) is same
    assert not one.matches(Version(size=8, mtime_ns=seen))
