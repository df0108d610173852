"""New images are dated by what they state, by the clock of their camera and by their arrival."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import os
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.aio.file_executor import FileExecutor
from hsi_core.aio.health_board import HealthBoard
from hsi_core.aio.publisher import Publisher
from hsi_core.domain.found_file import FoundFile
from hsi_core.domain.machine_clock import MachineClock
from hsi_core.domain.models import Camera
from hsi_core.domain.settings import Settings
from hsi_core.files.camera_root import CameraRoot
from hsi_core.stages.image_dating import ImageDating
from hsi_core.store import cameras
from hsi_core.store.database import Database
from hsi_core.store.engine import begin
from hsi_core.store.outbox import Outbox

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass(slots=True)
class Cameras:
    """Folders, the clock of this machine, and workers that date images."""

    root: Path
    engine: AsyncEngine
    passed: float = 0.0  # seconds since noon
    ahead: timedelta = timedelta(0)  # of this machine's clock
    board: HealthBoard = field(default_factory=lambda: HealthBoard(Publisher()))

    @property
    def now(self) -> datetime:
        """The time by this machine's clock."""
        return NOON + timedelta(seconds=self.passed) + self.ahead

    async def worker(self) -> ImageDating:
        database = Database(self.engine, self.board, Settings(), Outbox(Publisher()))
        dating = ImageDating(
            database,
            self.board,
            root=CameraRoot(id=1, path=self.root, worker=uuid4()),
            files=FileExecutor(stall_limit=Settings().storage_timeout),
            time_zone=BERLIN,
            clock=MachineClock(lambda: self.now, awake=lambda: self.passed),
        )
        await dating.load()
        return dating

    def upload(
        self, states: datetime, *, camera: str = "front", closed: bool = True, age: float = 0.5
    ) -> FoundFile:
        """Write a file whose name states a time; it was written `age` seconds ago."""
        path = self.root / f"{camera}/{states.astimezone(BERLIN):%Y%m%d%H%M%S}.jpg"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"image")
        written = self.now.timestamp() - age
        os.utime(path, (written, written))
        return FoundFile(
            camera=camera,
            path=str(path.relative_to(self.root)),
            size=5,
            mtime_ns=path.stat().st_mtime_ns,
            arrived_at=self.now if closed else None,
        )


@pytest.fixture
async def house(tmp_path: Path, engine: AsyncEngine) -> Cameras:
    async with begin(engine) as connection:
        await cameras.register(
            connection, [Camera(folder=one, name=one) for one in ("front", "yard")]
        )
    return Cameras(root=tmp_path, engine=engine)


async def upload_live(
    house: Cameras, dating: ImageDating, offset: timedelta, seconds: list[float]
) -> list[timedelta]:
    """Upload images of a camera whose clock is ahead; return how old they are said to be."""
    ages = []
    for second in seconds:
        house.passed = second
        [new] = await dating.date([house.upload(house.now + offset)])
        await dating.store()
        ages.append(house.now - new.captured_at)
    return ages


async def test_the_clock_of_a_camera_is_learned_and_kept(house: Cameras) -> None:
    dating = await house.worker()
    ages = await upload_live(house, dating, -HOUR, [10, 20, 80, 90])
    assert all(timedelta(0) <= age < timedelta(seconds=3) for age in ages)
    assert house.board.health.clock_offsets == {"front": pytest.approx(-3600, abs=2)}

    # While this worker was stopped, an image arrived. The next one dates it by what is known.
    house.passed = 5000.0
    stopped = house.upload(NOON + timedelta(seconds=1000) - HOUR, closed=False, age=4000)
    house.board = HealthBoard(Publisher())
    dating = await house.worker()
    assert house.board.health.clock_offsets == {"front": pytest.approx(-3600, abs=2)}
    [new] = await dating.date([stopped])
    assert abs(new.captured_at - NOON) - timedelta(seconds=1000) < timedelta(seconds=2)


@pytest.mark.parametrize("closed", [True, False], ids=["closed", "found by a scan"])
async def test_an_image_of_now_is_of_now_whatever_it_states(house: Cameras, closed: bool) -> None:
    dating = await house.worker()
    for offset in (-HOUR, HOUR, -2 * HOUR, -timedelta(days=9000), timedelta(days=2)):
        house.passed += 1000
        [new] = await dating.date([house.upload(house.now + offset, closed=closed)])
        assert timedelta(0) <= house.now - new.captured_at < timedelta(seconds=3)


