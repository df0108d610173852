"""A clean-up that may delete too much waits: after a jump of the clock, and after a pause."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
import logging
import os
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.core.pipeline.harness import QUICK, SOON, House

# isort: split
from hsi_core.aio.file_executor import FileExecutor
from hsi_core.aio.health_board import HealthBoard
from hsi_core.aio.notifier import Notifier
from hsi_core.aio.publisher import Publisher
from hsi_core.cli.worker import main
from hsi_core.domain.errors import ClockDoubtedError
from hsi_core.domain.found_file import FoundFile
from hsi_core.domain.machine_clock import MachineClock
from hsi_core.domain.models import Camera, CleanupReport
from hsi_core.domain.settings import Settings
from hsi_core.files import camera_root
from hsi_core.stages import clean_up_schedule
from hsi_core.stages.clean_up import CleanUp
from hsi_core.stages.clean_up_schedule import CleanUpSchedule
from hsi_core.store import cameras, registration
from hsi_core.store.database import Database
from hsi_core.store.engine import begin
from hsi_core.store.outbox import Outbox
from hsi_core.store.registration import NewImage

DAY = timedelta(days=1)
SETTLED = "UPDATE hsi.images SET state = 'skipped', reason = 'duplicate'"
JOBS = "UPDATE hsi.jobs SET state = 'done'"


class Machine:
    """A machine with image files of the last days, whose clock may be set."""

    def __init__(self, engine: AsyncEngine, folder: Path) -> None:
        self.engine = engine
        self.folder = folder
        self.wrong_by = timedelta()
        self.board = HealthBoard(Publisher())
        self.files_executor = FileExecutor(stall_limit=SOON)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.wrong_by

    def started(self, **settings: float) -> CleanUp:
        """Return the clean-up of a process that starts now."""
        self.board = HealthBoard(Publisher())
        self.board.database_answered()
        return CleanUp(
            Database(self.engine, self.board, QUICK, Outbox(Publisher())),
            self.board,
            MachineClock(self.now),
            root=self.root,
            files=self.files_executor,
            settings=Settings(**settings),  # type: ignore[arg-type]  # numbers only
            now=self.now,
        )

    async def fill(self, ages: range) -> None:
        """Register an image of each age in days, all of them processed."""
        (self.folder / "front").mkdir(parents=True)
        new = {}
        for age in ages:
            file = self.folder / f"front/{age}.jpg"
            file.write_bytes(b"content")
            status = file.stat()
            found = FoundFile(
                camera="front",
                path=f"front/{age}.jpg",
                size=status.st_size,
                mtime_ns=status.st_mtime_ns,
            )
            new[age] = NewImage(file=found, captured_at=self.now() - age * DAY)
        async with begin(self.engine) as connection:
            await cameras.register(connection, [Camera(folder="front", name="Front")])
            self.root = await camera_root.register(
                connection, self.folder, "here", self.files_executor
            )
            for age, image in new.items():
                found_at = self.now() - (age + 0.5) * DAY
                await registration.register(
                    connection, [image], found_at=found_at, now=self.now(), root=self.root.id
                )
            await connection.exec_driver_sql(SETTLED)
            await connection.exec_driver_sql(JOBS)

    def files(self) -> int:
        return len(list(self.folder.rglob("*.jpg")))


@pytest.fixture
def machine(engine: AsyncEngine, tmp_path: Path) -> Iterator[Machine]:
    made = Machine(engine, tmp_path / "cameras")
    yield made
    made.files_executor.close()


async def test_originals_outlive_a_clock_that_is_ahead_for_a_moment(machine: Machine) -> None:
    await machine.fill(range(40))
    clean_up = machine.started(original_days=35.0, retention_days=0.0)
    machine.wrong_by = 60 * DAY
    assert await clean_up.delete_unless_doubted() is None
    assert await clean_up.delete_confirmed() is None
    with pytest.raises(ClockDoubtedError, match="60 days"):
        await clean_up.delete_expired(dry_run=False)
    told = await clean_up.delete_expired(dry_run=True)
    assert (told.files, told.doubt is None) == (40, False)
    waiting = machine.board.health.clean_up_waiting
    assert waiting is not None
    assert (waiting.files, waiting.stored_files) == (40, 40)
    assert not await clean_up.is_clock_doubt_over()
    assert machine.files() == 40

    # A confirmation that was given meanwhile covers no more than what is due by then.
    machine.wrong_by = timedelta()
    await clean_up.confirm()
    report = await clean_up.delete_confirmed()
    assert report == CleanupReport(files=5, file_bytes=5 * len(b"content"))
    assert machine.board.health.clean_up_waiting is None


async def test_a_clean_up_that_waits_for_the_clock_only_goes_on_once_it_is_right(
    machine: Machine,
) -> None:
    await machine.fill(range(40))
    clean_up = machine.started(original_days=35.0, retention_days=0.0)
    machine.wrong_by = timedelta(hours=6)
    assert await clean_up.delete_unless_doubted() is None
    machine.wrong_by = timedelta()
    assert await clean_up.is_clock_doubt_over()
    report = await clean_up.delete_unless_doubted()
    assert report is not None
    assert report.files == 5


async def test_images_found_while_the_clock_is_behind_do_not_count_as_old(house: House) -> None:
    wrong_by = [timedelta()]
    pipeline, journal = house.make(original_days=30.0, now=lambda: datetime.now(UTC) + wrong_by[0])
    await pipeline.start()
    wrong_by[0] = -60 * DAY
    house.upload("front/a.jpg", "tree 0.9", age=60 * 86_400)
    await journal.image("front/a.jpg")
    wrong_by[0] = timedelta()
    assert (await pipeline.cleanup.delete_expired(dry_run=False)).files == 0
    assert (house.root / "front/a.jpg").exists()


async def test_the_first_clean_up_after_a_long_pause_can_be_confirmed(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    await machine.fill(range(90, 120))
    clean_up = machine.started(original_days=30.0)
    told = await clean_up.delete_expired(dry_run=True)
    assert told.doubt is not None
    assert "no image was found" in told.doubt
    with caplog.at_level(logging.WARNING):
        assert await clean_up.delete_unless_doubted() is None
    assert "--confirm-clean-up" in caplog.text
    assert machine.files() == 30

    # It still waits after a restart.
    restarted = machine.started(original_days=30.0)
    assert await restarted.delete_confirmed() is None
    assert machine.board.health.clean_up_waiting is not None
    await restarted.confirm()
    assert await restarted.delete_confirmed() == told
    assert machine.files() == 0
    assert await restarted.delete_unless_doubted() == CleanupReport()


async def test_a_worker_confirms_by_its_command(
    machine: Machine, database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await machine.fill(range(90, 120))
    clean_up = machine.started(original_days=30.0)
    assert await clean_up.delete_unless_doubted() is None
    environ = {
        "DATABASE_URL": database_url,
        "CAMERA_ROOT": str(machine.folder),
        "INFERENCE_URL": "http://127.0.0.1:1",
    }
    with caplog.at_level(logging.INFO):
        assert await asyncio.to_thread(main, environ, ["--confirm-clean-up"]) == os.EX_OK
    assert "30 of 30 image files" in caplog.text
    report = await clean_up.delete_confirmed()
    assert report is not None
    assert report.files == 30
    with caplog.at_level(logging.INFO):
        assert await asyncio.to_thread(main, environ, ["--confirm-clean-up"]) == os.EX_OK
    assert "no clean-up waits" in caplog.text


class _Recorded(CleanUp):
    """A clean-up that only records when it runs."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.confirmed = Notifier()
        self.clock = now
        self.ran: list[datetime] = []
        self.looked = asyncio.Event()

    async def delete_unless_doubted(self) -> CleanupReport | None:
        self.ran.append(self.clock())
        return CleanupReport()

    async def delete_confirmed(self) -> CleanupReport | None:
        self.looked.set()
        return None

    async def is_clock_doubt_over(self) -> bool:
        return False


