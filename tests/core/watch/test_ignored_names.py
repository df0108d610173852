"""Names that are not a camera's, within the camera's folder."""

import pytest

from hsi_core.domain.found_file import FoundFile
from hsi_core.watch.ignored_names import IgnoredNames


def file_at(path: str, camera: str = "front") -> FoundFile:
    return FoundFile(camera=camera, path=path, size=1, mtime_ns=1)


@pytest.mark.parametrize(
    "path",
    [
        "front/@eaDir/a.jpg/b.jpg",
        "front/2026/#recycle/a.jpg",
        "front/.a.jpg",
        "front/x/Small/a.jpg",
    ],
)
def test_a_file_in_an_ignored_folder_is_excluded(path: str) -> None:
    assert IgnoredNames({"small"}).exclude(file_at(path))


@pytest.mark.parametrize(
    ("camera", "path"),
    [("front", "front/2026/a.jpg"), ("@eaDir", "@eaDir/a.jpg"), ("front", "front/my @eaDir/a.jpg")],
)
def test_the_name_of_a_camera_is_its_own(camera: str, path: str) -> None:
    assert not IgnoredNames().exclude(file_at(path, camera))


def test_letters_of_expressions_have_no_meaning() -> None:
    assert "a.jpg" not in IgnoredNames({"a(jpg", "[a].jpg", "^", "|"})
