"""A short run of scripts/test-faults, and tests that its invariants find violations."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
import os
from pathlib import Path
import subprocess
import sys

import asyncpg  # type: ignore[import-untyped]  # has no types
import pytest

from testbed.services.inference_server import InferenceServer
from testbed.services.postgres import Postgres
from tests.faults.invariants import check_invariants
from tests.faults.plan import SERVERS, CommitFault, FaultKind, Kind, make_plan
from tests.faults.run import prepare, real_servers, run_plan

SEED = 2995  # its plan has the required faults early on
SHORT_SEED = 16  # its plan has each of these kinds within the first five faults
SHORT_KINDS = (
    FaultKind.CANCELLED,
    FaultKind.FLOOD,
    FaultKind.HANGING_READS,
    FaultKind.RESTORE_DATABASE,
    FaultKind.UNREADABLE_ENTRIES,
)
_SHOW_PLAN = f"""
from tests.faults.plan import make_plan
print(make_plan({SEED}, images=50, seconds=60.0).fingerprint)
"""


@pytest.fixture(scope="module")
def inference() -> Iterator[Sequence[InferenceServer]]:
    with real_servers(SERVERS) as servers:
        yield servers


def test_no_image_is_lost_and_none_counts_twice(inference: Sequence[InferenceServer]) -> None:
    """Two workers share two servers, one of which is killed, among all other faults."""
    report = asyncio.run(run_plan(SEED, images=120, seconds=30.0, servers=inference))
    assert report.kept, report.as_text()
    assert report.faults[FaultKind.KILL_SERVER], report.as_text()
    assert min(report.requests) > 0, report.as_text()
    assert report.invariants.files >= 90
    assert report.faults.total() >= 8, report.as_text()


def test_no_image_is_lost_by_storage_a_flood_or_a_restored_database() -> None:
    report = asyncio.run(
        run_plan(SHORT_SEED, images=40, seconds=9.0, servers=(), kinds=SHORT_KINDS)
    )
    assert report.kept, report.as_text()
    assert report.faults[FaultKind.RESTORE_DATABASE], report.as_text()


def test_a_seed_makes_the_same_plan_again() -> None:
    assert make_plan(SEED, images=200, seconds=60.0) == make_plan(SEED, images=200, seconds=60.0)
    assert make_plan(SEED, images=200, seconds=60.0) != make_plan(12, images=200, seconds=60.0)


def test_a_plan_does_not_depend_on_the_process_that_makes_it() -> None:
    made = {
        subprocess.run(
            [sys.executable, "-c", _SHOW_PLAN],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert made == {make_plan(SEED, images=50, seconds=60.0).fingerprint}


def test_a_long_plan_has_every_kind_of_file_and_fault() -> None:
    plan = make_plan(SEED, images=400, seconds=120.0)
    assert {item.kind for item in plan.uploads} == set(Kind)
    faults = {fault.what for fault in plan.faults}
    assert {what for what in faults if isinstance(what, FaultKind)} == set(FaultKind)
    assert len([what for what in faults if isinstance(what, CommitFault)]) == 52


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with Postgres() as server:
        yield server


@pytest.fixture
async def database(postgres: Postgres) -> AsyncIterator[asyncpg.Connection]:
    """Return a database with one detected image in one event."""
    url = postgres.create_database()
    await prepare(url)
    connection = await asyncpg.connect(url)
    await connection.execute(
        """
        INSERT INTO hsi.events (id, camera, state, started_at, last_activity_at, ended_at, labels,
            image_count, best_confidence, assessment, risk_score, risk_level, highest_level,
            summary, reasoning, assessed_at, judged_images)
        VALUES (gen_random_uuid(), 'front', 'closed', 'epoch', 'epoch', 'epoch', '{person}',
            1, 0.9, 'assessed', 1, 'low', 'low', 'a', 'b', now(), 1);
        INSERT INTO hsi.images (camera, path, mtime_ns, size, sha256, captured_at, found_at, state,
            detected_at, event_id)
        SELECT 'front', 'front/a.jpg', 1, 1, sha256('a'), 'epoch', now(), 'detected', now(), id
        FROM hsi.events;
        INSERT INTO hsi.detections VALUES (1, 0, 'person', 0.9, 0, 0, 1, 1);
        INSERT INTO hsi.jobs (kind, state, camera, image_id, priority, happened_at)
        VALUES ('detect', 'done', 'front', 1, 0, 'epoch');
        """
    )
    yield connection
    await connection.close()
    postgres.drop(url)


async def test_a_consistent_database_is_accepted(
    database: asyncpg.Connection, tmp_path: Path
) -> None:
    invariants = await check_invariants(database, tmp_path, set(), set())
    assert invariants.kept, invariants


async def test_an_unregistered_file_is_lost(database: asyncpg.Connection, tmp_path: Path) -> None:
    file = tmp_path / "front.jpg"
    file.write_bytes(b"image")
    assert (await check_invariants(database, tmp_path, {file}, set())).lost == [
        "not registered: front.jpg"
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        "UPDATE hsi.images SET state = 'pending', detected_at = NULL",
        "DELETE FROM hsi.jobs",
        "UPDATE hsi.jobs SET state = 'pending'",
        "UPDATE hsi.jobs SET state = 'leased', lease_until = now()",
        """UPDATE hsi.jobs SET state = 'dead', failure = 'input', error_type = 'x', message = 'y',
           first_failed_at = now(), last_failed_at = now()""",
        "UPDATE hsi.events SET state = 'open', ended_at = NULL",
        "UPDATE hsi.events SET image_count = 2",
        "UPDATE hsi.events SET judged_images = 0",
        "UPDATE hsi.events SET risk_score = NULL, risk_level = NULL, highest_level = NULL",
        "UPDATE hsi.images SET event_id = NULL",
        "UPDATE hsi.events SET camera = 'yard'",
        "UPDATE hsi.images SET captured_at = now()",
        "INSERT INTO hsi.detections VALUES (1, 1, 'person', 0.9, 0, 0, 1, 1)",
        """INSERT INTO hsi.images (camera, path, mtime_ns, size, sha256, captured_at, found_at,
           state, detected_at) SELECT camera, 'front/b.jpg', mtime_ns, size, sha256, captured_at,
           found_at, state, detected_at FROM hsi.images;
           INSERT INTO hsi.jobs (kind, state, camera, image_id, priority, happened_at)
           VALUES ('detect', 'done', 'front', 2, 0, 'epoch')""",
    ],
)
async def test_violations_are_found(
    database: asyncpg.Connection, tmp_path: Path, wrong: str
) -> None:
    await database.execute(wrong)
    invariants = await check_invariants(database, tmp_path, set(), set())
    assert invariants.lost or invariants.duplicated or invariants.breaches
    assert not invariants.kept
