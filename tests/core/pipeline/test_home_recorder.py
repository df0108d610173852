"""An event keeps the home's state from its start, however late it is processed."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from testbed.fake_inference_server import OVERLOADED
from tests.core.pipeline.harness import SOON, House
from tests.core.pipeline.recorded_home import recorded

# isort: split
from hsi_core.aio.health_board import HealthBoard
from hsi_core.aio.publisher import Publisher
from hsi_core.domain.context import Home, HomeEventKind, HomeReport, Occupancy
from hsi_core.domain.machine_clock import MachineClock
from hsi_core.domain.settings import Settings
from hsi_core.domain.updates import EventPhase
from hsi_core.pipeline.home_recorder import HomeRecorder
from hsi_core.store import events, home_states
from hsi_core.store.database import Database
from hsi_core.store.engine import begin
from hsi_core.store.outbox import Outbox

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
AWAY = Home(armed=True, occupancy=Occupancy.AWAY)
BACK = Home(armed=False, occupancy=Occupancy.HOME)


def assessed_with(house: House) -> tuple[object, object]:
    """Return the alarm's state and the occupancy in the facts of the last assessment."""
    facts = house.server.assessed[-1]
    return facts["armed"], facts["occupancy"]


async def test_a_late_image_gets_the_home_state_of_its_capture_time(
    house: House, engine: AsyncEngine
) -> None:
    house.home = AWAY
    pipeline, journal = await house.run()
    then = await recorded(engine, AWAY)
    pipeline.note_home(BACK)
    await recorded(engine, BACK)

    house.upload("front/now.jpg", "person 0.95")
    await journal.event(EventPhase.EXPLAINED)
    assert assessed_with(house) == (False, "home")

    house.upload("yard/late.jpg", "person 0.95", at=then)
    await journal.event(EventPhase.EXPLAINED, count=2)
    assert assessed_with(house) == (True, "away")


async def test_a_late_assessment_uses_the_home_state_of_the_events_start(
    house: House, engine: AsyncEngine
) -> None:
    house.home = AWAY
    house.server.assess_fault = OVERLOADED
    pipeline, journal = await house.run()
    await recorded(engine, AWAY)
    house.upload("front/a.jpg", "person 0.95")
    await journal.event(EventPhase.DETECTED)

    pipeline.note_home(BACK)
    await recorded(engine, BACK)
    house.server.assess_fault = None

    await journal.event(EventPhase.EXPLAINED)
    assert assessed_with(house) == (True, "away")


async def test_the_home_state_is_unknown_for_times_without_a_recorder(
    house: House, engine: AsyncEngine
) -> None:
    house.home = AWAY
    pipeline, _ = await house.run(home_interval=0.05)
    then = await recorded(engine, AWAY, hold=0.0)  # an unchanged state is recorded as well
    await pipeline.stop()

    house.home = None  # a worker elsewhere, without the home's state
    _, journal = await house.run(home_hold=0.0)
    house.upload("front/then.jpg", "person 0.95", at=then)
    await journal.event(EventPhase.EXPLAINED)
    known = assessed_with(house)
    house.upload("yard/before.jpg", "person 0.95", age=3600)
    await journal.event(EventPhase.EXPLAINED, count=2)
    before = assessed_with(house)
    house.upload("yard/after.jpg", "person 0.95 #after")
    await journal.event(EventPhase.EXPLAINED, count=3)

    assert known == (True, "away")
    assert before == assessed_with(house) == (None, None)


async def test_a_report_of_the_home_is_recorded_with_its_time(
    house: House, engine: AsyncEngine
) -> None:
    """An open event counts it at its next judgement."""
    house.home = AWAY
    pipeline, journal = await house.run(event_idle=30.0)
    house.upload("front/a.jpg", "person 0.95 #a")
    event = await journal.event(EventPhase.DETECTED)
    before = datetime.now(UTC)
    pipeline.note_report(HomeReport(kind=HomeEventKind.UNLOCKED, name="Front door"))
    after = datetime.now(UTC)
    async with asyncio.timeout(SOON):
        while not await reports(engine):  # noqa: ASYNC110 - the database gives no signal
            await asyncio.sleep(0.02)
    house.upload("front/b.jpg", "person 0.95 #b")
    await journal.image("front/b.jpg")

    async with begin(engine) as connection:
        [found] = (await events.context_of(connection, event.id)).home_events
    assert before <= found.at <= after
    assert (found.kind, found.name, found.near) == (HomeEventKind.UNLOCKED, "Front door", True)


async def reports(engine: AsyncEngine) -> int:
    async with begin(engine) as connection:
        return await connection.scalar(text("SELECT count(*) FROM hsi.home_events")) or 0


class SetClock:
    """The clock of a machine, which the test sets."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.ahead = timedelta(0)

    @property
    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.passed) + self.ahead

    def machine_clock(self) -> MachineClock:
        return MachineClock(lambda: self.now, awake=lambda: self.passed)


async def state_at(engine: AsyncEngine, moment: datetime) -> Home:
    async with begin(engine) as connection:
        return await home_states.at(connection, moment, hold=timedelta(seconds=60))


@pytest.mark.parametrize(
    "ahead",
    [timedelta(hours=1), timedelta(days=60), timedelta(hours=-1), timedelta(days=-9000)],
    ids=["an hour", "60 days", "an hour behind", "reset to 2001"],
)
async def test_a_clock_that_was_wrong_for_a_while_does_not_hide_the_home_state(
    engine: AsyncEngine, ahead: timedelta
) -> None:
    """The recorded state of every moment is that of its time, once the clock is right again."""
    clock = SetClock()
    settings = Settings(home_interval=0.001)
    publisher = Publisher()
    database = Database(engine, HealthBoard(publisher), settings, Outbox(publisher))
    recorder = HomeRecorder(database, AWAY, settings=settings, clock=clock.machine_clock())
    recording = asyncio.create_task(recorder.record())

    async def until_recorded(home: Home) -> None:
        async with asyncio.timeout(SOON):
            while True:
                if await state_at(engine, clock.now) == home:
                    return
                await asyncio.sleep(0.001)

    try:
        await until_recorded(AWAY)
        clock.ahead = ahead
        clock.passed = 100.0
        await until_recorded(AWAY)
        recorder.note(BACK)
        await until_recorded(BACK)
        clock.ahead = timedelta(0)
        clock.passed = 200.0
        await until_recorded(BACK)
        recorder.note(AWAY)
        clock.passed = 300.0
        await until_recorded(AWAY)
        clock.passed = abs(ahead.total_seconds()) + 150.0  # what the clock showed before
        await until_recorded(AWAY)
    finally:
        recording.cancel()
        await asyncio.gather(recording, return_exceptions=True)

    assert await state_at(engine, NOON) == AWAY
    assert await state_at(engine, NOON + timedelta(seconds=300)) == AWAY
    assert await state_at(engine, clock.now) == AWAY
    assert await state_at(engine, NOON - timedelta(days=30)) == Home()  # between the two times
