"""A steady stream of images: delays of the event loop, and growth of memory.

A heartbeat task sleeps for a few milliseconds again and again; the time by which it wakes late is the
delay of any other task of Home Assistant. Baseline: the same heartbeat before the first image, in
the same process and under the same load of the machine.
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
IMAGE_SIZE = 20_000  # bytes
KEPT = 2000  # processed images that stay on the disk
MEMORY_SAMPLES = 10


class Heartbeat:
    """Records how late a task wakes after each short sleep.

    Beats are counted by their lateness, so that the record does not grow with time.
    """

    def __init__(self) -> None:
        self._late: Counter[int] = Counter()  # tenths of a millisecond
        self._task = asyncio.create_task(self._beat())

    async def _beat(self) -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(BEAT)
            self._late[round((time.perf_counter() - began - BEAT) * 10_000)] += 1

    def collect(self) -> list[float]:
        """Return the delays since the last call, in seconds."""
        late, self._late = self._late, Counter()
        return [tenths / 10_000 for tenths in late.elements()]

    def stop(self) -> None:
        """Cancel the task."""
        self._task.cancel()


async def measure(url: str, root: Path, server: str, images: int, rate: float) -> dict[str, object]:
    """Process images that arrive at a rate; return the late beats and samples of memory."""
    settings = Settings(detect_concurrency=4)
    ended = 0
    memory: list[float] = []
    done = asyncio.Event()

    kept: deque[Path] = deque()

    def on_update(update: Update) -> None:
        nonlocal ended
        if isinstance(update, ImageUpdate):
            ended += 1
            # Delete the oldest, as a cleanup would; it has been processed.
            kept.append(root / update.image.path)
            if len(kept) > KEPT:
                kept.popleft().unlink()
            if ended % (images // MEMORY_SAMPLES) == 0:
                memory.append(round(harness.resident_mb(), 1))
            if ended == images:
                done.set()

    async with aiohttp.ClientSession() as session:
        client = InferenceClient(session, server, TOKEN, settings=settings)
        pipeline = Pipeline(harness.config(url, root, settings), client)
        pipeline.subscribe(on_update)
        heartbeat = Heartbeat()
        await asyncio.sleep(5)
        alone = heartbeat.collect()
        await pipeline.start()
        await asyncio.sleep(1)
        starting = heartbeat.collect()
        uploader = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "benchmarks.steady", "--upload", str(root)),
            *("--images", str(images), "--rate", str(rate)),
        )
        began = time.perf_counter()
        await done.wait()
        took = time.perf_counter() - began
        late = heartbeat.collect()
        heartbeat.stop()
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
        (root / camera / f"{number}.jpg").write_bytes(random.randbytes(IMAGE_SIZE))
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
