"""The cleanup deletes what is past its retention, daily or on request, and nothing else."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
import shutil
from zoneinfo import ZoneInfo

import asyncpg  # type: ignore[import-untyped]  # has no types
import pytest

from testbed.fake_inference_server import FakeInferenceServer
from testbed.services.postgres import Postgres
from tests.core.pipeline.harness import BERLIN, SOON, House, Journal

# isort: split
from hsi_core.domain.errors import PipelineStoppedError
from hsi_core.domain.models import Camera, CleanupReport, ImageState
from hsi_core.domain.queries import DeadLetterQuery, EventQuery
from hsi_core.domain.settings import Settings
from hsi_core.inference.client import InferenceClient
from hsi_core.pipeline.pipeline import APPLICATION_NAME, Pipeline, PipelineConfig
from hsi_core.stages.clean_up_schedule import next_time

UNSETTLED = """
    SELECT (SELECT count(*) FROM hsi.jobs WHERE state IN ('pending', 'leased'))
         + (SELECT count(*) FROM hsi.events WHERE state = 'open')"""
BLOCKED = "SELECT count(*) FROM pg_locks WHERE NOT granted"
CONNECTED = f"""
    SELECT count(*) FROM pg_stat_activity WHERE application_name = '{APPLICATION_NAME}'
    AND datname = current_database()"""
TABLES = ("events", "images", "detections", "jobs")


class Store:
    """Queries the database and ages its records."""

    def __init__(self, postgres: Postgres, house: House) -> None:
        self._postgres = postgres
        self._database = house.database_url.rsplit("/", 1)[-1]

    async def ask(self, sql: str) -> str:
        # In a thread: it may wait for transactions that this event loop has to finish.
        return await asyncio.to_thread(self._postgres.execute, sql, database=self._database)

    async def counts(self) -> dict[str, int]:
        return {table: int(await self.ask(f"SELECT count(*) FROM hsi.{table}")) for table in TABLES}

    async def age(self, days: float, where: str = "true") -> None:
        """Make images older, with their events."""
        by = f"interval '{days} days'"
        await self.ask(
            f"""UPDATE hsi.events SET started_at = started_at - {by}, ended_at = ended_at - {by},
            last_activity_at = last_activity_at - {by}
            WHERE id IN (SELECT event_id FROM hsi.images WHERE {where})"""
        )
        await self.ask(
            f"""UPDATE hsi.images SET found_at = found_at - {by}, captured_at = captured_at - {by}
            WHERE {where}"""
        )


@pytest.fixture
def store(postgres: Postgres, house: House) -> Store:
    return Store(postgres, house)


async def fill(house: House, journal: Journal, store: Store) -> None:
    """Create an event with three images, one of another camera, an empty image and a dead one."""
    for number in range(3):
        house.upload(f"front/{number}.jpg", f"person 0.95 #{number}", age=600 - number / 10)
    house.upload("yard/a.jpg", "car 0.9", age=600)
    house.upload("yard/empty.jpg", "tree 0.9", age=600)
    house.upload("yard/broken.jpg", "broken", age=600)
    await journal.ended(6)
    async with asyncio.timeout(SOON):
        while await store.ask(UNSETTLED) != "0":  # noqa: ASYNC110 - no update for the last job
            await asyncio.sleep(0.05)


async def test_a_dry_run_counts_what_the_run_then_deletes(house: House, store: Store) -> None:
    pipeline, journal = await house.run(event_idle=30.0)
    await fill(house, journal, store)
    await store.age(40, where="camera = 'front' OR path = 'yard/broken.jpg'")
    before = await store.counts()

    counted = await pipeline.cleanup.delete_expired(dry_run=True)
    assert await store.counts() == before
    assert (counted.events, counted.images, counted.detections) == (1, 4, 3)
    assert await pipeline.cleanup.delete_expired(dry_run=False) == counted

    after = await store.counts()
    for table in TABLES:
        assert before[table] - after[table] == getattr(counted, table), table
    assert [event.camera for event in (await pipeline.queries.list_events(EventQuery())).items] == [
        "yard"
    ]
    assert (await pipeline.queries.list_dead_letters(DeadLetterQuery())).total == 0
    assert await pipeline.cleanup.delete_expired(dry_run=False) == CleanupReport()


async def test_a_cleanup_interrupted_by_a_stop_raises_and_closes_its_connection(
    house: House, store: Store
) -> None:
    pipeline, journal = await house.run()
    await fill(house, journal, store)
    await store.age(40)
    before = await store.counts()
    blocker = await asyncpg.connect(house.database_url.replace("+asyncpg", ""))
    async with blocker.transaction():
        await blocker.execute("LOCK TABLE hsi.detections")
        cleanup = asyncio.create_task(pipeline.cleanup.delete_expired(dry_run=False))
        async with asyncio.timeout(SOON):
            while await store.ask(BLOCKED) == "0":  # noqa: ASYNC110 - PostgreSQL sends no signal
                await asyncio.sleep(0.05)
        await pipeline.stop()
        with pytest.raises(PipelineStoppedError):
            await cleanup
        async with asyncio.timeout(SOON):  # a backend ends a moment after its client
            while await store.ask(CONNECTED) != "0":  # noqa: ASYNC110 - PostgreSQL sends no signal
                await asyncio.sleep(0.05)
    await blocker.close()
    assert await store.counts() == before
    with pytest.raises(PipelineStoppedError):
        await pipeline.cleanup.delete_expired(dry_run=False)


async def test_an_event_that_an_image_is_joining_is_not_deleted(house: House, store: Store) -> None:
    pipeline, journal = await house.run(event_idle=30.0)
    await fill(house, journal, store)
    await store.age(40)
    joining = await asyncpg.connect(house.database_url.replace("+asyncpg", ""))
    async with joining.transaction():
        await joining.execute("SELECT FROM hsi.cameras WHERE folder = 'front' FOR NO KEY UPDATE")
        cleanup = asyncio.create_task(pipeline.cleanup.delete_expired(dry_run=False))
        async with asyncio.timeout(SOON):
            while await store.ask(BLOCKED) == "0":
                assert not cleanup.done()
                await asyncio.sleep(0.05)
        assert await store.ask("SELECT count(*) FROM hsi.events WHERE camera = 'front'") == "1"
    await joining.close()
    await cleanup
    assert await store.ask("SELECT count(*) FROM hsi.events") == "0"


async def test_recent_and_unfinished_records_stay(
    house: House, server: FakeInferenceServer, store: Store
) -> None:
    pipeline, journal = await house.run(event_idle=30.0)
    house.upload("front/open.jpg", "person 0.8")
    await journal.image("front/open.jpg")
    server.detect_gate.clear()
    server.requested.clear()
    house.upload("yard/waits.jpg", "car 0.9")
    await server.requested.wait()
    await store.ask("UPDATE hsi.images SET found_at = found_at - interval '40 days'")
    before = await store.counts()

    assert await pipeline.cleanup.delete_expired(dry_run=False) == CleanupReport()
    assert await store.counts() == before
    server.detect_gate.set()
    assert (await journal.image("yard/waits.jpg")).state is ImageState.DETECTED


async def test_an_event_is_deleted_once_its_youngest_image_is_old_enough(
    house: House, store: Store
) -> None:
    pipeline, journal = await house.run(event_idle=30.0)
    await fill(house, journal, store)
    await store.age(40, where="camera = 'front'")
    await store.ask("UPDATE hsi.images SET found_at = now() WHERE path = 'front/1.jpg'")

    assert await pipeline.cleanup.delete_expired(dry_run=False) == CleanupReport()
    await store.ask("UPDATE hsi.images SET found_at = now() - interval '31 days'")
    assert (
        await pipeline.cleanup.delete_expired(dry_run=False)
    ).images == 5  # the yard's event is too young


async def test_a_file_whose_record_was_deleted_is_not_registered_again(
    house: House, server: FakeInferenceServer, store: Store
) -> None:
    pipeline, journal = await house.run()
    await fill(house, journal, store)
    await store.age(40)
    assert (await pipeline.cleanup.delete_expired(dry_run=False)).images == 6
    await pipeline.stop()
    asked = server.detected.total()

    pipeline, journal = await house.run()
    house.upload("front/new.jpg", "person 0.95 #new")
    await journal.image("front/new.jpg")
    assert (await store.counts())["images"] == 1
    assert server.detected.total() == asked + 1

    # Another content under an old name is a new image.
    house.upload("front/0.jpg", "person 0.95 #other")
    await journal.image("front/0.jpg")

    (house.root / "front/1.jpg").unlink()
    for _ in range(2):  # the overwritten one and the deleted one
        assert await pipeline.cleanup.delete_expired(dry_run=True) == CleanupReport(orphans=2)
    assert await pipeline.cleanup.delete_expired(dry_run=False) == CleanupReport(orphans=2)
    assert await pipeline.cleanup.delete_expired(dry_run=True) == CleanupReport()


@pytest.mark.parametrize("mount_point_stays", [False, True])
async def test_files_of_a_missing_folder_do_not_count_as_deleted(
    house: House, store: Store, mount_point_stays: bool
) -> None:
    pipeline, journal = await house.run()
    await fill(house, journal, store)
    await store.age(40)
    away = house.root.parent / "away"
    shutil.move(house.root / "front", away)
    if mount_point_stays:
        (house.root / "front").mkdir()
    assert (await pipeline.cleanup.delete_expired(dry_run=False)).images == 6
    assert await pipeline.cleanup.delete_expired(dry_run=False) == CleanupReport()
    assert await store.ask("SELECT count(*) FROM hsi.forgotten_files WHERE camera = 'front'") == "3"
    if mount_point_stays:
        (house.root / "front").rmdir()
    shutil.move(away, house.root / "front")
    house.upload("yard/last.jpg", "car 0.9 #last")
    await journal.image("yard/last.jpg")
    assert (await store.counts())["images"] == 1


async def test_files_stay_unless_a_limit_is_set(house: House, store: Store) -> None:
    pipeline, journal = await house.run()
    await fill(house, journal, store)
    await store.age(4000)
    report = await pipeline.cleanup.delete_expired(dry_run=False)
    assert (report.files, report.file_bytes) == (0, 0)
    assert len(list(house.root.rglob("*.jpg"))) == 6


async def test_files_are_deleted_by_age(house: House, store: Store) -> None:
    pipeline, journal = await house.run(original_days=7.0)
    await fill(house, journal, store)
    await store.age(10, where="camera = 'front'")
    size = sum(path.stat().st_size for path in (house.root / "front").iterdir())

    counted = await pipeline.cleanup.delete_expired(dry_run=True)
    assert counted == CleanupReport(files=3, file_bytes=size)
    assert len(list(house.root.rglob("*.jpg"))) == 6
    assert await pipeline.cleanup.delete_expired(dry_run=False) == counted
    assert not list((house.root / "front").iterdir())
    assert len(list(house.root.rglob("*.jpg"))) == 3
    assert (await store.counts())["images"] == 6
    assert await pipeline.cleanup.delete_expired(dry_run=False) == CleanupReport()


async def test_the_oldest_files_are_deleted_by_total_size(house: House, store: Store) -> None:
    pipeline, journal = await house.run()
    await fill(house, journal, store)
    await store.age(40, where="camera = 'front'")
    await pipeline.cleanup.delete_expired(dry_run=False)
    await pipeline.stop()
    room = sum((house.root / path).stat().st_size for path in ("yard/a.jpg", "yard/empty.jpg"))

    house.upload("yard/last.jpg", "car 0.9 #last")
    pipeline, journal = await house.run(original_gigabytes=(room + 120) / 10**9)
    await journal.image("yard/last.jpg")
    await store.age(1, where="path = 'yard/broken.jpg'")
    house.upload("front/2.jpg", "person 0.95 #rewritten " + "x" * 80)
    await journal.image("front/2.jpg")

    counted = await pipeline.cleanup.delete_expired(dry_run=True)
    assert counted.files > 0
    assert await pipeline.cleanup.delete_expired(dry_run=False) == counted
    left = {path.relative_to(house.root).as_posix() for path in house.root.rglob("*.jpg")}
    assert left >= {"front/2.jpg", "yard/last.jpg"}  # the latest
    assert not left & {
        "front/0.jpg",
        "front/1.jpg",
    }  # the oldest, whose records are deleted already
    assert sum((house.root / path).stat().st_size for path in left) <= room + 120


async def test_a_link_out_of_the_root_is_never_followed(
    house: House, store: Store, tmp_path: Path
) -> None:
    pipeline, journal = await house.run(original_days=1.0)
    house.upload("front/a.jpg", "person 0.95", age=600)
    await journal.image("front/a.jpg")
    await store.age(10)
    precious = tmp_path / "precious"
    shutil.copytree(house.root / "front", precious, copy_function=shutil.copy2)
    shutil.rmtree(house.root / "front")
    (house.root / "front").symlink_to(precious)

    assert (await pipeline.cleanup.delete_expired(dry_run=False)).files == 0
    assert (precious / "a.jpg").exists()


async def test_the_cleanup_runs_daily_at_its_hour(house: House, store: Store) -> None:
    pipeline, journal = await house.run()
    await fill(house, journal, store)
    await pipeline.stop()
    await store.age(4000)
    started: list[datetime] = []  # the pipeline's clock stands still until then
    nearly = datetime(2026, 6, 10, 2, 59, 59, tzinfo=BERLIN)  # the clock is not put forward then
    config = PipelineConfig(
        database_url=house.database_url,
        camera_root=house.root,
        cameras=(Camera(folder="front", name="Front"), Camera(folder="yard", name="Yard")),
        settings=Settings(time_zone=BERLIN.key),
    )
    client = InferenceClient(house.session, house.server.url, None, settings=config.settings)

    def now() -> datetime:
        return nearly + (datetime.now(UTC) - started[0]) if started else nearly

    nightly = Pipeline(config, client, now=now)
    house.pipelines.append(nightly)
    await nightly.start()
    started.append(datetime.now(UTC))
    async with asyncio.timeout(SOON):
        while (await store.counts())["images"]:  # noqa: ASYNC110 - no update for a cleanup
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-06-10T02:59:59+02:00", "2026-06-10T01:00:00+00:00"),
        ("2026-06-10T03:00:00+02:00", "2026-06-11T01:00:00+00:00"),
        ("2026-06-10T23:30:00+00:00", "2026-06-11T01:00:00+00:00"),
        # The night the clock goes forward from two to three, and the one it goes back.
        ("2026-03-28T12:00:00+01:00", "2026-03-29T01:00:00+00:00"),
        ("2026-03-29T01:59:00+01:00", "2026-03-29T01:00:00+00:00"),
        ("2026-10-24T12:00:00+02:00", "2026-10-25T02:00:00+00:00"),
        ("2026-12-31T12:00:00+01:00", "2027-01-01T02:00:00+00:00"),
    ],
)
def test_the_next_time_of_an_hour(moment: str, expected: str) -> None:
    found = next_time(datetime.fromisoformat(moment), 3, ZoneInfo("Europe/Berlin"))
    assert found.astimezone(UTC) == datetime.fromisoformat(expected)
