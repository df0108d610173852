"""Reading of image files."""

from pathlib import Path

import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.domain.errors import InputError
from hsi_core.domain.file_version import Version, version_of
from hsi_core.files.reader import read_image


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
