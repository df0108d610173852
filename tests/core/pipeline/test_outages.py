"""Outages of the server, the database and folders: no image is lost and no restart is needed."""

import asyncio
from itertools import pairwise
import logging
import os

from aiohttp import web
import pytest

from testbed.fake_inference_server import (
    NOT_READY,
    TOKEN,
    FakeInferenceServer,
    Fault,
    forbidden,
    hang_up,
)
from testbed.services.postgres import Postgres
from tests.core.logged import logged
from tests.core.pipeline.harness import NEVER, SOON, House, Journal
from tests.core.pipeline.sql import query

# isort: split
from hsi_core.domain.errors import CameraFolderMissingError, StoreError
from hsi_core.domain.models import ImageState, JobKind
from hsi_core.domain.queries import DeadLetterQuery
from hsi_core.domain.updates import HealthUpdate
from hsi_core.stages import register
from hsi_core.watch.deliveries import CAPACITY


def place(path: str, journal: Journal) -> int:
    """Return how many images were finished before this one."""
    return [image.path for image in journal.images].index(path)


async def test_an_unreachable_server_is_waited_for(
    house: House, server: FakeInferenceServer
) -> None:
    await server.stop()
    pipeline, journal = await house.run(breaker_recovery=NEVER)
    for number in range(8):
        house.upload(f"front/{number}.jpg", f"car 0.9 #{number}")
    down = await journal.health(lambda h: JobKind.DETECT in h.stages_paused)
    assert (down.server_reachable, down.server_error) == (False, "unreachable")
    assert down.database_reachable

    await server.start()
    states = {image.state for image in await journal.ended(8)}
    assert states == {ImageState.DETECTED}
    up = await journal.health(lambda h: bool(h.server_reachable) and not h.stages_paused)
    assert up.server_error is None
    assert up.server is not None
    assert (await pipeline.queries.list_dead_letters(DeadLetterQuery())).total == 0


@pytest.mark.parametrize("fault", [hang_up, forbidden])
async def test_a_server_that_answers_nothing_is_waited_for(
    house: House, server: FakeInferenceServer, fault: Fault
) -> None:
    server.detect_fault = fault
    pipeline, journal = await house.run(breaker_failures=20)
    for number in range(3):
        house.upload(f"front/{number}.jpg", f"car 0.9 #{number}")
    async with asyncio.timeout(SOON):
        while any(server.detected[b"car 0.9 #%d" % number] < 5 for number in range(3)):
            server.requested.clear()
            await server.requested.wait()
    server.detect_fault = None
    assert {image.state for image in await journal.ended(3)} == {ImageState.DETECTED}
    assert (await pipeline.queries.list_dead_letters(DeadLetterQuery())).total == 0


async def test_a_server_that_is_not_ready_is_waited_for(
    house: House, server: FakeInferenceServer
) -> None:
    server.detect_faults.extend([NOT_READY] * 7)
    _, journal = await house.run()
    house.upload("front/a.jpg")
    assert (await journal.image("front/a.jpg")).state is ImageState.DETECTED


async def test_a_rejected_token_costs_no_attempt_and_shows_in_the_health(
    house: House, server: FakeInferenceServer
) -> None:
    server.token = "changed"
    pipeline, journal = await house.run(max_attempts=1)
    house.upload("front/a.jpg")
    health = await journal.health(lambda h: h.server_error == "unauthorized")
    assert health.server_reachable is False
    await journal.health(lambda h: JobKind.DETECT in h.stages_paused)
    assert (await pipeline.queries.queue_stats()).depth == 1
    server.token = TOKEN
    assert (await journal.image("front/a.jpg")).state is ImageState.DETECTED


async def test_a_failing_proxy_opens_the_breaker_despite_health_polls(
    house: House, server: FakeInferenceServer
) -> None:
    server.detect_fault = lambda: web.Response(status=502)
    for number in range(20):
        house.upload(f"front/{number}.jpg", f"car 0.9 #{number}", age=60)
    pipeline, journal = await house.run(detect_concurrency=1, breaker_recovery=NEVER)
    await journal.depth(20)
    await journal.health(lambda h: JobKind.DETECT in h.stages_paused)
    asked = server.detected.total()
    for _ in range(3):
        assert JobKind.DETECT in (await pipeline.refresh_health()).stages_paused
    assert server.detected.total() == asked
    assert (await pipeline.queries.queue_stats()).depth == 20


