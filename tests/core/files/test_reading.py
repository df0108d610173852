"""Reading of capture times and image files."""

from datetime import UTC, datetime, timedelta
import os
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.domain.errors import InputError
from hsi_core.domain.file_version import Version, version_of
from hsi_core.files.name_patterns import NamePatterns
from hsi_core.files.reader import read_capture_time, read_image

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def write(path: Path, content: bytes, mtime: datetime) -> int:
    path.write_bytes(content)
    os.utime(path, (mtime.timestamp(), mtime.timestamp()))
    return path.stat().st_mtime_ns


def test_the_capture_time_is_never_in_the_future(tmp_path: Path) -> None:
    past = write(tmp_path / "a.jpg", b"x", NOON)
    ahead = write(tmp_path / "b.jpg", b"x", NOON + timedelta(days=3))

    def taken(path: str, mtime_ns: int) -> datetime:
        return read_capture_time(
            tmp_path,
            path,
            named=NamePatterns(BERLIN).read("", path),
            mtime_ns=mtime_ns,
            time_zone=BERLIN,
            now=NOON + timedelta(hours=1),
        )

    assert taken("a.jpg", past) == NOON
    assert taken("b.jpg", ahead) == NOON + timedelta(hours=1)
    assert taken("gone.jpg", past) == NOON
    # The time in its name is in the future.
    name = "20260301150000.jpg"
    assert taken(name, write(tmp_path / name, b"x", NOON)) == NOON


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("gone.jpg", "file_gone"),
        ("empty.jpg", "file_empty"),
        ("large.jpg", "file_too_large"),
        ("folder.jpg", "not_a_file"),
        ("../outside.jpg", "path_escape"),
        ("link.jpg", "path_escape"),
    ],
)
def test_an_unreadable_file_is_refused_with_its_reason(
    tmp_path: Path, path: str, code: str
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "outside.jpg").write_bytes(b"secret")
    (root / "link.jpg").symlink_to(tmp_path / "outside.jpg")
    (root / "empty.jpg").touch()
    (root / "large.jpg").write_bytes(b"x" * 101)
    (root / "folder.jpg").mkdir()
    there = (root / path).exists()
    version = version_of((root / path).stat()) if there else Version(size=1, mtime_ns=1)
    with pytest.raises(InputError) as caught:
        read_image(root, path, version, max_bytes=100)
    assert caught.value.code == code
