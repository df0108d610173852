"""Resident memory of the pipeline over many images: whether it stays the same.

The images stay in their folders, one folder a minute for each camera, as on a disk without a
retention: what is remembered of each file is remembered of all of them. Baseline: the memory at
the image from which it has to stay the same, in the same process.
"""

import argparse
import asyncio
from collections.abc import Sequence
import gc
from pathlib import Path
import random
import sys
import tempfile
import time
import tracemalloc

import aiohttp

from benchmarks import harness
from testbed.fake_inference_server import TOKEN
from testbed.services.postgres import Postgres

# isort: split
from hsi_core.domain.settings import Settings
from hsi_core.domain.updates import ImageUpdate, Update
from hsi_core.inference.client import InferenceClient
from hsi_core.pipeline.pipeline import Pipeline

GOAL_GROWTH = 3.0  # MB
FLAT_FROM = 20_000  # images
IMAGE_SIZE = 2000  # bytes
STEP = 10_000  # images between two samples
AHEAD = 1000  # images that may be uploaded before they are processed
_TOP = 15  # places shown by --trace


class Sampler:
    """Takes a sample of this process's memory from time to time; shows what grew if it traces."""

    def __init__(self, *, trace: bool) -> None:
        self.memory: list[float] = []  # MB
        self._first: tracemalloc.Snapshot | None = None
        if trace:
            tracemalloc.start()

    def take(self, images: int) -> None:
        """Take a sample after so many images."""
        gc.collect()
        self.memory.append(round(harness.resident_mb(), 1))
        _report(f"{images:7} images: {self.memory[-1]} MB")
        if not tracemalloc.is_tracing():
            return
        snapshot = tracemalloc.take_snapshot().filter_traces(
            [tracemalloc.Filter(inclusive=False, filename_pattern=tracemalloc.__file__)]
        )
        if self._first is None:
            self._first = snapshot if images >= FLAT_FROM else None
            return
        for grown in snapshot.compare_to(self._first, "lineno")[:_TOP]:
            _report(f"    {grown}")


async def measure(
    url: str, root: Path, server: str, images: int, *, trace: bool
) -> dict[str, object]:
    """Process images as fast as they can be; return samples of the memory."""
    settings = Settings(detect_concurrency=4)
    ended = 0
    sampler = Sampler(trace=trace)
    done = asyncio.Event()

    async with aiohttp.ClientSession() as session:
        client = InferenceClient(session, server, TOKEN, settings=settings)
        pipeline = Pipeline(harness.config(url, root, settings), client)
        uploader = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "benchmarks.resident", "--upload", str(root)),
            *("--images", str(images)),
            stdin=asyncio.subprocess.PIPE,
        )
        assert uploader.stdin is not None
        credit = uploader.stdin

        def on_update(update: Update) -> None:
            nonlocal ended
            if isinstance(update, ImageUpdate):
                ended += 1
                if ended % (AHEAD // 10) == 0:
                    credit.write(f"{ended}\n".encode())
                if ended % STEP == 0:
                    sampler.take(ended)
                if ended == images:
                    done.set()

        pipeline.subscribe(on_update)
        await pipeline.start()
        began = time.perf_counter()
        credit.write(b"0\n")
        await done.wait()
        took = time.perf_counter() - began
        await uploader.wait()
        await pipeline.stop()
    flat = sampler.memory[FLAT_FROM // STEP - 1 :]
    growth = round(max(flat) - flat[0], 1)
    return {
        "images": images,
        "images_per_s": round(images / took, 1),
        "resident_mb": sampler.memory,
        "grows_mb": growth,
        "grows_by_the_end_mb": round(flat[-1] - flat[0], 1),
        "ratio_to_goal": round(growth / GOAL_GROWTH, 2),
    }


def upload(root: Path, images: int) -> None:
    """Write images, not many more than are known to be processed."""
    processed = 0
    for number in range(images):
        while number - processed >= AHEAD or number == 0:
            processed = int(sys.stdin.readline())
            if number == 0:
                break
        camera = harness.CAMERAS[number % len(harness.CAMERAS)]
        folder = root / camera / time.strftime("%Y%m%d/%H/%M")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.jpg").write_bytes(random.randbytes(IMAGE_SIZE))


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main(arguments: Sequence[str]) -> int:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(prog="scripts/bench resident", description=__doc__)
    parser.add_argument("--images", type=int, default=300_000)
    parser.add_argument("--trace", action="store_true", help="show what grew since image 20,000")
    parser.add_argument("--upload", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--json", type=Path, help="where to write the figures")
    options = parser.parse_args(arguments)
    if options.upload is not None:
        upload(options.upload, options.images)
        return 0
    if options.images < FLAT_FROM:
        parser.error(f"at least {FLAT_FROM} images are needed")
    with (
        tempfile.TemporaryDirectory() as folder,
        Postgres() as postgres,
        harness.instant_server() as server,
    ):
        url = postgres.create_database()
        figures = asyncio.run(
            measure(url, Path(folder), server, options.images, trace=options.trace)
        )
    harness.show(figures, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
