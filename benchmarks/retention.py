"""Delay that a large cleanup causes to other queries on the same PostgreSQL."""

import argparse
import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
import sys
import tempfile
import time

from benchmarks import harness
from testbed.services.postgres import Postgres

# isort: split
from hsi_core.aio.file_executor import FileExecutor
from hsi_core.aio.health_board import HealthBoard
from hsi_core.aio.publisher import Publisher
from hsi_core.domain.machine_clock import MachineClock
from hsi_core.domain.models import Camera
from hsi_core.domain.queries import EventQuery
from hsi_core.domain.settings import Settings
from hsi_core.files import camera_root
from hsi_core.stages.clean_up import CleanUp
from hsi_core.store import cameras, event_list, jobs
from hsi_core.store.database import Database
from hsi_core.store.engine import begin, connect
from hsi_core.store.outbox import Outbox

# Four images an event, each with a detection and a job; half of the rows are old enough to delete.
FILL = """
INSERT INTO hsi.events (id, camera, state, started_at, last_activity_at, ended_at, labels,
    image_count, best_confidence, assessment)
SELECT md5(n::text)::uuid, (ARRAY['front','yard','garage','gate'])[1 + n % 4], 'closed',
    t, t, t, '{{person}}', 4, 0.9, 'unassessed'
FROM generate_series(1, {events}) AS n, LATERAL (SELECT now() - interval '1 day' *
    (CASE WHEN n <= {events} / 2 THEN 60 ELSE 1 END) - n * interval '1 s' AS t) AS moment;
INSERT INTO hsi.images (camera, path, mtime_ns, size, sha256, captured_at, found_at, state,
    detected_at, event_id)
SELECT e.camera, e.camera || '/' || e.id || '-' || k, 1, 1, sha256(e.id::text::bytea),
    e.started_at, e.started_at, 'detected', e.started_at, e.id
FROM hsi.events e, generate_series(1, 4) AS k;
INSERT INTO hsi.detections SELECT id, 0, 'person', 0.9, 0, 0, 1, 1 FROM hsi.images;
INSERT INTO hsi.jobs (kind, state, camera, image_id, priority, happened_at)
SELECT 'detect', 'done', camera, id, 10, captured_at FROM hsi.images;
ANALYZE;
"""


async def measure(postgres: Postgres, url: str, images: int) -> dict[str, object]:
    """Delete half of the rows while the queries of Home Assistant and workers run."""
    engine = await connect(url, application_name="bench")
    try:
        async with begin(engine) as connection:
            await cameras.register(connection, [Camera(folder=c, name=c) for c in harness.CAMERAS])
        database_name = url.rsplit("/", 1)[-1]
        await asyncio.to_thread(
            postgres.execute, FILL.format(events=images * 2 // 4), database=database_name
        )
        settings = Settings()
        database = Database(engine, HealthBoard(Publisher()), settings, Outbox(Publisher()))
        with tempfile.TemporaryDirectory() as folder:
            for camera in harness.CAMERAS:
                (Path(folder) / camera).mkdir()
            async with begin(engine) as connection:
                files = FileExecutor(stall_limit=Settings().storage_timeout)
                root = await camera_root.register(connection, Path(folder), "bench", files)
            clean_up = CleanUp(
                database,
                HealthBoard(Publisher()),
                MachineClock(),
                root=root,
                files=files,
                settings=settings,
                now=lambda: datetime.now(UTC),
            )
            waits: list[float] = []
            quiet = [await _query(database) for _ in range(50)]
            running = asyncio.create_task(clean_up.delete_expired(dry_run=False))
            began = time.perf_counter()
            while not running.done():
                waits.append(await _query(database))
                await asyncio.sleep(0.01)
            took = time.perf_counter() - began
            report = await running
            files.close()
        return {
            "images_deleted": report.images,
            "events_deleted": report.events,
            "seconds": round(took, 1),
            "questions": len(waits),
            "alone_ms": harness.milliseconds(quiet),
            "meanwhile_ms": harness.milliseconds(waits),
        }
    finally:
        await engine.dispose()


async def _query(database: Database) -> float:
    """Run two usual queries under the lock that every image needs; return the seconds."""
    began = time.perf_counter()
    async with database.begin() as connection:
        await cameras.lock(connection, {"front"})
        await jobs.stats(connection)
        await event_list.find(connection, EventQuery(camera="front", limit=20))
    return time.perf_counter() - began


def main(arguments: Sequence[str]) -> int:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(prog="scripts/bench retention", description=__doc__)
    parser.add_argument(
        "--images", type=int, default=100_000, help="number to delete; as many stay"
    )
    parser.add_argument("--json", type=Path, help="where to write the figures")
    options = parser.parse_args(arguments)
    with Postgres() as postgres:
        figures = asyncio.run(measure(postgres, postgres.create_database(), options.images))
    harness.show(figures, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
