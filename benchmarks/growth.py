"""Time of the statements that grow with the database, after years: 10,000,000 images by default."""

import argparse
import asyncio
from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
import sys
import tempfile
import time

from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks import harness
from testbed.services.postgres import Postgres

# isort: split
from hsi_core.aio.file_executor import FileExecutor
from hsi_core.aio.health_board import HealthBoard
from hsi_core.aio.publisher import Publisher
from hsi_core.domain.models import Camera
from hsi_core.domain.settings import Settings
from hsi_core.files import camera_root
from hsi_core.files.camera_root import CameraRoot
from hsi_core.stages import expired_files
from hsi_core.stages.expired_files import ExpiredFiles
from hsi_core.stages.expired_records import ExpiredRecords
from hsi_core.store import cameras, clean_ups, jobs
from hsi_core.store.database import Database
from hsi_core.store.engine import begin, connect
from hsi_core.store.outbox import Outbox

NOW = datetime.now(UTC)
FILES = FileExecutor(stall_limit=Settings().storage_timeout)
YEARS = 5
# Images evenly over the years, none with an event, one in ten a dead letter; the files of all but
# the last 30 days have been deleted. Foreign keys are not checked, which would take most of the time.
IMAGES = """
SET session_replication_role = replica;
INSERT INTO hsi.images (camera, path, mtime_ns, size, captured_at, found_at, state, reason,
    detected_at, file_gone, root)
SELECT camera, camera || '/2026-11-30/' || n || '.jpg', n, 300000, t, t,
    CASE WHEN n % 10 = 0 THEN 'dead' ELSE 'detected' END, CASE WHEN n % 10 = 0 THEN 'broken' END,
    CASE WHEN n % 10 > 0 THEN t END, t < now() - interval '30 days', 1
FROM generate_series(1, {images}) AS n, LATERAL (SELECT
    (ARRAY['front','yard','garage','gate'])[1 + n % 4] AS camera,
    now() - ({images} - n) * interval '{years} years' / {images} AS t) AS values;
INSERT INTO hsi.jobs (kind, state, camera, image_id, priority, happened_at, failure, error_type,
    message, first_failed_at, last_failed_at)
SELECT 'detect', 'dead', camera, id, 10, captured_at, 'input', 'broken', 'broken', found_at, found_at
FROM hsi.images WHERE state = 'dead';
"""
# As many files that were never deleted.
FORGOTTEN = """
SET session_replication_role = replica;
INSERT INTO hsi.forgotten_files
SELECT camera, 'forgotten/' || path, mtime_ns, size, found_at, root FROM hsi.images;
"""
SIZES = """
SELECT string_agg(format('%s %s', relname, pg_total_relation_size(oid) / 1000000), ', ')
FROM pg_class WHERE oid IN ('hsi.images'::regclass, 'hsi.jobs'::regclass,
    'hsi.forgotten_files'::regclass)
"""


async def measure(postgres: Postgres, url: str, images: int) -> dict[str, object]:
    """Fill the tables; return the milliseconds of each part of a clean-up, and of the statistics."""
    engine = await connect(url, application_name="bench")
    try:
        with tempfile.TemporaryDirectory() as folder:
            for camera in harness.CAMERAS:
                (Path(folder) / camera).mkdir()
                (Path(folder) / camera / "other.jpg").touch()
            async with begin(engine) as connection:
                known = [Camera(folder=name, name=name) for name in harness.CAMERAS]
                await cameras.register(connection, known)
                root = await camera_root.register(connection, Path(folder), "bench", FILES)
            name = url.rsplit("/", 1)[-1]

            async def execute(sql: str) -> str:
                return await asyncio.to_thread(postgres.execute, sql, database=name)

            await execute(IMAGES.format(images=images, years=YEARS))
            await execute("VACUUM ANALYZE hsi.images, hsi.jobs")
            figures = await _nightly(engine, root)
            await execute("DROP INDEX hsi.images_files")
            figures["files_by_age_without_index_ms"] = await _timed(
                _files(engine, root, original_days=31.0).delete(NOW, dry_run=True)
            )
            await execute(FORGOTTEN)
            await execute("VACUUM ANALYZE hsi.forgotten_files")
            orphans = _files(engine, root).delete_orphans
            figures["forgotten_files_ms"] = await _timed(orphans(dry_run=True))
            expired_files.ORPHANS_A_RUN = images
            figures["all_forgotten_files_ms"] = await _timed(orphans(dry_run=True))
            return {"images": images, "megabytes": await execute(SIZES), **figures}
    finally:
        await engine.dispose()


async def _nightly(engine: AsyncEngine, root: CameraRoot) -> dict[str, float]:
    database = _database(engine)
    files = _files(engine, root, original_days=31.0)
    records = ExpiredRecords(database, files.still_present)
    first_day = NOW - timedelta(days=365 * YEARS - 1)
    return {
        "statistics_ms": await _timed(database.run_statement(jobs.stats)),
        "clock_ms": await _timed(database.run_statement(clean_ups.read_clock)),
        "count_due_ms": await _timed(records.count(first_day)),
        "count_images_ms": await _timed(records.count_stored()),
        "count_files_ms": await _timed(files.count_stored()),
        "files_by_age_ms": await _timed(files.delete(NOW, dry_run=True)),
    }


async def _timed(work: Awaitable[object]) -> float:
    began = time.perf_counter()
    await work
    return round((time.perf_counter() - began) * 1000, 1)


def _database(engine: AsyncEngine) -> Database:
    board = HealthBoard(Publisher())
    board.database_answered()
    return Database(engine, board, Settings(), Outbox(Publisher()))


def _files(engine: AsyncEngine, root: CameraRoot, *, original_days: float = 0.0) -> ExpiredFiles:
    settings = Settings(original_days=original_days)
    return ExpiredFiles(_database(engine), root=root, files=FILES, settings=settings)


def main(arguments: Sequence[str]) -> int:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(prog="scripts/bench growth", description=__doc__)
    parser.add_argument("--images", type=int, default=10_000_000, help="number of images")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    options = parser.parse_args(arguments)
    with Postgres() as postgres:
        figures = asyncio.run(measure(postgres, postgres.create_database(), options.images))
    harness.show(figures, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
