"""Cost of 100,000 files that wait at the start: time, memory, and the latency of new images.

Two starts on the same folders. The first has room in its queue for all files and a server that never
responds: it measures registration; baseline: PostgreSQL's own COPY of as many rows. The second has
the default queue limit and a server that responds at once, while live images arrive.
"""

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import replace
import os
from pathlib import Path
import sys
import tempfile
import time

import aiohttp
import asyncpg  # type: ignore[import-untyped]  # has no types

from benchmarks import harness
from testbed.fake_inference_server import TOKEN
from testbed.services.postgres import Postgres

# isort: split
from hsi_core.domain.settings import Settings
from hsi_core.domain.updates import ImageUpdate, Update
from hsi_core.inference.client import InferenceClient
from hsi_core.pipeline.pipeline import Pipeline

GOAL_SECONDS = 60.0
GOAL_MB = 100.0
GOAL_LIVE = 1.0  # seconds
LIVE_EVERY = 0.5  # seconds
FOLDER = 1000  # files in one date folder


def fill(root: Path, files: int) -> None:
    """Write small images as cameras leave them over days, in date folders."""
    for number in range(files):
        camera = harness.CAMERAS[number % len(harness.CAMERAS)]
        folder = root / camera / f"{number // len(harness.CAMERAS) // FOLDER:04}"
        if number // len(harness.CAMERAS) % FOLDER == 0:
            folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{number}.jpg"
        path.write_bytes(b"image %d" % number)
        taken = time.time() - 200_000 + number
        os.utime(path, (taken, taken))


async def measure_registration(url: str, root: Path, files: int) -> dict[str, object]:
    """Start with a queue for all files and no detection; wait until all are registered."""
    settings = Settings(queue_limit=files * 2)
    # No server listens on the discard port, so the breaker keeps detection from running.
    async with aiohttp.ClientSession() as session:
        client = InferenceClient(session, "http://127.0.0.1:9", None, settings=settings)
        pipeline = Pipeline(harness.config(url, root, settings), client)
        before = harness.resident_mb()
        began, cpu = time.perf_counter(), time.process_time()
        await pipeline.start()
        connection = await asyncpg.connect(url)
        highest = before
        while await connection.fetchval("SELECT count(*) FROM hsi.images") < files:
            highest = max(highest, harness.resident_mb())
            await asyncio.sleep(0.25)
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
        await pipeline.stop()
        bare = await _copy(connection)
        await connection.close()
    return {
        "seconds": round(took, 1),
        "cpu_seconds": round(cpu, 1),
        "memory_grows_mb": round(highest - before, 1),
        "copy_of_the_same_rows_seconds": round(bare, 2),
        "ratio_to_copy": round(took / bare, 1),
        "ratio_to_goal_seconds": round(took / GOAL_SECONDS, 2),
        "ratio_to_goal_memory": round((highest - before) / GOAL_MB, 2),
    }


async def _copy(connection: asyncpg.Connection) -> float:
    """Copy the registered images and jobs into tables of the same shape; return the seconds."""
    took = 0.0
    for table in ("images", "jobs"):
        rows = await connection.fetch(f"SELECT * FROM hsi.{table}")
        await connection.execute(f"CREATE TABLE copy_{table} (LIKE hsi.{table} INCLUDING ALL)")
        began = time.perf_counter()
        await connection.copy_records_to_table(f"copy_{table}", records=rows)
        took += time.perf_counter() - began
    return took


async def measure_live(url: str, root: Path, server: str, seconds: float) -> dict[str, object]:
    """Start with the default queue limit while images arrive; time those, count the others."""
    settings = Settings()
    waiting: dict[str, float] = {}
    live: list[float] = []
    old = 0
    published = asyncio.Event()

    def on_update(update: Update) -> None:
        nonlocal old
        if isinstance(update, ImageUpdate):
            closed = waiting.pop(update.image.path, None)
            if closed is None:
                old += 1
            else:
                live.append(time.perf_counter() - closed)
                published.set()

    async with aiohttp.ClientSession() as session:
        client = InferenceClient(session, server, TOKEN, settings=replace(settings))
        pipeline = Pipeline(harness.config(url, root, settings), client)
        pipeline.subscribe(on_update)
        await pipeline.start()
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            await asyncio.sleep(LIVE_EVERY)
            path = f"front/live-{len(live) + len(waiting)}.jpg"
            (root / path).write_bytes(os.urandom(2000))
            waiting[path] = time.perf_counter()
        async with asyncio.timeout(60):
            while waiting:
                published.clear()
                await published.wait()
        await pipeline.stop()
    figures = harness.milliseconds(live)
    return {
        "live_images": len(live),
        "backlog_images_meanwhile": old,
        "live_file_closed_to_presence_ms": figures,
        "ratio_to_goal_max": round(figures["max"] / 1000 / GOAL_LIVE, 2),
    }


def main(arguments: Sequence[str]) -> int:
    """Measure both and print the figures."""
    parser = argparse.ArgumentParser(prog="scripts/bench backlog", description=__doc__)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--live-seconds", type=float, default=30.0)
    parser.add_argument("--json", type=Path, help="where to write the figures")
    options = parser.parse_args(arguments)
    with (
        tempfile.TemporaryDirectory() as folder,
        Postgres() as postgres,
        harness.instant_server() as server,
    ):
        root = Path(folder)
        fill(root, options.images)
        figures: dict[str, object] = {"images": options.images}
        figures["registering"] = asyncio.run(
            measure_registration(postgres.create_database(), root, options.images)
        )
        figures["living"] = asyncio.run(
            measure_live(postgres.create_database(), root, server, options.live_seconds)
        )
    harness.show(figures, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
