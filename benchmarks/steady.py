"""A steady stream of images: delays of the event loop, and growth of memory.

A heartbeat task asks for a turn every few milliseconds; what it waits longer is what any other
task of Home Assistant would wait. The same heartbeat beats before the first image comes, in the
same process and under the same load of the machine: that is what the figures are to be seen beside.
"""

import argparse
import asyncio
from collections import Counter, deque
from collections.abc import Sequence
from pathlib import Path
import random
import sys
import tempfile
import time

import aiohttp

from benchmarks import harness
from testbed.fake_inference_server import TOKEN
from testbed.services.postgres import Postgres

# isort: split
from hsi_core.domain.settings import Settings
from hsi_core.domain.updates import ImageUpdate, Update
from hsi_core.inference.client import InferenceClient
from hsi_core.pipeline.pipeline import Pipeline

GOAL_BLOCK = 20.0  # ms
BEAT = 0.002  # seconds
PICTURE = 20_000  # bytes
KEPT = 2000  # images that stay on the disk after their end
STRETCHES = 10  # memory is looked at so many times


class Heartbeat:
    """Waits for its turn again and again and notes how much longer that took than asked for.

    Beats are counted by how late they were, so that noting them takes no more memory by and by.
    """

    def __init__(self) -> None:
        self._late: Counter[int] = Counter()  # tenths of a millisecond
        self._task = asyncio.create_task(self._beat())

    async def _beat(self) -> None:
        while True:
            asked = time.perf_counter()
            await asyncio.sleep(BEAT)
            self._late[round((time.perf_counter() - asked - BEAT) * 10_000)] += 1

    def take(self) -> list[float]:
        """Return what was noted since the last time, in seconds."""
        late, self._late = self._late, Counter()
        return [tenths / 10_000 for tenths in late.elements()]

    def end(self) -> None:
        """Beat no more."""
        self._task.cancel()


async def measure(url: str, root: Path, server: str, images: int, rate: float) -> dict[str, object]:
    """Have so many images come in at a rate; note each late beat, and memory now and then."""
    settings = Settings(detect_concurrency=4)
    ended = 0
    memory: list[float] = []
    done = asyncio.Event()

    kept: deque[Path] = deque()

    def take(update: Update) -> None:
        nonlocal ended
        if isinstance(update, ImageUpdate):
            ended += 1
            # The oldest goes, as on a disk that is kept in order: never one that still waits.
            kept.append(root / update.image.path)
            if len(kept) > KEPT:
                kept.popleft().unlink()
            if ended % (images // STRETCHES) == 0:
                memory.append(round(harness.resident_mb(), 1))
            if ended == images:
                done.set()

    async with aiohttp.ClientSession() as session:
        client = InferenceClient(session, server, TOKEN, settings=settings)
        pipeline = Pipeline(harness.config(url, root, settings), client)
        pipeline.subscribe(take)
        heartbeat = Heartbeat()
        await asyncio.sleep(5)
        alone = heartbeat.take()
        await pipeline.start()
        await asyncio.sleep(1)
        starting = heartbeat.take()
        uploader = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "benchmarks.steady", "--upload", str(root)),
            *("--images", str(images), "--rate", str(rate)),
        )
        began = time.perf_counter()
        await done.wait()
        took = time.perf_counter() - began
        late = heartbeat.take()
        heartbeat.end()
        await uploader.wait()
        await pipeline.stop()
    figures = harness.milliseconds(late)
    return {
        "images": images,
        "images_per_s": round(images / took, 1),
        "beats": len(late),
        "late_ms": figures,
        "late_alone_ms": harness.milliseconds(alone),
        "late_while_starting_ms": harness.milliseconds(starting),
        "beats_over_goal": sum(beat * 1000 > GOAL_BLOCK for beat in late),
        "ratio_to_goal_max": round(figures["max"] / GOAL_BLOCK, 2),
        "resident_mb": memory,
        "memory_grows_mb": round(memory[-1] - memory[len(memory) // 2], 1),
    }


def upload(root: Path, images: int, rate: float) -> None:
    """Write images at a rate."""
    began = time.perf_counter()
    for number in range(images):
        camera = harness.CAMERAS[number % len(harness.CAMERAS)]
        (root / camera / f"{number}.jpg").write_bytes(random.randbytes(PICTURE))
        time.sleep(max(0.0, began + (number + 1) / rate - time.perf_counter()))


def main(arguments: Sequence[str]) -> int:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(prog="scripts/bench steady", description=__doc__)
    parser.add_argument("--images", type=int, default=3000)
    parser.add_argument("--rate", type=float, default=50.0, help="images a second")
    parser.add_argument("--upload", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--json", type=Path, help="where to write the figures")
    options = parser.parse_args(arguments)
    if options.upload is not None:
        upload(options.upload, options.images, options.rate)
        return 0
    with (
        tempfile.TemporaryDirectory() as folder,
        Postgres() as postgres,
        harness.instant_server() as server,
    ):
        url = postgres.create_database()
        figures = asyncio.run(measure(url, Path(folder), server, options.images, options.rate))
    harness.show(figures, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