async def test_a_refresh_polls_the_server_at_once(
    house: House, server: FakeInferenceServer
) -> None:
    pipeline, _ = await house.run(health_interval=3600.0)
    assert (await pipeline.refresh_health()).server_reachable
    await server.stop()
    assert (await pipeline.refresh_health()).server_error == "unreachable"


async def test_an_unreachable_database_is_waited_for(house: House) -> None:
    with Postgres() as own:
        house.database_url = own.create_database()
        pipeline, journal = await house.run()
        house.upload("front/before.jpg", "car 0.9 #1")
        await journal.image("front/before.jpg")

        own.kill()
        down = await journal.health(lambda h: not h.database_reachable)
        assert down.database_error == "database_unreachable"
        house.upload("front/while.jpg", "car 0.9 #2")
        with pytest.raises(StoreError):
            await pipeline.queries.queue_stats()

        own.start()
        assert (await journal.image("front/while.jpg")).state is ImageState.DETECTED
        up = await journal.health(lambda h: h.database_reachable)
        assert up.database_error is None
        assert (await pipeline.queries.queue_stats()).dead_total == 0
        # Before the database server ends.
        await pipeline.stop()


async def test_a_result_is_stored_after_an_outage_of_the_database(
    house: House, server: FakeInferenceServer
) -> None:
    with Postgres() as own:
        house.database_url = own.create_database()
        server.detect_gate.clear()
        pipeline, journal = await house.run(lease=20.0)
        house.upload("front/a.jpg")
        await server.requested.wait()
        own.kill()
        server.detect_gate.set()
        await journal.health(lambda h: not h.database_reachable)
        own.start()
        assert (await journal.image("front/a.jpg")).state is ImageState.DETECTED
        assert server.detected.total() == 1
        await pipeline.stop()


async def test_a_full_queue_leaves_images_in_their_folder(
    house: House, server: FakeInferenceServer
) -> None:
    server.detect_gate.clear()
    for number in range(12):
        house.upload(f"front/{number}.jpg", f"car 0.9 #{number}", age=60)
    pipeline, journal = await house.run(queue_limit=2, detect_concurrency=1)
    await server.requested.wait()
    house.upload("front/late.jpg", "car 0.9 #late")
    await journal.health(lambda h: h.queue_full)
    server.detect_gate.set()
    await journal.image("front/late.jpg")
    assert len(await journal.ended(13)) == 13
    assert (await pipeline.queries.queue_stats()).pending[JobKind.DETECT] == 0
    await journal.health(lambda h: not h.queue_full)


async def test_a_live_image_overtakes_the_backlog_of_a_full_queue(
    house: House, server: FakeInferenceServer
) -> None:
    server.detect_gate.clear()
    for number in range(30):
        house.upload(f"front/{number}.jpg", f"car 0.9 #{number}", age=3600)
    _, journal = await house.run(queue_limit=5, detect_concurrency=1)
    await journal.depth(6)
    await journal.health(lambda h: h.queue_full)
    house.upload("yard/now.jpg", "car 0.9 #now")
    await journal.depth(7)  # one running, five waiting, and it
    server.detect_gate.set()
    await journal.image("yard/now.jpg")
    assert place("yard/now.jpg", journal) <= 1  # the running one was first
    assert len(await journal.ended(31)) == 31


async def test_a_flood_of_one_camera_leaves_the_queue_to_the_others(
    house: House, server: FakeInferenceServer
) -> None:
    server.detect_gate.clear()
    _, journal = await house.run(queue_limit=20, detect_concurrency=1)
    for number in range(25):
        house.upload(f"front/{number}.jpg", f"car 0.9 #{number}")
    await journal.depth(23)  # one running, and the limit with its reserve
    await journal.health(lambda h: h.queue_full)
    house.upload("yard/now.jpg", "car 0.9 #now")
    await journal.depth(24)
    server.detect_gate.set()
    await journal.image("yard/now.jpg")
    assert place("yard/now.jpg", journal) <= 1  # the running one was first
    assert len(await journal.ended(26)) == 26


