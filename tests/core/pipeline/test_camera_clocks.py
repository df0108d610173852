"""A camera whose clock is wrong: what it sees now is reported as of now."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.core.pipeline.harness import BERLIN, House

# isort: split
from hsi_core.domain.models import EventState
from hsi_core.domain.presence import PresenceClass
from hsi_core.domain.updates import EventPhase


@pytest.mark.parametrize("polling", [False, True], ids=["watched", "polled"])
@pytest.mark.parametrize(
    "offset",
    [timedelta(minutes=-61), timedelta(days=-9500), timedelta(minutes=61)],
    ids=["61 minutes behind", "reset to 2000", "61 minutes ahead"],
)
async def test_a_person_is_present_and_the_event_is_open(
    house: House, offset: timedelta, polling: bool
) -> None:
    pipeline, journal = await house.run(
        event_idle=30.0, watch_polling=polling, polling_interval=0.1
    )
    before = datetime.now(UTC)
    shown = (before + offset).astimezone(BERLIN)

    path = house.upload(f"front/{shown:%Y%m%d%H%M%S}.jpg", "person 0.95")

    image = await journal.image(path)
    assert before - timedelta(seconds=5) <= image.captured_at <= datetime.now(UTC)
    assert (await journal.event(EventPhase.DETECTED)).state is EventState.OPEN
    state = await pipeline.queries.camera_state("front")
    assert state.present_until[PresenceClass.PERSON] > datetime.now(UTC)
