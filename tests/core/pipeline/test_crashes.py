"""Workers that are killed, stopped or run in parallel: every image is processed exactly once."""

import asyncio
import signal

import pytest

from testbed.fake_inference_server import FakeInferenceServer
from testbed.services.postgres import Postgres
from tests.core.pipeline.harness import NEVER, SOON, House
from tests.core.pipeline.sql import query
from tests.core.pipeline.worker_process import environ, start_worker, wait_for_end

# isort: split
from hsi_core.domain.models import FailureClass, ImageState
from hsi_core.domain.queries import DeadLetterQuery, EventQuery

EXPIRE = "update hsi.jobs set lease_until = now() where state='leased'"
LEASED = "select count(*) from hsi.jobs where state = 'leased'"


async def until_leased(
    postgres: Postgres, house: House, count: int, *, leased: int | None = None
) -> None:
    """Wait until the server has received `count` requests, whose jobs are leased meanwhile."""
    while house.server.detected.total() < count:
        house.server.requested.clear()
        await asyncio.wait_for(house.server.requested.wait(), SOON)
    found = query(postgres, house, LEASED)
    assert int(found) == (count if leased is None else leased)


async def until_registered(postgres: Postgres, house: House, count: int) -> None:
    """Wait until another process has registered `count` images."""
    found = "select count(*) from hsi.images"
    async with asyncio.timeout(SOON):
        while await asyncio.to_thread(query, postgres, house, found) != str(count):  # noqa: ASYNC110 - another process registers them
            await asyncio.sleep(0.05)


async def test_a_killed_worker_loses_nothing(
    house: House, server: FakeInferenceServer, postgres: Postgres
) -> None:
    for number in range(5):
        house.upload(f"front/{number}.jpg", f"person 0.8 #{number}", age=600 - number)
    server.detect_gate.clear()
    worker = await start_worker(**environ(house))
    await until_registered(postgres, house, 5)
    await until_leased(postgres, house, 2)
    worker.kill()
    await wait_for_end(worker)
    server.detect_gate.set()
    query(postgres, house, EXPIRE)

    pipeline, journal = await house.run(lease=4.0, event_idle=30.0)
    await journal.ended(5)
    assert {image.state for image in journal.images} == {ImageState.DETECTED}
    assert len({image.id for image in journal.images}) == 5
    assert query(postgres, house, "select sum(crashes) from hsi.jobs") == "2"
    assert query(postgres, house, "select count(*) from hsi.detections") == "5"
    assert (await pipeline.queries.list_dead_letters(DeadLetterQuery())).total == 0
    [event] = (await pipeline.queries.list_events(EventQuery())).items
    assert event.image_count == 5


async def test_a_stopped_worker_releases_its_jobs(
    house: House, server: FakeInferenceServer, postgres: Postgres
) -> None:
    for number in range(3):
        house.upload(f"front/{number}.jpg", f"person 0.8 #{number}")
    server.detect_gate.clear()
    worker = await start_worker(**environ(house), DRAIN_SECONDS="0")
    await until_registered(postgres, house, 3)
    await until_leased(postgres, house, 2)
    worker.send_signal(signal.SIGTERM)
    assert (await wait_for_end(worker))[0] == 0
    server.detect_gate.set()
    states = query(
        postgres, house, "select state, crashes, attempts, count(*) from hsi.jobs group by 1, 2, 3"
    )
    assert states == "pending|0|0|3"


async def test_a_stopped_worker_finishes_its_running_jobs_and_claims_no_more(
    house: House, server: FakeInferenceServer, postgres: Postgres
) -> None:
    for number in range(3):
        house.upload(f"front/{number}.jpg", f"car 0.8 #{number}")
    server.detect_gate.clear()
    worker = await start_worker(**environ(house))
    await until_registered(postgres, house, 3)
    await until_leased(postgres, house, 2)
    worker.send_signal(signal.SIGTERM)
    assert worker.stderr is not None
    async with asyncio.timeout(SOON):
        while b"stopping" not in await worker.stderr.readline():
            pass
    server.detect_gate.set()
    assert (await wait_for_end(worker))[0] == 0
    states = query(
        postgres,
        house,
        "select state, count(*) from hsi.jobs where kind = 'detect' group by 1 order by 1",
    )
    assert states.splitlines() == ["done|2", "pending|1"]
    assert server.detected.total() == 2


async def test_a_worker_without_required_settings_exits_with_an_error() -> None:
    worker = await start_worker(CAMERA_ROOT="/tmp")
    status, _ = await wait_for_end(worker)
    assert status == 2


