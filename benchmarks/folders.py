"""Hold-up of the event loop while 20,000 watched folders are removed, or moved away with their parent.

Baseline: the same loop while it only beats, with all watches in place. Times are those of the
thread's processor, so that other work of the machine does not count.
"""

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path
import sys
import tempfile
import time

from benchmarks import harness

# isort: split
from hsi_core.watch.inotify import EventsLost, FolderEvents, FolderRemoved

GOAL_HOLD = 20.0  # ms
AT_ONCE = 4000  # folders whose events fit into the kernel's queue of 16,384
_ALONE = 2.0  # seconds


async def measure(root: Path, folders: int, *, deleted: bool) -> dict[str, object]:
    """Watch folders of a camera and remove them; return how long each step holds up others."""
    events = FolderEvents()
    events.open()
    try:
        for number in range(folders):
            (root / f"front/{number}").mkdir(parents=True)
        for folder in ("", "front", *(f"front/{number}" for number in range(folders))):
            events.watch(folder, root / folder)
        held: list[float] = []
        beating = asyncio.create_task(_beat(held))
        await asyncio.sleep(_ALONE)
        alone, held[:] = held[:], []
        began, used = time.perf_counter(), time.thread_time()
        if deleted:
            for first in range(0, folders, AT_ONCE):
                removed = range(first, min(first + AT_ONCE, folders))
                await asyncio.to_thread(_delete, root / "front", removed)
                await _follow(events, len(removed))
        else:
            (root / "front").rename(root / "back")
            await _follow(events, 1)
        took, used = time.perf_counter() - began, time.thread_time() - used
        beating.cancel()
    finally:
        events.close()
    figures = harness.milliseconds(held)
    return {
        "held_ms": figures,
        "alone_ms": harness.milliseconds(alone),
        "ratio_to_goal_max": round(figures["max"] / GOAL_HOLD, 2),
        "seconds": round(took, 2),
        "processor_s": round(used, 2),
    }


async def _follow(events: FolderEvents, count: int) -> None:
    """Stop watching each folder that is removed, until so many were."""
    while count:
        match await events.next():
            case FolderRemoved(folder=folder):
                await events.unwatch(folder)
                count -= 1
            case EventsLost():
                raise RuntimeError("the kernel's queue of events has overflowed")


def _delete(folder: Path, numbers: range) -> None:
    for number in numbers:
        (folder / str(number)).rmdir()


async def _beat(held: list[float]) -> None:
    """Note for how much of this thread's processor time each step of other tasks holds it up."""
    while True:
        began = time.thread_time()
        await asyncio.sleep(0)
        held.append(time.thread_time() - began)


def main(arguments: Sequence[str]) -> int:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(prog="scripts/bench folders", description=__doc__)
    parser.add_argument("--folders", type=int, default=20_000, help="number of watched folders")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    options = parser.parse_args(arguments)
    figures: dict[str, object] = {"folders": options.folders}
    for how in ("deleted", "moved"):
        with tempfile.TemporaryDirectory() as folder:
            figures[how] = asyncio.run(
                measure(Path(folder), options.folders, deleted=how == "deleted")
            )
    harness.show(figures, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
