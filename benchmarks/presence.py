"""Latency from the close of a file to published presence; baseline: the bare steps.

The server responds at once, so nearly all of the latency is the pipeline's own: noticing,
registering, claiming, reading, sending, storing, publishing. The bare steps notice, read and send in
the same process and record nothing. Images alternate between the two.
"""

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path
import random
import sys
import tempfile
import time

import aiohttp
from asyncinotify import Inotify, Mask

from benchmarks import harness
from testbed.fake_inference_server import TOKEN
from testbed.services.postgres import Postgres

# isort: split
from hsi_core.domain.models import ImageState
from hsi_core.domain.settings import Settings
from hsi_core.domain.updates import ImageUpdate, Update
from hsi_core.inference.client import InferenceClient
from hsi_core.pipeline.pipeline import Pipeline

GOAL_P50 = 20.0  # ms
GOAL_P95 = 50.0  # ms
IMAGE_SIZE = 300_000  # bytes of a 1080p still
WARM_UP = 20  # images that do not count


async def measure(url: str, root: Path, server: str, images: int, rate: float) -> dict[str, object]:
    """Upload images at a rate, alternating between pipeline and bare steps; return the latencies."""
    settings = Settings()
    seen: dict[str, asyncio.Future[float]] = {}
    loop = asyncio.get_running_loop()

    def on_update(update: Update) -> None:
        if isinstance(update, ImageUpdate) and update.image.state is ImageState.DETECTED:
            waiting = seen.get(update.image.path)
            if waiting is not None and not waiting.done():
                waiting.set_result(time.perf_counter())

    async with aiohttp.ClientSession() as session:
        client = InferenceClient(session, server, TOKEN, settings=settings)
        pipeline = Pipeline(harness.config(url, root / "watched", settings), client)
        pipeline.subscribe(on_update)
        await pipeline.start()
        bare_root = root / "bare"
        bare_root.mkdir()
        ours: list[float] = []
        bare: list[float] = []
        with Inotify() as inotify:
            inotify.add_watch(bare_root, Mask.CLOSE_WRITE)
            for number in range(images + WARM_UP):
                camera = harness.CAMERAS[number % len(harness.CAMERAS)]
                seen[f"{camera}/{number}.jpg"] = loop.create_future()
                closed = _write(root / "watched" / camera / f"{number}.jpg")
                async with asyncio.timeout(30):
                    took = await seen[f"{camera}/{number}.jpg"] - closed
                await asyncio.sleep(random.uniform(0.2, 0.8) / rate)
                closed = _write(bare_root / f"{number}.jpg")
                event = await inotify.get()
                content = await asyncio.to_thread(Path(str(event.path)).read_bytes)
                await client.detect(content, content_type="image/jpeg", threshold=0.5)
                if number >= WARM_UP:
                    ours.append(took)
                    bare.append(time.perf_counter() - closed)
                await asyncio.sleep(random.uniform(0.2, 0.8) / rate)
        await pipeline.stop()
    delays = harness.compare_delays(
        "file_closed_to_presence_ms", ours, bare, goal_p50=GOAL_P50, goal_p95=GOAL_P95
    )
    return {"images": images, **delays}


def _write(path: Path) -> float:
    """Write an image as an upload does; return the time of its close."""
    content = random.randbytes(IMAGE_SIZE)
    path.write_bytes(content)
    return time.perf_counter()


def main(arguments: Sequence[str]) -> int:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(prog="scripts/bench presence", description=__doc__)
    parser.add_argument("--images", type=int, default=300)
    parser.add_argument(
        "--rate", type=float, default=8.0, help="images a second for each of the two"
    )
    parser.add_argument("--json", type=Path, help="where to write the figures")
    options = parser.parse_args(arguments)
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
