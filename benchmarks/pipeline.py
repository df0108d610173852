"""How many images a second the pipeline keeps book of, beside PgQueuer doing nothing but its jobs.

Both use the same PostgreSQL, one after the other, in this one process; the inference server is
another process and answers at once. Every figure is of this run and this machine only.
"""

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
import json
import os
from pathlib import Path
import socket
import subprocess
import sys
import tempfile
import time
from zoneinfo import ZoneInfo

import aiohttp
import asyncpg  # type: ignore[import-untyped]  # has no types

import testbed.core  # noqa: F401 - makes hsi_core importable
from testbed.postgres import Postgres

# isort: split
from hsi_core.client import InferenceClient
from hsi_core.models import Camera
from hsi_core.pipeline import Pipeline, PipelineConfig
from hsi_core.settings import Settings
from hsi_core.updates import ImageUpdate, Update

CAMERAS = ("front", "yard", "garage", "gate")
SETTINGS = Settings(detect_workers=32, queue_limit=1_000_000)


async def bookkeeping(url: str, root: Path, server: str, images: int) -> dict[str, float]:
    """Have a backlog looked at; the clock runs from the first image's end to the last one's."""
    for number in range(images):
        camera = CAMERAS[number % len(CAMERAS)]
        path = root / camera / f"{number}.jpg"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(f"picture {number}".encode())
        taken = (
            time.time() - 86_400 + number // len(CAMERAS)
        )  # one a second, as while something moves
        os.utime(path, (taken, taken))
    config = PipelineConfig(
        database_url=url,
        camera_root=root,
        cameras=tuple(Camera(folder=name, name=name) for name in CAMERAS),
        time_zone=ZoneInfo("UTC"),
        settings=replace(SETTINGS),
    )
    ends: list[float] = []
    done = asyncio.Event()

    def take(update: Update) -> None:
        if isinstance(update, ImageUpdate):
            ends.append(time.perf_counter())
            if len(ends) == images:
                done.set()

    async with aiohttp.ClientSession() as session:
        client = InferenceClient(session, server, None, settings=config.settings)
        pipeline = Pipeline(config, client)
        pipeline.subscribe(take)
        cpu = time.process_time()
        await pipeline.start()
        await done.wait()
        cpu = time.process_time() - cpu
        await pipeline.stop()
    return {
        "images_per_s": (images - 1) / (ends[-1] - ends[0]),
        "cpu_ms_per_image": cpu / images * 1000,
    }


async def pgqueuer(url: str, jobs: int) -> dict[str, float]:
    """Have PgQueuer do jobs that do nothing, with its own defaults."""
    # Here, for it may be missing: it is no part of any environment, only the benchmark's peer.
    from pgqueuer import PgQueuer  # noqa: PLC0415
    from pgqueuer.db import AsyncpgDriver  # noqa: PLC0415
    from pgqueuer.models import Job  # noqa: PLC0415
    from pgqueuer.queries import Queries  # noqa: PLC0415

    connection = await asyncpg.connect(url)
    driver = AsyncpgDriver(connection)
    queries = Queries(driver)
    await queries.install()
    await queries.enqueue(["nothing"] * jobs, [None] * jobs, [0] * jobs)
    queue = PgQueuer(driver)
    ends: list[float] = []

    @queue.entrypoint("nothing")
    async def nothing(_: Job) -> None:
        ends.append(time.perf_counter())
        if len(ends) == jobs:
            queue.shutdown.set()

    cpu = time.process_time()
    await queue.run(batch_size=10)
    cpu = time.process_time() - cpu
    await connection.close()
    return {"jobs_per_s": (jobs - 1) / (ends[-1] - ends[0]), "cpu_ms_per_job": cpu / jobs * 1000}


def main(arguments: Sequence[str]) -> int:
    """Measure both, one after the other, and print the figures."""
    parser = argparse.ArgumentParser(prog="scripts/bench pipeline", description=__doc__)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--json", type=Path, help="where to write the figures")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, Postgres() as postgres:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        server = subprocess.Popen([sys.executable, "-m", "benchmarks.instant_server", str(port)])
        try:
            ours = asyncio.run(
                bookkeeping(
                    postgres.create_database(),
                    Path(folder),
                    f"http://127.0.0.1:{port}",
                    options.images,
                )
            )
        finally:
            server.terminate()
            server.wait()
        figures: dict[str, object] = {"load_average": os.getloadavg()[0], "pipeline": ours}
        if find_spec("pgqueuer") is None:
            print("PgQueuer is not installed here: no ratio", file=sys.stderr)
        else:
            peer = asyncio.run(pgqueuer(postgres.create_database(), options.images))
            figures["pgqueuer"] = peer
            figures["ratio"] = ours["images_per_s"] / peer["jobs_per_s"]
    text = json.dumps(figures, indent=2)
    print(text)
    if options.json is not None:
        options.json.write_text(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
