"""How long images of a quiet camera wait while another uploads five times what the server detects.

The server detects 20 images a second. The quiet camera uploads an image every second; baseline: the
same with no other camera. The flood is of live images; before it, a backlog of the flooding camera
fills the queue.
"""

import argparse
import asyncio
from collections.abc import Sequence
import os
from pathlib import Path
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

LOUD, QUIET = "front", "yard"  # the quiet one is later in the alphabet
FLOOD = 100.0  # images a second of the loud camera
EVERY = 1.0  # seconds between images of the quiet camera
IMAGE_SIZE = 2000  # bytes
WAIT_LIMIT = 120.0  # seconds until the last image of the quiet camera is given up


async def measure(
    url: str, root: Path, server: str, seconds: float, *, flood: bool, backlog: int
) -> list[float]:
    """Return how long each image of the quiet camera took from its file's close to its update."""
    settings = Settings()
    uploaded: dict[str, float] = {}
    waits: list[float] = []
    ended = asyncio.Event()

    def on_update(update: Update) -> None:
        if isinstance(update, ImageUpdate) and update.image.path in uploaded:
            waits.append(time.perf_counter() - uploaded.pop(update.image.path))
            ended.set()

    harness.config(url, root, settings)  # makes the folders
    for number in range(backlog):
        old = root / LOUD / f"old-{number}.jpg"
        old.write_bytes(os.urandom(100))
        os.utime(old, (1.7e9 + number, 1.7e9 + number))
    async with aiohttp.ClientSession() as session:
        client = InferenceClient(session, server, TOKEN, settings=settings)
        pipeline = Pipeline(harness.config(url, root, settings), client)
        pipeline.subscribe(on_update)
        await pipeline.start()
        await asyncio.sleep(3)
        flooding = asyncio.create_task(_flood(root)) if flood else None
        began = time.perf_counter()
        for number in range(int(seconds / EVERY)):
            path = f"{QUIET}/{number}.jpg"
            (root / path).write_bytes(os.urandom(IMAGE_SIZE))
            uploaded[path] = time.perf_counter()
            await asyncio.sleep(max(0.0, began + (number + 1) * EVERY - time.perf_counter()))
        if flooding is not None:
            flooding.cancel()
        async with asyncio.timeout(WAIT_LIMIT):
            while uploaded:
                ended.clear()
                await ended.wait()
        await pipeline.stop()
    return waits


async def _flood(root: Path) -> None:
    began, number = time.perf_counter(), 0
    while True:
        (root / LOUD / f"{number}.jpg").write_bytes(os.urandom(IMAGE_SIZE))
        number += 1
        await asyncio.sleep(max(0.0, began + number / FLOOD - time.perf_counter()))


def main(arguments: Sequence[str]) -> int:
    """Measure both and print the figures."""
    parser = argparse.ArgumentParser(prog="scripts/bench fairness", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--backlog", type=int, default=20_000, help="old files of the loud camera")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    options = parser.parse_args(arguments)
    waits: dict[str, list[float]] = {}
    with Postgres() as postgres, harness.instant_server(slow=True) as server:
        for name, flood, backlog in (
            ("alone", False, 0),
            ("flood", True, 0),
            ("flood_and_backlog", True, options.backlog),
        ):
            with tempfile.TemporaryDirectory() as folder:
                waits[name] = asyncio.run(
                    measure(
                        postgres.create_database(),
                        Path(folder),
                        server,
                        options.seconds,
                        flood=flood,
                        backlog=backlog,
                    )
                )
    figures: dict[str, object] = {name: harness.milliseconds(each) for name, each in waits.items()}
    alone = harness.milliseconds(waits["alone"])
    for name in ("flood", "flood_and_backlog"):
        together = harness.milliseconds(waits[name])
        figures[f"ratio_{name}_p50"] = round(together["p50"] / alone["p50"], 1)
        figures[f"ratio_{name}_max"] = round(together["max"] / alone["max"], 1)
    harness.show(figures, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
