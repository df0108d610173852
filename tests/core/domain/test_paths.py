"""Paths that lead out of the camera root are refused."""

from pathlib import Path

import pytest

from hsi_core.domain.errors import PathEscapeError
from hsi_core.domain.models import FailureClass
from hsi_core.domain.paths import resolve_below


@pytest.mark.parametrize("inside", ["front/a.jpg", "front/../front/a.jpg", "front", "new/not-yet"])
def test_a_path_below_the_root(tmp_path: Path, inside: str) -> None:
    assert resolve_below(tmp_path, inside).is_relative_to(tmp_path)


@pytest.mark.parametrize("outside", ["..", "../x.jpg", "front/../../x.jpg", "/etc/passwd", "a\0b"])
def test_a_path_that_leads_out(tmp_path: Path, outside: str) -> None:
    with pytest.raises(PathEscapeError) as caught:
        resolve_below(tmp_path, outside)
    assert caught.value.failure is FailureClass.INPUT


def test_a_link_that_leads_out(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(tmp_path)

    with pytest.raises(PathEscapeError):
        resolve_below(root, "link/secret.jpg")


def test_a_root_that_is_a_link_itself(tmp_path: Path) -> None:
    (tmp_path / "real/front").mkdir(parents=True)
    (tmp_path / "root").symlink_to(tmp_path / "real")

    assert resolve_below(tmp_path / "root", "front") == tmp_path / "real/front"
