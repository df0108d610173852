"""Run in a user namespace: set the limit for watches to 0, and restore it once a file is found."""

import asyncio
from pathlib import Path
import sys

import testbed.core  # noqa: F401 - makes hsi_core importable
from tests.core.watch.conftest import Watch

# isort: split
from hsi_core.domain.models import Camera
from hsi_core.domain.settings import Settings


def report(*words: object) -> None:
    print(*words)  # noqa: T201 - the test reads it


async def main(root: Path, name: str) -> None:
    limit = Path("/proc/sys/user") / name
    before = limit.read_text()
    limit.write_text("0")
    watch = Watch(
        root,
        [Camera(folder="front", name="Front")],
        Settings(settle_time=0.1, watch_retry=0.1),
    )
    watch.take()
    watch.watch()
    _, problem = await watch.problem()
    report("problem", problem)
    (root / "front/a.jpg").write_bytes(b"image")
    report("found", (await watch.next()).path)
    limit.write_text(before)
    assert await watch.problem() == ("front", None)
    report("recovered")
    await watch.stop()


asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
