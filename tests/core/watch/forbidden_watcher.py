"""Run as root: becomes somebody who may not read the folder, and then may."""

import asyncio
import os
from pathlib import Path
import sys

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.domain.found_file import FoundFile
from hsi_core.domain.models import Camera
from hsi_core.domain.settings import Settings
from hsi_core.watch.watcher import FolderWatcher

NOBODY = 65534


def say(*words: object) -> None:
    print(*words)  # noqa: T201 - the test reads it


async def main(root: Path) -> None:
    await asyncio.to_thread(os.getpid)  # later the interpreter's own files may be closed, too
    folder = root / "front"
    folder.chmod(0o700)
    os.chown(folder, NOBODY, NOBODY)
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    folder.chmod(0)
    done = asyncio.Event()

    async def found(file: FoundFile) -> None:
        say("found", file.path)
        done.set()

    def trouble(_camera: str, error: Exception | None) -> None:
        if error is None:
            say("passed")
            (folder / "a.jpg").write_bytes(b"picture")
        else:
            say("trouble", getattr(error, "code", error))
            folder.chmod(0o700)

    watcher = FolderWatcher(
        root,
        [Camera(folder="front", name="Front")],
        settings=Settings(settle_time=0.1, watch_retry=0.1),
        on_found=found,
        on_trouble=trouble,
    )
    task = asyncio.create_task(watcher.run())
    async with asyncio.timeout(30):
        await done.wait()
    task.cancel()


asyncio.run(main(Path(sys.argv[1])))
