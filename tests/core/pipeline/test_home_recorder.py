"""An event keeps the home's state from its start, however late it is processed."""

import asyncio
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from testbed.fake_inference_server import OVERLOADED
from tests.core.pipeline.harness import SOON, House

# isort: split
from hsi_core.domain.context import Home, Occupancy
from hsi_core.domain.updates import EventPhase
from hsi_core.store import home_states
from hsi_core.store.engine import begin

AWAY = Home(armed=True, occupancy=Occupancy.AWAY)
BACK = Home(armed=False, occupancy=Occupancy.HOME)


async def written(engine: AsyncEngine, home: Home, *, hold: float = 60.0) -> datetime:
    """Wait until the home is known to have said this at a moment; return the moment.

    Without a hold it is the moment of the call.
    """
    moment = datetime.now(UTC)
    async with asyncio.timeout(SOON):
        while True:
            async with begin(engine) as connection:
                said = await home_states.at(connection, moment, hold=timedelta(seconds=hold))
            if said == home:
                return moment
            await asyncio.sleep(0.02)
            if hold:
                moment = datetime.now(UTC)


def told(house: House) -> tuple[object, object]:
    """Return what the last assessment was told of alarm and residents."""
    facts = house.server.assessed[-1]
    return facts["armed"], facts["occupancy"]


async def test_a_late_image_gets_the_home_state_of_its_capture_time(
    house: House, engine: AsyncEngine
) -> None:
    house.home = AWAY
    pipeline, journal = await house.run()
    then = await written(engine, AWAY)
    pipeline.note_home(BACK)
    await written(engine, BACK)

    house.upload("front/now.jpg", "person 0.95")
    await journal.event(EventPhase.EXPLAINED)
    assert told(house) == (False, "home")

    house.upload("yard/late.jpg", "person 0.95", at=then)
    await journal.event(EventPhase.EXPLAINED, count=2)
    assert told(house) == (True, "away")


async def test_a_late_assessment_uses_the_home_state_of_the_events_start(
    house: House, engine: AsyncEngine
) -> None:
    house.home = AWAY
    house.server.assess_fault = OVERLOADED
    pipeline, journal = await house.run()
    await written(engine, AWAY)
    house.upload("front/a.jpg", "person 0.95")
    await journal.event(EventPhase.DETECTED)

    pipeline.note_home(BACK)
    await written(engine, BACK)
    house.server.assess_fault = None

    await journal.event(EventPhase.EXPLAINED)
    assert told(house) == (True, "away")


async def test_the_home_state_is_unknown_for_times_without_a_recorder(
    house: House, engine: AsyncEngine
) -> None:
    house.home = AWAY
    pipeline, _ = await house.run(home_interval=0.05)
    then = await written(engine, AWAY, hold=0.0)  # that nothing changed is written down, too
    await pipeline.stop()

    house.home = None  # a worker elsewhere, which the home tells nothing
    _, journal = await house.run(home_hold=0.0)
    house.upload("front/then.jpg", "person 0.95", at=then)
    await journal.event(EventPhase.EXPLAINED)
    known = told(house)
    house.upload("yard/before.jpg", "person 0.95", age=3600)
    await journal.event(EventPhase.EXPLAINED, count=2)
    before = told(house)
    house.upload("yard/after.jpg", "person 0.95")
    await journal.event(EventPhase.EXPLAINED, count=3)

    assert known == (True, "away")
    assert before == told(house) == (None, None)
