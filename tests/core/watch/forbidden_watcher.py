"""Run as root: become a user without permission to read the folder, and then get it."""

import asyncio
import os
from pathlib import Path
import sys

import testbed.core  # noqa: F401 - makes hsi_core importable
from tests.core.watch.conftest import Watch

# isort: split
from hsi_core.domain.models import Camera
from hsi_core.domain.settings import Settings

UNPRIVILEGED = 65534


def report(*words: object) -> None:
    print(*words)  # noqa: T201 - the test reads it


async def main(root: Path) -> None:
    await asyncio.to_thread(os.getpid)  # later the interpreter's own files may be unreadable, too
    folder = root / "front"
    folder.chmod(0o700)
    os.chown(folder, UNPRIVILEGED, UNPRIVILEGED)
    os.setgroups([])
    os.setresgid(UNPRIVILEGED, UNPRIVILEGED, UNPRIVILEGED)
    os.setresuid(UNPRIVILEGED, UNPRIVILEGED, UNPRIVILEGED)
    folder.chmod(0)
    watch = Watch(
        root,
        [Camera(folder="front", name="Front")],
        Settings(settle_time=30.0, watch_retry=0.1),
    )
    watch.take()
    watch.watch()
    _, problem = await watch.problem()
    report("problem", problem)
    folder.chmod(0o700)
    assert await watch.problem() == ("front", None)
    report("recovered")
    (folder / "a.jpg").write_bytes(b"image")
    report("found", (await watch.next()).path)
    later = folder / "b.jpg"
    later.write_bytes(b"image")
    later.chmod(0)  # before the watcher reads the event
    (folder / "c.jpg").write_bytes(b"image")
    report("found", (await watch.next()).path)
    later.chmod(0o644)
    report("found", (await watch.next()).path)
    inner = folder / "2026"
    inner.mkdir()
    inner.chmod(0)
    assert await watch.problem() == ("front", "folder_permission")
    (folder / "d.jpg").write_bytes(b"image")
    report("found", (await watch.next()).path)
    inner.chmod(0o755)
    assert await watch.problem() == ("front", None)
    (inner / "e.jpg").write_bytes(b"image")
    report("found", (await watch.next()).path)
    await watch.stop()


asyncio.run(main(Path(sys.argv[1])))