@pytest.mark.parametrize("wrong_by", [60 * DAY, -60 * DAY], ids=["ahead", "behind"])
async def test_a_clean_up_comes_in_the_night_after_the_clock_was_wrong(
    monkeypatch: pytest.MonkeyPatch, wrong_by: timedelta
) -> None:
    monkeypatch.setattr(clean_up_schedule, "CLOCK_CHECK", 0.01)
    moment = datetime(2026, 6, 10, 12, tzinfo=UTC)
    times = [moment]
    clean_up = _Recorded(lambda: times[-1])
    schedule = CleanUpSchedule(clean_up, hour=3, time_zone=ZoneInfo("UTC"), now=lambda: times[-1])

    running = asyncio.create_task(_forever(schedule.run_daily))
    try:
        for time in (moment, moment + wrong_by, moment + timedelta(hours=1)):
            times.append(time)
            await clean_up.looked.wait()  # at this time
            clean_up.looked.clear()
            await clean_up.looked.wait()
            clean_up.looked.clear()
        night = moment + timedelta(hours=15, minutes=1)
        times.append(night)
        async with asyncio.timeout(SOON):
            while night not in clean_up.ran:
                clean_up.looked.clear()
                await clean_up.looked.wait()
    finally:
        running.cancel()


async def _forever(work: Callable[[], Awaitable[None]]) -> None:
    await work()
