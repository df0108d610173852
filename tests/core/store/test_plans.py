"""Statements of every image, of lists and of counts use their index, whatever the parameters are.

The plans are generic ones, as PostgreSQL makes them for statements that are prepared and run often.
"""

from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.event import listen
from sqlalchemy.ext.asyncio import AsyncConnection

import testbed.core  # noqa: F401 - makes hsi_core importable
from testbed.services.postgres import Postgres
from tests.core.conftest import WIPE

# isort: split
from hsi_core.domain.found_file import FoundFile
from hsi_core.domain.inference import DetectResult
from hsi_core.domain.models import (
    AssessmentState,
    Box,
    Detection,
    EventState,
    FailureClass,
    Image,
    ImageState,
    JobKind,
    RiskLevel,
    SecurityEvent,
)
from hsi_core.domain.queries import DeadLetterQuery
from hsi_core.domain.updates import EventPhase
from hsi_core.store import (
    activity_counts,
    dead_letters,
    detections,
    events,
    evidence,
    home_states,
    image_names,
    images,
    jobs,
    leases,
    registration,
    replaced,
    retention,
    verdicts,
)
from hsi_core.store.dead_letters import DeadJob
from hsi_core.store.detections import DetectedImage
from hsi_core.store.engine import connect
from hsi_core.store.events import Grouped
from hsi_core.store.evidence import Reach
from hsi_core.store.leases import ClaimedJob
from hsi_core.store.registration import NewImage
from hsi_core.store.retention import KnownFile
from hsi_core.store.verdicts import StoredVerdict

NOW = datetime.now(UTC)

HOUR = timedelta(hours=1)
REACH = Reach(idle=HOUR, history=HOUR, history_images=120, others=HOUR, home=HOUR, longest=HOUR)
SHA256 = bytes(32)
FILE = FoundFile(camera="camera 1", path="1", size=1, mtime_ns=1)
IMAGE = Image(
    id=1,
    camera=FILE.camera,
    path=FILE.path,
    size=FILE.size,
    mtime_ns=FILE.mtime_ns,
    captured_at=NOW,
    found_at=NOW,
    state=ImageState.PENDING,
)
GONE = KnownFile(file=FILE, root=None, image_id=None, found_at=NOW)
JOB = ClaimedJob(
    id=1,
    kind=JobKind.DETECT,
    fence=0,
    camera=IMAGE.camera,
    image_id=IMAGE.id,
    event_id=None,
    attempts=0,
    crashes=0,
    requeues=0,
)
EVENT = SecurityEvent(
    id=UUID("c4ca4238-a0b9-2382-0dcc-509a6f75849b"),  # the first one
    camera="camera 1",
    state=EventState.CLOSED,
    started_at=NOW,
    last_activity_at=NOW,
    ended_at=NOW,
    labels=("person",),
    image_count=4,
    best_image_id=1,
    assessment=AssessmentState.UNASSESSED,
)
VERDICT = StoredVerdict(
    event_id=EVENT.id,
    provisional_score=60,
    llm_range=(60, 72),
    risk_score=60,
    risk_level=RiskLevel.HIGH,
    highest_level=RiskLevel.HIGH,
    factors=(),
    narrative="",
    judged_images=4,
    incident_id=EVENT.id,
    incident_level=RiskLevel.HIGH,
    elsewhere=(),
    home_events=(),
    phases=(EventPhase.DETECTED, EventPhase.CLOSED),
)
DETECTED = DetectedImage(
    image_id=IMAGE.id,
    camera=IMAGE.camera,
    sha256=SHA256,
    result=DetectResult(
        model="m",
        test_model=True,
        width=1,
        height=1,
        detections=(Detection(label="person", confidence=0.9, box=Box(x1=0, y1=0, x2=1, y2=1)),),
        timings_ms={},
    ),
    event_id=EVENT.id,
)

type Ask = Callable[[AsyncConnection], Awaitable[object]]

CUSTOM_PLANS = 5  # that PostgreSQL makes before it considers a generic one
PLANNED_AGAIN = f"SELECT statement FROM pg_prepared_statements WHERE custom_plans > {CUSTOM_PLANS}"