async def test_a_backlog_of_one_camera_does_not_come_before_that_of_another(
    house: House, server: FakeInferenceServer
) -> None:
    server.detect_gate.clear()
    for number in range(24):
        house.upload(f"front/{number}.jpg", f"car 0.9 #{number}", age=7200)
    _, journal = await house.run(queue_limit=8, detect_concurrency=1)
    await journal.depth(9)  # one running, and the limit
    await journal.health(lambda h: h.queue_full)
    for number in range(3):
        house.upload(f"yard/{number}.jpg", f"car 0.9 #yard {number}", age=3600)
    server.detect_gate.set()
    await journal.ended(27)
    assert max(place(f"yard/{number}.jpg", journal) for number in range(3)) < 20


async def test_a_backlog_is_resumed_before_the_queue_is_empty(
    house: House, server: FakeInferenceServer
) -> None:
    server.detect_gate.clear()
    count = 3 * CAPACITY  # more than the lanes can hold
    for number in range(count):
        (house.root / "front" / f"{number}.jpg").write_text(f"car 0.9 #{number}")
        os.utime(house.root / "front" / f"{number}.jpg", (1.7e9, 1.7e9))
    _, journal = await house.run(
        queue_limit=50, detect_concurrency=4, watch_retry=3600, rescan_interval=3600
    )
    await journal.health(lambda h: h.queue_full)
    server.detect_gate.set()
    assert len(await journal.ended(count)) == count


async def test_polling_finds_live_images_while_the_queue_is_full(
    house: House, server: FakeInferenceServer
) -> None:
    server.detect_gate.clear()
    for number in range(3 * CAPACITY):  # more than the lanes can hold
        (house.root / "front" / f"{number}.jpg").write_text(f"car 0.9 #{number}")
        os.utime(house.root / "front" / f"{number}.jpg", (1.7e9, 1.7e9))
    _, journal = await house.run(
        queue_limit=5, detect_concurrency=1, watch_polling=True, polling_interval=0.1
    )
    await journal.depth(6)
    await journal.health(lambda h: h.queue_full)
    house.upload("yard/now.jpg", "car 0.9 #now", age=1)
    await journal.depth(7)  # one running, five waiting, and it
    server.detect_gate.set()
    await journal.image("yard/now.jpg")
    assert place("yard/now.jpg", journal) <= 1  # the running one was first


async def test_an_image_that_cannot_be_registered_is_retried_and_logged_once(
    house: House, postgres: Postgres, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, register.__name__)
    postgres.execute(
        "CREATE FUNCTION hsi.refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'no'; END $$;"
        "CREATE TRIGGER refuse BEFORE INSERT ON hsi.images FOR EACH ROW "
        "WHEN (NEW.path = 'front/refused.jpg') EXECUTE FUNCTION hsi.refuse()",
        database="shared",
    )
    try:
        _, journal = await house.run(rescan_interval=0.2)
        house.upload("front/refused.jpg", "car 0.7")
        house.upload("front/other.jpg", "car 0.8")
        await journal.image("front/other.jpg")
        with logged(register.__name__, "still cannot be registered") as again:
            async with asyncio.timeout(SOON):
                await again.wait()
    finally:
        # In a thread: it waits for transactions that this event loop has to finish.
        await asyncio.to_thread(
            postgres.execute, "DROP FUNCTION hsi.refuse() CASCADE", database="shared"
        )
    assert (await journal.image("front/refused.jpg")).state is ImageState.DETECTED
    assert caplog.text.count("front/refused.jpg cannot be registered") == 1


async def test_images_on_an_unmounted_share_are_waited_for(house: House) -> None:
    house.server.detect_gate.clear()
    for number in range(9):
        house.upload(f"front/{number}.jpg", f"car 0.9 #{number}", age=60)
    pipeline, journal = await house.run(detect_concurrency=1)
    await journal.depth(9)
    away = house.root.with_name("away")
    house.root.rename(away)
    house.root.mkdir()
    house.server.detect_gate.set()
    await journal.health(lambda h: JobKind.DETECT in h.stages_paused)
    house.root.rmdir()
    away.rename(house.root)
    assert {image.state for image in await journal.ended(9)} == {ImageState.DETECTED}
    assert (await pipeline.queries.list_dead_letters(DeadLetterQuery())).total == 0


