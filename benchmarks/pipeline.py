"""Images a second through the pipeline without a model; baseline: PgQueuer with empty jobs.

Both use the same PostgreSQL with the same durability, one after the other, in this one process. The
inference server is another process and responds at once. The floor is the cost of the pipeline's own
SQL and requests alone. Every figure is of this run and this machine only.
"""

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
import os
from pathlib import Path
import sys
import tempfile
import time

import aiohttp
import asyncpg  # type: ignore[import-untyped]  # has no types
from sqlalchemy import Engine
from sqlalchemy.event import listen

from benchmarks import harness
from benchmarks.baseline import requests_alone, sql_alone
from testbed.fake_inference_server import TOKEN
from testbed.services.postgres import Postgres

# isort: split
from hsi_core.domain.settings import Settings
from hsi_core.domain.updates import ImageUpdate, Update
from hsi_core.inference.client import InferenceClient
from hsi_core.pipeline.pipeline import Pipeline

SETTINGS = Settings(queue_limit=1_000_000)
BATCHES = (10, 100)  # of PgQueuer: its default, and a large one; the faster one counts


class Statements:
    """Counts the statements sent to PostgreSQL, without BEGIN and COMMIT."""

    def __init__(self) -> None:
        self.count = 0
        listen(Engine, "before_cursor_execute", self._count)

    def _count(self, *_: object) -> None:
        self.count += 1


async def commits(url: str) -> int:
    """Return the number of committed transactions in the database's statistics."""
    connection = await asyncpg.connect(url)
    await asyncio.sleep(1.5)  # backends report their counts once a second
    count: int = await connection.fetchval(
        "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
    )
    await connection.close()
    return count


async def measure_pipeline(
    url: str, root: Path, server: str, images: int, concurrency: int
) -> dict[str, float]:
    """Process a backlog; the time runs from the end of the first image to the end of the last."""
    config = harness.config(url, root, replace(SETTINGS, detect_concurrency=concurrency))
    yesterday = time.time() - 86_400
    for number in range(images):
        camera = harness.CAMERAS[number % len(harness.CAMERAS)]
        path = root / camera / f"{number}.jpg"
        path.write_bytes(f"image {number}".encode())
        taken = yesterday + number // len(harness.CAMERAS)  # one a second, as during motion
        os.utime(path, (taken, taken))
    ends: list[float] = []
    used: list[dict[str, float]] = []  # at the first end and at the last
    done = asyncio.Event()
    statements = Statements()

    def on_update(update: Update) -> None:
        if isinstance(update, ImageUpdate):
            ends.append(time.perf_counter())
            if len(ends) in {1, images}:
                used.append(_resources(statements))
            if len(ends) == images:
                done.set()

    async with aiohttp.ClientSession() as session:
        client = InferenceClient(session, server, TOKEN, settings=config.settings)
        pipeline = Pipeline(config, client)
        pipeline.subscribe(on_update)
        await pipeline.start()
        await done.wait()
        committed = await commits(url)
        await pipeline.stop()
    first, last = used
    each = {what: (last[what] - first[what]) / (images - 1) for what in last}
    return {
        "concurrency": concurrency,
        "images_per_s": (images - 1) / (ends[-1] - ends[0]),
        "cpu_ms_per_image": each["own"] * 1000,
        "postgres_cpu_ms_per_image": each["postgres"] * 1000,
        "server_cpu_ms_per_image": each["python"] * 1000,
        "statements_per_image": each["statements"],
        "commits_per_image": committed / images,
    }


def _resources(statements: Statements) -> dict[str, float]:
    """Return the statements so far and the CPU seconds so far, by process."""
    own = {"own": time.process_time(), "statements": float(statements.count)}
    return own | harness.children_cpu()


async def measure_pgqueuer(url: str, jobs: int, batch: int) -> dict[str, float]:
    """Run empty jobs through PgQueuer, claimed and logged in batches of this size."""
    # Imported here because it may be missing: it is in no environment, only a peer of this benchmark.
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

    @queue.entrypoint("nothing")  # type: ignore[untyped-decorator]  # it has types only if it is installed
    async def nothing(_: Job) -> None:
        ends.append(time.perf_counter())
        if len(ends) == jobs:
            queue.shutdown.set()

    cpu = time.process_time()
    await queue.run(batch_size=batch)
    cpu = time.process_time() - cpu
    await connection.close()
    return {
        "batch": batch,
        "jobs_per_s": (jobs - 1) / (ends[-1] - ends[0]),
        "cpu_ms_per_job": cpu / jobs * 1000,
    }


def main(arguments: Sequence[str]) -> int:
    """Measure both, one after the other, and print the figures."""
    parser = argparse.ArgumentParser(prog="scripts/bench pipeline", description=__doc__)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--concurrency", type=int, default=32, help="detect jobs at the same time")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    options = parser.parse_args(arguments)
    count, concurrency = options.images, options.concurrency
    with tempfile.TemporaryDirectory() as folder, Postgres() as postgres:
        url = postgres.create_database()
        with harness.instant_server() as server:
            ours = asyncio.run(measure_pipeline(url, Path(folder), server, count, concurrency))
            requests = asyncio.run(requests_alone(server, count, concurrency))
        figures: dict[str, object] = {
            "synchronous_commit": postgres.execute("SHOW synchronous_commit"),
            "fsync": postgres.execute("SHOW fsync"),
            "pipeline": ours,
            "floor_sql": asyncio.run(sql_alone(url, count, concurrency)),
            "floor_requests": requests,
        }
        if find_spec("pgqueuer") is None:
            print("PgQueuer is not installed here: no ratio", file=sys.stderr)
        else:
            peers = [
                asyncio.run(measure_pgqueuer(postgres.create_database(), count, batch))
                for batch in BATCHES
            ]
            best = max(peer["jobs_per_s"] for peer in peers)
            figures["pgqueuer"] = peers
            figures["ratio"] = ours["images_per_s"] / best
            figures["ratio_of_its_default"] = ours["images_per_s"] / peers[0]["jobs_per_s"]
    harness.show(figures, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
