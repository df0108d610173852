"""Run in a user namespace: takes away the watches, and gives them back once a file was found."""

import asyncio
from pathlib import Path
import sys

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.domain.found_file import FoundFile
from hsi_core.domain.models import Camera
from hsi_core.domain.settings import Settings
from hsi_core.watch.watcher import FolderWatcher


def say(*words: object) -> None:
    print(*words)  # noqa: T201 - the test reads it


async def main(root: Path, name: str) -> None:
    limit = Path("/proc/sys/user") / name
    before = limit.read_text()
    limit.write_text("0")
    passed = asyncio.Event()

    async def found(file: FoundFile) -> None:
        say("found", file.path)
        limit.write_text(before)

    def trouble(_camera: str, error: Exception | None) -> None:
        if error is None:
            say("passed")
            passed.set()
        else:
            say("trouble", getattr(error, "code", error))
            (root / "front/a.jpg").write_bytes(b"picture")

    watcher = FolderWatcher(
        root,
        [Camera(folder="front", name="Front")],
        settings=Settings(settle_time=0.1, watch_retry=0.1),
        on_found=found,
        on_trouble=trouble,
    )
    task = asyncio.create_task(watcher.run())
    async with asyncio.timeout(30):
        await passed.wait()
    task.cancel()


asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
