"""What is asked for every image finds its index, whatever the parameters are.

The plans are generic ones, as PostgreSQL makes them for statements that are prepared and run often.
"""

from collections.abc import Iterator

import pytest
from sqlalchemy import Executable
from sqlalchemy.dialects.postgresql import asyncpg

import testbed.core  # noqa: F401 - makes hsi_core importable
from testbed.postgres import Postgres
from tests.core.conftest import WIPE

# isort: split
from hsi_core.store import detected, events, images, jobs, leases

# A long history, and a backlog as after an outage; an event for every four images.
FILL = """
INSERT INTO hsi.cameras SELECT 'camera ' || n, 'Camera' FROM generate_series(0, 3) AS n;
INSERT INTO hsi.events (id, camera, state, started_at, last_activity_at, ended_at, labels,
    image_count, best_confidence, assessment)
SELECT md5(n::text)::uuid, 'camera ' || n % 4, 'closed', t, t, t, '{person}', 4, 0.9, 'unassessed'
FROM generate_series(1, 10000) AS n, LATERAL (SELECT now() - n * interval '1 minute' AS t) AS at;
INSERT INTO hsi.images (camera, path, mtime_ns, size, sha256, captured_at, found_at, state,
    detected_at, event_id)
SELECT e.camera, e.camera || '/' || e.id || '-' || k, 1, 1, sha256(k::text::bytea || e.id::text::bytea),
    e.started_at, e.started_at, 'detected', e.started_at, e.id
FROM hsi.events e, generate_series(1, 4) AS k;
INSERT INTO hsi.images (camera, path, mtime_ns, size, captured_at, found_at, state)
SELECT 'camera ' || n % 4, n::text, 1, 1, now(), now(), 'pending' FROM generate_series(1, 10000) AS n;
INSERT INTO hsi.detections SELECT id, 0, 'person', 0.9, 0, 0, 1, 1 FROM hsi.images
WHERE state = 'detected';
INSERT INTO hsi.jobs (kind, state, camera, image_id, priority, happened_at)
SELECT 'detect', CASE state WHEN 'pending' THEN 'pending' ELSE 'done' END, camera, id, 10, captured_at
FROM hsi.images;
ANALYZE hsi.cameras, hsi.events, hsi.images, hsi.detections, hsi.jobs;
"""


@pytest.fixture(scope="module")
def history(postgres: Postgres, shared_url: str) -> Iterator[Postgres]:
    postgres.execute(WIPE, database="shared")
    postgres.execute(FILL, database="shared")
    yield postgres
    postgres.execute(WIPE, database="shared")


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(leases._claim(1), id="claim"),
        pytest.param(leases._claim(64), id="claim many"),
        pytest.param(leases._FINISH, id="finish"),
        pytest.param(leases._RENEW, id="renew"),
        pytest.param(images._KNOWN, id="known"),
        pytest.param(images._DUPLICATES, id="duplicates"),
        pytest.param(events._AROUND, id="events around"),
        pytest.param(events._OPEN_LOCKED, id="open event"),
        pytest.param(events._GROW, id="grow"),
        pytest.param(jobs._WAITING_ASSESSMENTS, id="waiting assessments"),
        pytest.param(detected._KEEP, id="keep"),
    ],
)
def test_no_table_is_read_as_a_whole(history: Postgres, statement: Executable) -> None:
    compiled = statement.compile(dialect=asyncpg.dialect())  # type: ignore[attr-defined]  # each of them has it
    plan = history.execute(f"EXPLAIN (GENERIC_PLAN) {compiled}", database="shared")
    assert "Index" in plan
    for table in ("jobs", "images", "events", "detections"):
        assert f"Seq Scan on {table}" not in plan, plan