BACKLOG = 10_000  # images that wait, as after an outage; as many have died
# A history of {images} images, with an event for every four of them. Foreign keys are not checked,
# which would take most of the time.
FILL = """
SET session_replication_role = replica;
INSERT INTO hsi.cameras SELECT 'camera ' || n, 'Camera' FROM generate_series(0, 3) AS n;
INSERT INTO hsi.events (id, camera, state, started_at, last_activity_at, ended_at, labels,
    image_count, best_confidence, assessment)
SELECT md5(n::text)::uuid, 'camera ' || n % 4, 'closed', t, t, t, '{{person}}', 4, 0.9, 'unassessed'
FROM generate_series(1, {images} / 4) AS n,
    LATERAL (SELECT now() - n * interval '1 minute' AS t) AS at;
INSERT INTO hsi.images (camera, path, mtime_ns, size, sha256, captured_at, found_at, state, reason,
    detected_at, event_id)
SELECT 'camera ' || n / 4 % 4, n::text, 1, 1, sha256(n::text::bytea), t, t,
    CASE WHEN n <= {backlog} THEN 'pending' WHEN n <= 2 * {backlog} THEN 'dead' ELSE 'detected' END,
    CASE WHEN n > {backlog} AND n <= 2 * {backlog} THEN 'broken' END,
    CASE WHEN n > 2 * {backlog} THEN t END, md5((n / 4 + 1)::text)::uuid
FROM generate_series(1, {images}) AS n,
    LATERAL (SELECT now() - n * interval '15 s' AS t) AS at;
INSERT INTO hsi.detections SELECT id, 0, 'person', 0.9, 0, 0, 1, 1 FROM hsi.images
WHERE state = 'detected';
INSERT INTO hsi.jobs (kind, state, camera, image_id, priority, happened_at, failure, error_type,
    message, first_failed_at, last_failed_at, lease_until)
SELECT 'detect', CASE WHEN id <= 8 THEN 'leased' WHEN state = 'detected' THEN 'done' ELSE state END,
    camera, id, 10, captured_at, failure, failure, failure, failed_at, failed_at,
    CASE WHEN id <= 8 THEN now() END
FROM hsi.images, LATERAL (SELECT CASE state WHEN 'dead' THEN 'input' END AS failure,
    CASE state WHEN 'dead' THEN captured_at END AS failed_at) AS how;
INSERT INTO hsi.jobs (kind, state, camera, event_id, priority, happened_at)
VALUES ('assess', 'pending', 'camera 1', '{event}', 10, now());
SET session_replication_role = DEFAULT;
INSERT INTO hsi.home_states SELECT now() - n * interval '1 minute', now() - n * interval '1 minute',
    n % 2 = 0, 'home' FROM generate_series(1, 10000) AS n;
INSERT INTO hsi.home_events SELECT now() - n * interval '1 minute', 'unlocked', 'Door', '{{camera 1}}'
FROM generate_series(1, 10000) AS n;
INSERT INTO hsi.forgotten_files SELECT camera, 'forgotten ' || path, 1, 1, found_at FROM hsi.images
LIMIT 50000;
INSERT INTO hsi.camera_hours SELECT folder, date_trunc('hour', now()) - n * interval '1 hour', '{{}}'
FROM hsi.cameras, generate_series(1, 2000) AS n;
ANALYZE hsi.cameras, hsi.events, hsi.images, hsi.detections, hsi.jobs, hsi.home_states,
    hsi.home_events, hsi.camera_hours, hsi.forgotten_files;
"""


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(50_000, id="50,000 images"),
        pytest.param(1_000_000, id="1,000,000 images", marks=pytest.mark.slow),
    ],
)
def history(
    postgres: Postgres, shared_url: str, request: pytest.FixtureRequest
) -> Iterator[Postgres]:
    postgres.execute(WIPE, database="shared")
    postgres.execute(
        FILL.format(images=request.param, backlog=BACKLOG, event=EVENT.id), database="shared"
    )
    yield postgres
    postgres.execute(WIPE, database="shared")


def assert_uses_indices(postgres: Postgres, sql: str) -> None:
    plan = postgres.execute(f"EXPLAIN (GENERIC_PLAN) {sql}", database="shared")
    assert "Index" in plan or "One-Time Filter: false" in plan, plan
    tables = (
        "jobs",
        "images",
        "events",
        "detections",
        "home_states",
        "home_events",
        "camera_hours",
    )
    for table in (*tables, "forgotten_files"):
        assert f"Seq Scan on {table}" not in plan, plan