async def test_a_job_that_kills_its_worker_every_time_becomes_a_dead_letter(
    house: House, server: FakeInferenceServer, postgres: Postgres
) -> None:
    house.upload("front/a.jpg")
    server.detect_gate.clear()
    pipeline, journal = await house.run(lease=30.0)
    await until_leased(postgres, house, 1)
    await pipeline.stop()
    # As if two workers had died on it in isolation, and a third just now.
    query(
        postgres,
        house,
        "update hsi.jobs set state='leased', crashes=2, lone_crashes=2, alone=true,"
        " lease_until=now() - interval '1 s'",
    )
    pipeline, journal = await house.run()
    image = await journal.image("front/a.jpg")
    assert image.state is ImageState.DEAD
    [letter] = (await pipeline.queries.list_dead_letters(DeadLetterQuery())).items
    assert (letter.failure, letter.crashes, letter.attempts) == (FailureClass.CRASH, 3, 0)
    server.detect_gate.set()
    await pipeline.dead_letters.requeue()
    await journal.until(lambda j: [i for i in j.images if i.state is ImageState.DETECTED])
    assert (
        query(postgres, house, "select crashes, requeues from hsi.jobs where kind='detect'")
        == "0|1"
    )


async def test_an_image_that_kills_every_worker_becomes_the_only_dead_letter(
    house: House, server: FakeInferenceServer, postgres: Postgres
) -> None:
    server.hang_on = b"poison"
    for number in range(6):
        content = "poison" if number == 2 else f"car 0.8 #{number}"
        house.upload(f"front/{number}.jpg", content, age=600 - number)
    # Reaps expired leases, and processes no job itself.
    watching, journal = await house.run(detect_concurrency=0, lease=1.0)
    deaths = 0
    while not (letters := (await watching.queries.list_dead_letters(DeadLetterQuery())).items):
        worker = await start_worker(**environ(house))
        async with asyncio.timeout(SOON):
            await server.hung.wait()
            worker.kill()
            await wait_for_end(worker)
            deaths += 1
            server.hung.clear()
            # In a thread: it may wait for a transaction of the watching pipeline.
            await asyncio.to_thread(query, postgres, house, EXPIRE)
            while await asyncio.to_thread(query, postgres, house, LEASED) != "0":  # noqa: ASYNC110 - a lease ends without a signal
                await asyncio.sleep(0.05)
    [letter] = letters
    assert (letter.failure, letter.crashes, deaths) == (FailureClass.CRASH, 4, 4)
    assert "4 times" in letter.message
    assert "3 of them while it processed no other job" in letter.message

    await house.run()
    ended = {image.path: image.state for image in await journal.ended(6)}
    assert ended.pop("front/2.jpg") is ImageState.DEAD
    assert set(ended.values()) == {ImageState.DETECTED}
    others = "select max(crashes) <= 1 from hsi.jobs where state = 'done'"
    assert query(postgres, house, others) == "t"


@pytest.mark.parametrize(("crashes", "state"), [(7, ImageState.DETECTED), (8, ImageState.DEAD)])
async def test_crashes_beside_other_jobs_weigh_far_less(
    house: House, server: FakeInferenceServer, postgres: Postgres, crashes: int, state: ImageState
) -> None:
    house.upload("front/a.jpg", "car 0.8")
    server.detect_gate.clear()
    first, _ = await house.run()
    await until_leased(postgres, house, 1)
    await first.stop()
    server.detect_gate.set()
    query(
        postgres,
        house,
        f"update hsi.jobs set state='leased', crashes={crashes}, lone_crashes=2, alone=false,"
        " lease_until=now() - interval '1 s'",
    )
    _, journal = await house.run(lease=4.0)
    assert (await journal.image("front/a.jpg")).state is state


async def quarantine(
    house: House, server: FakeInferenceServer, postgres: Postgres, which: str, count: int = 4
) -> int:
    """Queue images, some of which were leased when a worker died; return the requests so far."""
    server.detect_gate.clear()
    for number in range(count):
        house.upload(f"front/{number}.jpg", f"car 0.8 #{number}", age=600 - number)
    first, journal = await house.run(detect_concurrency=0)
    await journal.depth(count)
    await first.stop()
    query(
        postgres,
        house,
        "update hsi.jobs set crashes = 1 from hsi.images"
        f" where images.id = image_id and path in ({which})",
    )
    return server.detected.total()


