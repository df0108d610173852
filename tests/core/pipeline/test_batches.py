"""Jobs that are renewed and stored in batches are still settled one by one."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Engine
from sqlalchemy.event import listen, remove

from testbed.fake_inference_server import OVERLOADED, FakeInferenceServer
from testbed.services.postgres import Postgres
from tests.core.pipeline.harness import NEVER, SOON, House
from tests.core.pipeline.log_watch import watch_log
from tests.core.pipeline.sql import query

# isort: split
from hsi_core.domain.models import FailureClass, ImageState, SkipReason
from hsi_core.domain.queries import DeadLetterQuery, EventQuery

MOST_STATEMENTS = 15  # including a claim that finds nothing more


async def wait_for_requests(server: FakeInferenceServer, count: int) -> None:
    """Wait until the server has received `count` requests, which it does not answer yet."""
    while server.detected.total() < count:
        server.requested.clear()
        await asyncio.wait_for(server.requested.wait(), SOON)


@pytest.fixture
async def refuse_odd(house: House, postgres: Postgres) -> AsyncIterator[None]:
    """Have PostgreSQL refuse a label as it refuses text that it cannot store."""
    query(
        postgres,
        house,
        "CREATE FUNCTION hsi.refuse_odd() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '22021'; END $$;"
        "CREATE TRIGGER refuse_odd BEFORE INSERT ON hsi.detections FOR EACH ROW "
        "WHEN (NEW.label = 'odd') EXECUTE FUNCTION hsi.refuse_odd()",
    )
    yield
    await asyncio.to_thread(query, postgres, house, "DROP FUNCTION hsi.refuse_odd CASCADE")


@pytest.mark.usefixtures("refuse_odd")
async def test_a_result_that_cannot_be_stored_fails_alone(
    house: House, server: FakeInferenceServer
) -> None:
    server.detect_gate.clear()
    for number in range(5):
        house.upload(f"front/{number}.jpg", f"person 0.8 #{number}", age=60 - number)
    house.upload("front/odd.jpg", "odd 0.8", age=50)
    pipeline, journal = await house.run(detect_concurrency=6, event_idle=30.0)
    await wait_for_requests(server, 6)
    server.detect_gate.set()
    ended = {image.path: image.state for image in await journal.ended(6)}
    assert ended.pop("front/odd.jpg") is ImageState.DEAD
    assert set(ended.values()) == {ImageState.DETECTED}
    [letter] = (await pipeline.queries.list_dead_letters(DeadLetterQuery())).items
    assert (letter.failure, letter.error_type) == (FailureClass.INPUT, "bad_text")
    assert "person" not in letter.message
    assert server.detected.total() == 6
    [event] = (await pipeline.queries.list_events(EventQuery())).items
    assert event.image_count == 5


async def test_the_same_content_processed_twice_at_once_is_stored_once(
    house: House, server: FakeInferenceServer
) -> None:
    server.detect_gate.clear()
    for number, age in enumerate((1000, 900, 500, 100)):
        house.upload(f"front/{number}.jpg", "person 0.8", age=age)
    house.upload("yard/0.jpg", "person 0.8", age=900)
    _, journal = await house.run(detect_concurrency=5)
    await wait_for_requests(server, 5)
    server.detect_gate.set()
    ended = {image.path: image.reason for image in await journal.ended(5)}
    duplicates = [path for path, reason in ended.items() if reason == SkipReason.DUPLICATE]
    assert sorted(duplicates) == ["front/1.jpg", "front/2.jpg", "front/3.jpg"]


async def test_an_image_that_joins_an_event_takes_few_statements(house: House) -> None:
    """Each of them delays the alarm, and there was one each for what others return as well."""
    _, journal = await house.run(poll_interval=SOON, event_idle=30.0)
    house.upload("front/0.jpg", "car 0.8")
    await journal.image("front/0.jpg")
    statements: list[str] = []

    def note(*call: object) -> None:
        if "count(" not in str(call[2]):  # the queue is counted besides
            statements.append(str(call[2]))

    listen(Engine, "before_cursor_execute", note)
    try:
        house.upload("front/1.jpg", "car 0.9")
        assert (await journal.image("front/1.jpg")).event_id is not None
    finally:
        remove(Engine, "before_cursor_execute", note)
    assert len(statements) <= MOST_STATEMENTS, "\n".join(each[:100] for each in statements)


async def test_a_trial_with_a_bad_image_closes_the_breaker(
    house: House, server: FakeInferenceServer
) -> None:
    # The breaker opens. Without a notification, the worker would wait for an hour.
    server.detect_faults.extend([OVERLOADED] * 5)
    for number in range(8):
        house.upload(f"front/{number}.jpg", f"broken {number}", age=60)
    _, journal = await house.run(breaker_recovery=NEVER)
    assert {image.state for image in await journal.ended(8)} == {ImageState.DEAD}


async def test_slow_jobs_do_not_hold_up_a_backlog(
    house: House, server: FakeInferenceServer
) -> None:
    for number in range(40):
        # The first two fail at once: that is less than a minimum batch.
        content = f"person 0.8 #{number}" if number >= 2 else ""
        house.upload(f"front/{number}.jpg", content, age=1000 - number)
    server.detect_gate.clear()
    await house.run(detect_concurrency=16)
    await wait_for_requests(server, 16)
    server.detect_gate.set()


async def test_a_failed_renewal_is_not_logged_as_a_lost_lease(
    house: House, server: FakeInferenceServer, postgres: Postgres
) -> None:
    refuse_renewals = (
        "CREATE FUNCTION hsi.refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'no'; END $$;"
        "CREATE TRIGGER refuse BEFORE UPDATE ON hsi.jobs FOR EACH ROW "
        "WHEN (OLD.state = 'leased' AND NEW.state = 'leased') EXECUTE FUNCTION hsi.refuse()"
    )
    permit_renewals = "DROP FUNCTION hsi.refuse() CASCADE"
    await asyncio.to_thread(query, postgres, house, refuse_renewals)
    try:
        with (
            watch_log("Leases could not be renewed") as failed,
            watch_log("lease was lost") as lost,
        ):
            server.detect_gate.clear()
            _, journal = await house.run(lease=8.0)
            house.upload("front/a.jpg")
            await asyncio.wait_for(failed.wait(), SOON)
            server.detect_gate.set()
            assert (await journal.image("front/a.jpg")).state is ImageState.DETECTED
    finally:
        # In a thread: it waits for transactions that this event loop has to finish.
        await asyncio.to_thread(query, postgres, house, permit_renewals)
    assert not lost.is_set()
    assert server.detected.total() == 1