FOR_EVERY_IMAGE = [
    pytest.param(lambda c: leases.claim(c, JobKind.DETECT, lease=1.0), id="claim"),
    pytest.param(lambda c: leases.finish(c, [JOB]), id="finish"),
    pytest.param(lambda c: leases.renew(c, [JOB], lease=1.0), id="renew"),
    pytest.param(lambda c: registration.find_known(c, [FILE]), id="known files"),
    pytest.param(
        lambda c: registration.register(
            c, [NewImage(file=FILE, captured_at=NOW)], found_at=NOW, now=NOW
        ),
        id="register",
    ),
    pytest.param(
        lambda c: images.find_duplicates(c, [(IMAGE, SHA256)]),
        id="duplicates",
    ),
    pytest.param(
        lambda c: events.find_near(c, [("camera 1", NOW)], within=HOUR, longest=HOUR, ahead=HOUR),
        id="events near a moment",
    ),
    pytest.param(
        lambda c: events.update_grouped(c, [Grouped(event=EVENT, best_confidence=0.9)]),
        id="extend an event",
    ),
    pytest.param(lambda c: evidence.read(c, [EVENT], reach=REACH), id="evidence"),
    pytest.param(lambda c: verdicts.store(c, [VERDICT]), id="store a verdict"),
    pytest.param(lambda c: jobs.enqueue_assess(c, [EVENT], now=NOW), id="pending assessments"),
    pytest.param(lambda c: detections.insert(c, [DETECTED], now=NOW), id="insert detections"),
]
FOR_SOME = [  # images, and for lists and counts
    # PostgreSQL plans it once or not, depending on what ANALYZE has sampled.
    pytest.param(lambda c: leases.claim(c, JobKind.DETECT, lease=1.0, limit=64), id="claim many"),
    pytest.param(lambda c: replaced.supersede_dead(c, [IMAGE]), id="dead letters of a file"),
    pytest.param(lambda c: retention.mark_gone(c, [GONE]), id="forget a forgotten file"),
    pytest.param(lambda c: replaced.find_newer(c, IMAGE), id="newer version of a file"),
    pytest.param(lambda c: home_states.at(c, NOW, hold=HOUR), id="home at a moment"),
    pytest.param(lambda c: activity_counts.read(c, "camera 1", [NOW]), id="activity"),
    pytest.param(
        lambda c: activity_counts.count(c, [(NOW - HOUR, NOW)], silence=HOUR),
        id="count activity",
    ),
    pytest.param(lambda c: events.open_of(c, "camera 1"), id="open event of a camera"),
    pytest.param(image_names.newest_names, id="names of the newest images"),
    pytest.param(jobs.stats, id="stats"),
    pytest.param(lambda c: jobs.count_pending_detects(c, limit=10_000), id="waiting"),
    pytest.param(leases.find_expired, id="expired"),
    pytest.param(
        lambda c: images.any_pending(c, "camera 1", after=NOW, before=NOW, failing_for=HOUR),
        id="any waiting",
    ),
    pytest.param(lambda c: images.latest(c, "camera 1"), id="latest image"),
    pytest.param(events.all_open, id="open events"),
    pytest.param(lambda c: events.latest(c, "camera 1"), id="latest event"),
    pytest.param(
        lambda c: dead_letters.find(c, DeadLetterQuery(), requeue_limit=5), id="dead letters"
    ),
    pytest.param(
        lambda c: dead_letters.find(
            c,
            DeadLetterQuery(camera="camera 1", kind=JobKind.DETECT, failure=FailureClass.INPUT),
            requeue_limit=5,
        ),
        id="some dead letters",
    ),
    pytest.param(
        lambda c: dead_letters.select_ids(c, DeadLetterQuery(), [10_001]), id="dead letters by id"
    ),
    pytest.param(
        lambda c: dead_letters.select_next(
            c, DeadLetterQuery(), after=DeadJob(failed_at=NOW, id=10_001), limit=1000
        ),
        id="next dead letters",
    ),
    pytest.param(lambda c: dead_letters.requeue(c, [10_001, 10_002], limit=5), id="requeue"),
    pytest.param(lambda c: dead_letters.discard(c, [10_003]), id="discard"),
]


@pytest.mark.parametrize("ask", [*FOR_EVERY_IMAGE, *FOR_SOME])
async def test_statements_use_an_index(history: Postgres, shared_url: str, ask: Ask) -> None:
    asked: list[str] = []
    engine = await connect(shared_url, application_name="tests")
    try:
        listen(engine.sync_engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
        async with engine.connect() as connection:
            await ask(connection)
            await connection.rollback()  # the history stays as it is
    finally:
        await engine.dispose()
    assert asked
    for sql in asked:
        assert_uses_indices(history, sql)


@pytest.mark.parametrize("ask", FOR_EVERY_IMAGE)
@pytest.mark.usefixtures("history")
async def test_statements_of_every_image_are_planned_once(shared_url: str, ask: Ask) -> None:
    engine = await connect(shared_url, application_name="tests")
    try:
        async with engine.connect() as connection:
            for _ in range(CUSTOM_PLANS + 1):
                await ask(connection)
                await connection.rollback()
            assert (await connection.scalars(text(PLANNED_AGAIN))).all() == []
    finally:
        await engine.dispose()
