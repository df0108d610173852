"""Reading pictures that others may replace by something else at any moment."""

from datetime import UTC, datetime
import os
from pathlib import Path

import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core import files
from hsi_core.errors import CameraFolderMissingError, CoreError, ImageUnreadableError
from hsi_core.files import captured_at, read

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LIMIT = 1000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "cameras"
    (folder / "front/2026").mkdir(parents=True)
    (folder / "front/2026/a.jpg").write_bytes(b"picture")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/a.jpg").write_bytes(b"secret")
    return folder


def test_a_picture_in_its_folder(root: Path) -> None:
    assert read(root, "front/2026/a.jpg", max_bytes=LIMIT).content == b"picture"


def test_links_within_the_root_are_followed(root: Path) -> None:
    (root / "yard").symlink_to(root / "front")
    (root / "front/b.jpg").symlink_to("2026/a.jpg")
    assert read(root, "yard/2026/a.jpg", max_bytes=LIMIT).content == b"picture"
    assert read(root, "front/b.jpg", max_bytes=LIMIT).content == b"picture"


def test_a_root_that_is_a_link_itself(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    assert read(tmp_path / "link", "front/2026/a.jpg", max_bytes=LIMIT).content == b"picture"


@pytest.mark.timeout(20)
def test_a_pipe_is_not_waited_for(root: Path) -> None:
    os.mkfifo(root / "front/pipe.jpg")
    with pytest.raises(ImageUnreadableError) as caught:
        read(root, "front/pipe.jpg", max_bytes=LIMIT)
    assert caught.value.code == "not_a_file"
    moment = captured_at(root, "front/pipe.jpg", mtime_ns=10**18, time_zone=UTC, now=NOW)
    assert moment == datetime.fromtimestamp(10**9, UTC)


def test_a_folder_is_no_picture(root: Path) -> None:
    with pytest.raises(ImageUnreadableError) as caught:
        read(root, "front/2026", max_bytes=LIMIT)
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

    monkeypatch.setattr(files, "contained", check_then_swap)
    with pytest.raises(ImageUnreadableError):
        read(root, "front/2026/a.jpg", max_bytes=LIMIT)


def test_a_picture_that_is_gone_is_told_from_a_share_that_is_not_mounted(root: Path) -> None:
    def reading(folder: Path) -> CoreError:
        with pytest.raises(CoreError) as caught:
            read(folder, "front/2026/b.jpg", max_bytes=LIMIT)
        return caught.value

    assert reading(root).code == "file_gone"
    bare = root.parent / "bare"
    bare.mkdir()
    assert isinstance(reading(bare), CameraFolderMissingError)
    assert isinstance(reading(root.parent / "nowhere"), CameraFolderMissingError)
