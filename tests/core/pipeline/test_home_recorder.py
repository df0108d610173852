"""An event keeps the home's state from its start, however late it is processed."""

from sqlalchemy.ext.asyncio import AsyncEngine

from testbed.fake_inference_server import OVERLOADED
from tests.core.pipeline.harness import House
from tests.core.pipeline.recorded_home import recorded

# isort: split
from hsi_core.domain.context import Home, Occupancy
from hsi_core.domain.updates import EventPhase

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
    house.upload("yard/after.jpg", "person 0.95")
    await journal.event(EventPhase.EXPLAINED, count=3)

    assert known == (True, "away")
    assert before == assessed_with(house) == (None, None)