async def test_images_of_a_camera_whose_folder_is_away_are_waited_for(house: House) -> None:
    house.server.detect_gate.clear()
    for number in range(8):
        house.upload(f"front/{number}.jpg", f"car 0.9 #{number}", age=60)
    pipeline, journal = await house.run(detect_concurrency=1, breaker_failures=2)
    await journal.depth(8)
    front = house.root / "front"
    away = house.root.with_name("away")
    front.rename(away)
    house.server.detect_gate.set()
    await journal.health(lambda h: "front" in h.camera_errors)
    # Images of the other camera are processed meanwhile.
    house.upload("yard/a.jpg", "person 0.8")
    await journal.image("yard/a.jpg")
    assert not pipeline.health.stages_paused

    away.rename(front)
    assert {image.state for image in await journal.ended(9)} == {ImageState.DETECTED}
    assert (await pipeline.queries.list_dead_letters(DeadLetterQuery())).total == 0
    await journal.health(lambda h: not h.camera_errors)


async def test_images_of_a_folder_that_stays_away_become_dead_letters(house: House) -> None:
    pipeline, journal = await house.run(detect_concurrency=0)
    house.upload("front/a.jpg", "car 0.9", age=60)
    await journal.depth(1)
    await pipeline.stop()
    (house.root / "front/a.jpg").unlink()
    pipeline, journal = await house.run(away_limit=0.1, retry_max=0.2)
    assert (await journal.image("front/a.jpg")).state is ImageState.DEAD
    [letter] = (await pipeline.queries.list_dead_letters(DeadLetterQuery())).items
    assert letter.error_type == "file_gone"


async def test_the_wait_for_a_folder_begins_when_it_is_away(
    house: House, postgres: Postgres
) -> None:
    """An earlier failure of another kind does not count, nor an earlier absence."""
    pipeline, journal = await house.run(detect_concurrency=0)
    house.upload("front/a.jpg", "car 0.9", age=60)
    await journal.depth(1)
    await pipeline.stop()
    failed = (
        "UPDATE hsi.jobs SET failure = 'outage', error_type = 'unreachable', message = '',"
        " first_failed_at = now() - interval '3 days', last_failed_at = now()"
    )
    await asyncio.to_thread(postgres.execute, failed, database="shared")
    file, away = house.root / "front/a.jpg", house.root / "a.jpg"
    file.rename(away)
    pipeline, journal = await house.run(retry_max=0.2)
    async with asyncio.timeout(SOON):
        while not await asyncio.to_thread(  # noqa: ASYNC110 - no update for it
            query, postgres, house, "SELECT away_since FROM hsi.jobs"
        ):
            await asyncio.sleep(0.02)
    away.rename(file)
    assert (await journal.image("front/a.jpg")).state is ImageState.DETECTED


async def test_a_missing_root_is_refused_and_a_missing_camera_folder_reported(house: House) -> None:
    (house.root / "yard").rmdir()
    _, journal = await house.run()
    health = await journal.health(lambda h: "yard" in h.camera_errors)
    assert health.camera_errors == {"yard": "folder_missing"}
    (house.root / "yard").mkdir()
    house.upload("yard/a.jpg")
    assert (await journal.image("yard/a.jpg")).state is ImageState.DETECTED
    await journal.health(lambda h: not h.camera_errors)

    house.root = house.root / "nowhere"
    with pytest.raises(CameraFolderMissingError):
        await house.run()


async def test_the_health_is_published_only_when_it_changes(house: House) -> None:
    pipeline, journal = await house.run(health_interval=0.05)
    await journal.health(lambda h: bool(h.server_reachable))
    for number in range(5):
        await pipeline.refresh_health()
        house.upload(f"front/{number}.jpg", f"car 0.9 #{number}")
    await journal.ended(5)
    published = [update.health for update in journal.updates if isinstance(update, HealthUpdate)]
    assert all(before != after for before, after in pairwise(published))
    assert len(published) <= 3