async def test_a_file_that_keeps_the_time_of_a_wrong_clock_is_of_now(house: Cameras) -> None:
    dating = await house.worker()
    [new] = await dating.date([house.upload(NOON - HOUR, age=3600)])
    assert house.now - new.captured_at < timedelta(seconds=3)


async def test_a_backlog_is_dated_as_it_was_taken(house: Cameras) -> None:
    dating = await house.worker()
    await upload_live(house, dating, timedelta(0), [10, 20, 30])
    house.passed = 8000.0
    waited = [NOON + timedelta(seconds=100 + 7 * n) for n in range(50)]
    new = await dating.date([house.upload(taken) for taken in waited])
    assert [one.captured_at for one in new] == waited
    assert house.board.health.clock_offsets == {"front": 0.0}


@pytest.mark.parametrize("ahead", [timedelta(days=60), -timedelta(days=60)], ids=["ahead", "back"])
async def test_a_jump_of_this_machines_clock_is_not_the_cameras(
    house: Cameras, ahead: timedelta
) -> None:
    dating = await house.worker()
    await upload_live(house, dating, timedelta(0), [10, 20, 30])
    taken = NOON + timedelta(seconds=100)
    house.passed, house.ahead = 101.0, ahead
    [during] = await dating.date([house.upload(taken)])
    house.passed, house.ahead = 103.0, timedelta(0)
    [after] = await dating.date([house.upload(taken)])
    assert after.captured_at == taken
    if ahead > timedelta(0):
        assert during.captured_at == taken
    assert during.captured_at <= house.now + max(ahead, timedelta(0))
    await upload_live(house, dating, timedelta(0), [3000, 3010, 3020])
    assert house.board.health.clock_offsets == {"front": 0.0}


async def test_cameras_have_clocks_of_their_own(house: Cameras) -> None:
    dating = await house.worker()
    for second in (10, 20, 30, 80):
        house.passed = second
        await dating.date([house.upload(house.now)])
        await dating.date([house.upload(house.now - HOUR, camera="yard")])
    assert house.board.health.clock_offsets == {
        "front": 0.0,
        "yard": pytest.approx(-3600, abs=2),
    }


@pytest.mark.parametrize("date", ["2026-03-29", "2026-10-25"], ids=["spring", "autumn"])
async def test_summer_time_of_the_home_is_no_wrong_clock(house: Cameras, date: str) -> None:
    """A camera that follows it writes local times; all hours of that night are uploaded."""
    start = datetime.fromisoformat(f"{date}T00:00:00Z") - timedelta(hours=1)
    house.ahead = start - NOON
    dating = await house.worker()
    for minute in range(0, 240, 10):
        house.passed = minute * 60.0
        taken = house.now - timedelta(seconds=2)
        [new] = await dating.date([house.upload(taken)])
        assert new.captured_at == taken
    assert house.board.health.clock_offsets == {"front": 0.0}


async def test_a_camera_without_summer_time_is_followed_at_once(house: Cameras) -> None:
    house.ahead = datetime(2026, 3, 28, 23, tzinfo=UTC) - NOON
    dating = await house.worker()
    change = datetime(2026, 3, 29, 1, tzinfo=UTC)
    for minute in range(0, 240, 10):
        house.passed = minute * 60.0
        behind = HOUR if house.now >= change else timedelta(0)
        [new] = await dating.date([house.upload(house.now - behind)])
        assert house.now - new.captured_at < timedelta(seconds=3)
    assert house.board.health.clock_offsets == {"front": pytest.approx(-3600, abs=2)}


async def test_an_unreadable_file_is_dated_by_its_modification_time(house: Cameras) -> None:
    dating = await house.worker()
    file = house.upload(NOON - HOUR)
    (house.root / file.path).unlink()
    [new] = await dating.date([file])
    assert abs(new.captured_at - NOON) < timedelta(seconds=1)


async def test_no_image_is_of_the_future(house: Cameras) -> None:
    dating = await house.worker()
    stated_ahead = house.upload(NOON + HOUR, closed=False, age=300)
    written_ahead = house.upload(NOON - HOUR, closed=False, age=-3 * 86_400)
    new = await dating.date([stated_ahead, written_ahead])
    assert abs(new[0].captured_at - NOON) == timedelta(seconds=300)
    assert new[1].captured_at == NOON - HOUR