async def test_quarantined_jobs_run_in_isolation_one_after_the_other(
    house: House, server: FakeInferenceServer, postgres: Postgres
) -> None:
    asked = await quarantine(house, server, postgres, "'front/0.jpg', 'front/1.jpg', 'front/2.jpg'")
    _, journal = await house.run(detect_concurrency=3, poll_interval=NEVER)
    await until_leased(postgres, house, asked + 1, leased=1)
    leased = "select crashes, alone from hsi.jobs where state = 'leased'"
    assert query(postgres, house, leased) == "1|t"
    server.detect_gate.set()
    # None of them waits for the next poll of the queue, which would come after an hour.
    assert {image.state for image in await journal.ended(4)} == {ImageState.DETECTED}


async def test_a_hanging_quarantined_job_does_not_hold_up_others_for_long(
    house: House, server: FakeInferenceServer, postgres: Postgres
) -> None:
    asked = await quarantine(house, server, postgres, "'front/0.jpg'", count=1)
    await house.run()
    await until_leased(postgres, house, asked + 1, leased=1)
    alone = "select count(*) from hsi.jobs where alone"
    assert query(postgres, house, alone) == "1"
    house.upload("yard/now.jpg", "car 0.8")
    await until_leased(postgres, house, asked + 2, leased=2)
    assert query(postgres, house, alone) == "0"
    server.detect_gate.set()


async def test_a_quarantined_job_does_not_wait_long_for_hanging_jobs(
    house: House, server: FakeInferenceServer, postgres: Postgres
) -> None:
    asked = await quarantine(house, server, postgres, "'front/1.jpg'")
    await house.run(detect_concurrency=4)
    await until_leased(postgres, house, asked + 3, leased=4)
    await until_leased(postgres, house, asked + 4)
    assert query(postgres, house, "select count(*) from hsi.jobs where alone") == "0"
    server.detect_gate.set()


async def test_a_lease_is_renewed_as_long_as_its_job_runs(
    house: House, server: FakeInferenceServer, postgres: Postgres
) -> None:
    server.detect_gate.clear()
    _, journal = await house.run(lease=4.0)
    house.upload("front/a.jpg")
    await until_leased(postgres, house, 1)
    _, other = await house.run(lease=4.0)

    async def until() -> str:
        # In a thread: the event loop has to renew the lease in time.
        return await asyncio.to_thread(
            query, postgres, house, "select lease_until from hsi.jobs where state = 'leased'"
        )

    # No other worker takes it over, for longer than one lease.
    for _ in range(3):
        before = await until()
        while await until() == before:  # noqa: ASYNC110 - a renewal gives no signal
            await asyncio.sleep(0.05)
    server.detect_gate.set()
    await journal.image("front/a.jpg")
    assert server.detected.total() == 1
    # The other pipeline is notified as well.
    assert (await other.image("front/a.jpg")).state is ImageState.DETECTED


async def test_a_worker_that_lost_its_lease_stores_nothing(
    house: House, server: FakeInferenceServer, postgres: Postgres
) -> None:
    server.detect_gate.clear()
    first, journal = await house.run(lease=30.0, detect_concurrency=1)
    house.upload("front/a.jpg", "person 0.8")
    await until_leased(postgres, house, 1)
    # Another worker has taken the job over.
    query(postgres, house, "update hsi.jobs set fence = fence + 1")
    server.detect_gate.set()
    house.upload("front/b.jpg", "car 0.9")
    await journal.image("front/b.jpg")
    assert [image.path for image in journal.images] == ["front/b.jpg"]
    assert (
        query(postgres, house, "select state from hsi.images where path='front/a.jpg'") == "pending"
    )
    assert (await first.queries.list_events(EventQuery())).total == 1


async def test_two_pipelines_process_each_image_once(house: House, postgres: Postgres) -> None:
    _, one = await house.run(detect_concurrency=3, queue_limit=1000)
    _, two = await house.run(detect_concurrency=3, queue_limit=1000)
    for number in range(30):
        camera = ("front", "yard")[number % 2]
        house.upload(f"{camera}/{number}.jpg", f"person 0.8 #{number}", age=30 - number)
    for journal in (one, two):
        ended = await journal.ended(30)
        assert len({image.id for image in ended}) == len(ended) == 30
    assert house.server.detected.total() == 30
    rows = "select count(*) from hsi.images union all select count(*) from hsi.jobs where kind='detect' union all select count(*) from hsi.detections"
    assert query(postgres, house, rows).split() == ["30", "30", "30"]
    grouped = "select sum(image_count) from hsi.events"
    assert query(postgres, house, grouped) == "30"
