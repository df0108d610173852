"""Folders that are missing, unreadable, replaced or not watchable, and their recovery."""

from collections.abc import Callable
import logging
import os
from pathlib import Path
import shutil
import subprocess
import sys

import pytest

from hsi_core.domain.errors import CameraFolderMissingError, CameraFolderPermissionError
from tests.core.watch.conftest import Watch, write

type Make = Callable[..., Watch]

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[2]
MISSING = CameraFolderMissingError.code


async def test_a_camera_folder_missing_at_the_start(watch: Make, root: Path) -> None:
    seen = watch("front", "new/one", watch_retry=3600.0)

    await seen.start()

    assert await seen.problem() == ("new/one", MISSING)
    write(root / "new/one/a.jpg")
    assert await seen.problem() == ("new/one", None)
    assert (await seen.next()).path == "new/one/a.jpg"


async def test_a_camera_folder_vanishes_and_returns(watch: Make, root: Path) -> None:
    seen = watch("front", watch_retry=3600.0)
    await seen.start()

    shutil.rmtree(root / "front")
    assert await seen.problem() == ("front", MISSING)

    write(root / "front/a.jpg")
    assert await seen.problem() == ("front", None)
    assert (await seen.next()).path == "front/a.jpg"
    assert await seen.until(root, "front/b.jpg") == ["front/b.jpg"]


async def test_a_camera_folder_is_replaced_by_another(watch: Make, root: Path) -> None:
    seen = watch("front", watch_retry=3600.0)
    await seen.start()
    write(root / "next/a.jpg", age=60)

    (root / "front").rename(root / "before")
    (root / "next").rename(root / "front")

    assert (await seen.next()).path == "front/a.jpg"
    write(root / "before/old.jpg")
    assert await seen.until(root, "front/b.jpg") == ["front/b.jpg"]


async def test_the_root_missing_at_the_start(
    watch: Make, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    shutil.rmtree(root)
    seen = watch("front")

    await seen.start()

    assert await seen.problem() == ("front", MISSING)
    assert str(root) in caplog.text
    write(root / "front/a.jpg", age=60)
    assert await seen.problem() == ("front", None)
    assert (await seen.next()).path == "front/a.jpg"


async def test_the_root_is_moved_away_and_back(watch: Make, root: Path) -> None:
    seen = watch("front")
    await seen.start()

    away = root.parent / "away"
    shutil.move(root, away)
    assert await seen.problem() == ("front", MISSING)
    shutil.move(away, root)

    assert await seen.problem() == ("front", None)
    assert await seen.until(root, "front/a.jpg") == ["front/a.jpg"]


async def test_a_camera_folder_that_leads_out_of_the_root(watch: Make, root: Path) -> None:
    write(root.parent / "outside/secret.jpg", age=60)
    (root / "link").symlink_to(root.parent / "outside")
    seen = watch("link", "front")

    await seen.start()

    assert await seen.problem() == ("link", "path_escape")
    assert await seen.until(root, "front/a.jpg") == ["front/a.jpg"]


async def test_a_file_in_place_of_the_folder(watch: Make, root: Path) -> None:
    (root / "front").rmdir()
    write(root / "front")
    seen = watch("front")

    await seen.start()

    assert await seen.problem() == ("front", MISSING)


@pytest.mark.parametrize("name", [b"\xff.jpg", b"\xff/b.jpg"])
async def test_a_name_that_cannot_be_recorded(watch: Make, root: Path, name: bytes) -> None:
    write(root / "front" / os.fsdecode(name))
    seen = watch("front")

    await seen.start()

    assert await seen.problem() == ("front", "file_name")
    assert await seen.until(root, "front/a.jpg") == ["front/a.jpg"]


async def test_a_new_folder_that_cannot_be_recorded(watch: Make, root: Path) -> None:
    seen = watch("front")
    await seen.start()
    write(root / "front" / os.fsdecode(b"\xff/a.jpg"))
    assert await seen.problem() == ("front", "file_name")
    assert await seen.until(root, "front/a.jpg") == ["front/a.jpg"]


async def test_a_problem_is_reported_once(watch: Make, root: Path) -> None:
    seen = watch("front", "gone", watch_retry=0.01)
    await seen.start()
    await seen.problem()

    for index in range(20):
        assert await seen.until(root, f"front/{index}.jpg")

    assert seen.problems.empty()


async def test_a_stopped_watcher_can_run_again(watch: Make, root: Path) -> None:
    seen = watch()
    await seen.start()
    await seen.stop()
    write(root / "front/between.jpg", age=60)
    await seen.start()
    assert await seen.paths(1) == ["front/between.jpg"]
    write(root / "front/after.jpg")
    assert await seen.paths(1) == ["front/after.jpg"]
    assert seen.problems.empty()


def run_elsewhere(script: str, *arguments: object, command: tuple[str, ...] = ()) -> str:
    """Run a piece of the watcher as another user or in another namespace."""
    done = subprocess.run(
        [*command, sys.executable, HERE / script, *map(str, arguments)],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


NAMESPACE = ("unshare", "--user", "--map-root-user")


def namespaces_work() -> bool:
    test = ("sh", "-c", "test -w /proc/sys/user/max_inotify_watches")
    try:
        return subprocess.run([*NAMESPACE, *test], check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not namespaces_work(), reason="needs user namespaces for its own limit")
@pytest.mark.parametrize("limit", ["max_inotify_watches", "max_inotify_instances"])
def test_the_limit_for_watches_is_reached(root: Path, limit: str) -> None:
    """With a real limit, in a namespace of its own, images are found by polling."""
    output = run_elsewhere("limited_watcher.py", root, limit, command=NAMESPACE)

    assert output.splitlines() == ["problem watch_limit", "found front/a.jpg", "recovered"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become a user without permission")
def test_a_folder_without_read_permission(tmp_path: Path) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:  # other users cannot read pytest's own folders
        Path(folder).chmod(0o755)
        (Path(folder) / "front").mkdir()
        output = run_elsewhere("forbidden_watcher.py", folder)

    assert output.splitlines() == [
        f"problem {CameraFolderPermissionError.code}",
        "recovered",
        *(f"found front/{name}.jpg" for name in ("a", "c", "b", "d", "2026/e")),
    ]
