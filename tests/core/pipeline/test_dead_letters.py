"""Failures: which are retried, which become dead letters, and what a user can do with these."""

import asyncio
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta, timezone

import pytest

from testbed.fake_inference_server import (
    FOREIGN_CLAIM,
    INTERNAL,
    INVALID_OUTPUT,
    NO_ASSESSOR,
    OVERLOADED,
    FakeInferenceServer,
    Fault,
    forbidden,
    hang_up,
    not_json,
    problem,
)
from testbed.services.postgres import Postgres
from tests.core.pipeline.harness import NOON_HERE, House

# isort: split
from hsi_core.domain.errors import InputError
from hsi_core.domain.models import AssessmentState, FailureClass, ImageState, JobKind, RequeueReport
from hsi_core.domain.queries import DeadLetterQuery, EventQuery
from hsi_core.domain.updates import EventPhase

ALL = DeadLetterQuery()


def make_dead(postgres: Postgres, count: int) -> None:
    """Insert dead letters with the ids 1 to count."""
    postgres.execute(
        f"""
        WITH found AS (
            INSERT INTO hsi.images
                (camera, path, mtime_ns, size, captured_at, found_at, state, reason)
            SELECT 'front', 'front/' || n || '.jpg', n, 1, now(), now(), 'dead', 'gone'
            FROM generate_series(1, {count}) n RETURNING id
        )
        INSERT INTO hsi.jobs (kind, state, camera, image_id, priority, happened_at,
            failure, error_type, message, first_failed_at, last_failed_at)
        SELECT 'detect', 'dead', 'front', id, 0, now(), 'input', 'x', 'x', now(), now() FROM found
        """,
        database="shared",
    )


@pytest.mark.parametrize("answer", [INTERNAL, not_json], ids=["500", "garbage"])
async def test_an_unknown_failure_is_retried_up_to_three_attempts(
    house: House, server: FakeInferenceServer, answer: Fault
) -> None:
    server.detect_fault = answer
    pipeline, journal = await house.run()
    house.upload("front/a.jpg")
    assert (await journal.image("front/a.jpg")).state is ImageState.DEAD
    [letter] = (await pipeline.queries.list_dead_letters(ALL)).items
    assert (letter.failure, letter.attempts) == (FailureClass.UNKNOWN, 3)
    assert letter.first_failed_at < letter.last_failed_at
    assert server.detected.total() == 3


@pytest.mark.parametrize("answer", [forbidden, hang_up], ids=["403", "closed"])
async def test_an_image_that_only_a_firewall_or_crash_stops_becomes_a_dead_letter(
    house: House, server: FakeInferenceServer, answer: Fault
) -> None:
    server.image_faults[b"person 0.95 #it"] = answer
    pipeline, journal = await house.run()
    house.upload("front/it.jpg", "person 0.95 #it")
    number = 0
    while not any(image.path == "front/it.jpg" for image in journal.images):
        number += 1
        house.upload(f"yard/{number}.jpg", f"car 0.9 #{number}")
        await journal.image(f"yard/{number}.jpg")
    assert (await journal.image("front/it.jpg")).state is ImageState.DEAD
    [letter] = (await pipeline.queries.list_dead_letters(ALL)).items
    assert (letter.failure, letter.error_type) == (FailureClass.UNKNOWN, "input_unserved")
    assert letter.attempts == 3


async def test_characters_that_postgresql_cannot_store_are_removed_from_messages(
    house: House, server: FakeInferenceServer
) -> None:
    server.detect_fault = problem(422, "bad\0\ud800picture", retryable=False)
    pipeline, journal = await house.run()
    house.upload("front/a.jpg")
    image = await journal.image("front/a.jpg")
    assert (image.state, image.reason) == (ImageState.DEAD, "The server reports bad  picture.")
    [letter] = (await pipeline.queries.list_dead_letters(ALL)).items
    assert (letter.failure, letter.error_type) == (FailureClass.INPUT, "bad  picture")
    assert server.detected.total() == 1


async def test_a_passing_failure_leaves_no_trace(house: House, server: FakeInferenceServer) -> None:
    server.detect_faults.extend([INTERNAL, not_json])
    pipeline, journal = await house.run()
    house.upload("front/a.jpg")
    assert (await journal.image("front/a.jpg")).state is ImageState.DETECTED
    assert (await pipeline.queries.list_dead_letters(ALL)).total == 0


async def test_a_full_server_costs_no_attempt(house: House, server: FakeInferenceServer) -> None:
    server.detect_faults.extend([OVERLOADED] * 8)
    _, journal = await house.run()
    house.upload("front/a.jpg")
    assert (await journal.image("front/a.jpg")).state is ImageState.DETECTED
    assert server.detected.total() == 9


async def test_a_requeued_image_is_processed_again(
    house: House, server: FakeInferenceServer
) -> None:
    server.detect_fault = INTERNAL
    pipeline, journal = await house.run()
    house.upload("front/a.jpg")
    await journal.image("front/a.jpg")
    server.detect_fault = None
    assert await pipeline.dead_letters.requeue() == RequeueReport(requeued=1)
    await journal.until(lambda j: [i for i in j.images if i.state is ImageState.DETECTED])
    assert (await pipeline.queries.list_dead_letters(ALL)).total == 0
    assert await pipeline.dead_letters.requeue() == RequeueReport(requeued=0)


async def test_an_unassessed_event_gets_a_late_assessment(
    house: House, server: FakeInferenceServer
) -> None:
    server.assess_fault = INVALID_OUTPUT
    pipeline, journal = await house.run()
    house.upload("front/a.jpg", "person 0.8", age=600)
    unassessed = await journal.unassessed()
    assert unassessed.assessment is AssessmentState.UNASSESSED
    assert unassessed.risk_score == sum(each.points for each in unassessed.factors)
    assert (unassessed.summary, unassessed.assessor) == (None, "rules")
    [letter] = (await pipeline.queries.list_dead_letters(ALL)).items
    assert (letter.kind, letter.event_id) == (JobKind.ASSESS, unassessed.id)
    assert letter.image_path is None

    server.assess_fault = None
    assert (await pipeline.dead_letters.requeue(job_ids=[letter.job_id])).requeued == 1
    late = await journal.event(EventPhase.EXPLAINED)
    assert (late.id, late.assessment, late.late) == (
        unassessed.id,
        AssessmentState.ASSESSED,
        True,
    )


async def test_a_retry_tells_the_model_about_its_invented_claim(
    house: House, server: FakeInferenceServer
) -> None:
    server.assess_faults.append(FOREIGN_CLAIM)
    pipeline, journal = await house.run()
    house.upload("front/a.jpg", "person 0.8", age=600)

    await journal.event(EventPhase.EXPLAINED)

    assert [asked["earlier_problem"] for asked in server.assessed] == [
        None,
        "assessor_foreign_claim",
    ]
    assert not pipeline.health.stages_paused


async def test_a_model_that_repeats_invented_claims_leaves_events_unassessed_and_stages_running(
    house: House, server: FakeInferenceServer
) -> None:
    server.assess_fault = FOREIGN_CLAIM
    pipeline, journal = await house.run()
    for number in range(3):  # more failures in a row than open the breaker
        house.upload(f"front/{number}.jpg", f"person 0.8{number}", age=600 + 300 * number)

    await journal.unassessed(count=3)

    letters = (await pipeline.queries.list_dead_letters(ALL)).items
    assert {each.error_type for each in letters} == {"assessor_foreign_claim"}
    assert {each.attempts for each in letters} == {
        2
    }  # after one retry with a hint, the model would repeat it forever
    assert not pipeline.health.stages_paused


async def test_without_a_language_model_events_stay_unassessed_without_a_failure(
    house: House, server: FakeInferenceServer
) -> None:
    server.assess_fault = NO_ASSESSOR
    pipeline, journal = await house.run(time_zone=NOON_HERE.key)
    house.upload("front/a.jpg", "person 0.8", age=600)
    event = await journal.unassessed()
    assert event.assessment is AssessmentState.UNASSESSED
    assert event.risk_score == event.provisional_score
    await journal.depth(0)
    assert (await pipeline.queries.list_dead_letters(ALL)).total == 0
    assert len(server.assessed) == 1


async def test_a_requeue_is_counted(house: House, server: FakeInferenceServer) -> None:
    pipeline, journal = await house.run()
    house.upload("front/a.jpg", "broken 1")
    await journal.ended(1)
    await pipeline.dead_letters.requeue(query=DeadLetterQuery(camera="front"))
    await journal.ended(2)
    [letter] = (await pipeline.queries.list_dead_letters(ALL)).items
    assert letter.requeues == 1
    assert server.detected.total() == 2


async def test_requeues_are_limited(house: House, server: FakeInferenceServer) -> None:
    pipeline, journal = await house.run(requeue_limit=2)
    house.upload("front/a.jpg", "broken 1")
    for time in (1, 2):
        await journal.ended(time)
        [letter] = (await pipeline.queries.list_dead_letters(ALL)).items
        assert letter.refusal is None
        assert (await pipeline.dead_letters.requeue()).requeued == 1
    await journal.ended(3)
    house.upload("front/b.jpg", "broken 2")
    await journal.ended(4)
    report = await pipeline.dead_letters.requeue()
    assert (report.requeued, report.refused) == (1, 1)
    assert report.refusal is not None
    assert "2 times" in report.refusal
    await journal.ended(5)
    letters = {
        each.image_path: each for each in (await pipeline.queries.list_dead_letters(ALL)).items
    }
    assert letters["front/a.jpg"].refusal == report.refusal
    assert letters["front/b.jpg"].refusal is None
    assert server.detected == {b"broken 1": 3, b"broken 2": 2}
    assert await pipeline.dead_letters.discard() == 2


async def test_concurrent_requeues_and_discards_do_not_deadlock(
    house: House, postgres: Postgres
) -> None:
    pipeline, _ = await house.run(detect_concurrency=0)
    make_dead(postgres, 400)
    ids = list(range(1, 401))
    choices = (ids, ids[::-1], ids[::2] + ids[1::2], ids[200:] + ids[:200])
    discards = asyncio.gather(*(pipeline.dead_letters.discard(job_ids=ids) for ids in choices))
    requeues = asyncio.gather(*(pipeline.dead_letters.requeue(job_ids=ids) for ids in choices))
    discarded, reports = await asyncio.gather(discards, requeues)
    assert sum(discarded) + sum(report.requeued for report in reports) == 400
    assert (await pipeline.queries.list_dead_letters(ALL)).total == 0


async def test_a_discarded_dead_letter_is_gone_and_its_image_keeps_the_reason(house: House) -> None:
    pipeline, journal = await house.run()
    house.upload("front/a.jpg", "broken 1")
    image = await journal.image("front/a.jpg")
    assert await pipeline.dead_letters.discard() == 1
    assert (await pipeline.queries.list_dead_letters(ALL)).total == 0
    assert (await pipeline.queries.queue_stats()).dead_total == 0
    assert (await pipeline.queries.read_image(image.id)).image == image


async def test_dead_letters_are_filtered_by_camera_kind_and_failure(house: House) -> None:
    pipeline, journal = await house.run()
    house.upload("front/a.jpg", "broken 1")
    house.upload("yard/b.jpg", "broken 2")
    await journal.ended(2)

    async def total(**wanted: object) -> int:
        query = DeadLetterQuery(**wanted)  # type: ignore[arg-type]  # names of its fields
        return (await pipeline.queries.list_dead_letters(query)).total

    assert await total() == 2
    assert await total(camera="yard") == 1
    assert await total(kind=JobKind.ASSESS) == 0
    assert await total(failure=FailureClass.INPUT) == 2
    assert await total(failure=FailureClass.CRASH) == 0
    assert await pipeline.dead_letters.discard(query=DeadLetterQuery(camera="yard")) == 1
    [letter] = (await pipeline.queries.list_dead_letters(ALL)).items
    assert letter.camera == "front"
    assert await pipeline.dead_letters.discard(job_ids=[]) == 0


async def test_pages_follow_each_other_without_gap_or_overlap(house: House) -> None:
    pipeline, journal = await house.run()
    for number in range(7):
        house.upload(f"front/{number}.jpg", f"broken {number}")
    await journal.ended(7)
    seen: list[int] = []
    cursor: str | None = None
    while True:
        page = await pipeline.queries.list_dead_letters(DeadLetterQuery(limit=3, cursor=cursor))
        assert page.total == 7
        seen += [letter.job_id for letter in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 7


@pytest.mark.parametrize("by_id", [True, False])
async def test_any_number_of_dead_letters_is_requeued_and_discarded(
    house: House, postgres: Postgres, by_id: bool
) -> None:
    count = 33_000  # more than PostgreSQL accepts parameters
    pipeline, _ = await house.run(detect_concurrency=0)
    make_dead(postgres, count)
    ids = range(1, count + 1) if by_id else None
    assert await pipeline.dead_letters.discard(job_ids=[1]) == 1
    assert (await pipeline.dead_letters.requeue(job_ids=ids)).requeued == count - 1
    assert (await pipeline.queries.queue_stats()).pending[JobKind.DETECT] == count - 1
    postgres.execute("UPDATE hsi.jobs SET state = 'dead' WHERE id > 1", database="shared")
    assert await pipeline.dead_letters.discard(job_ids=ids) == count - 1
    assert (await pipeline.queries.list_dead_letters(ALL)).total == 0


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "nonsense",
        "WyJub3ciLCAxXQ",
        "🦆",
        urlsafe_b64encode(b'["0001-01-01T00:00:00+05:00", "1"]').decode(),
        urlsafe_b64encode(b'["2026-01-01T00:00:00+00:00", "99999999999999999999"]').decode(),
    ],
)
async def test_a_foreign_cursor_is_refused(house: House, cursor: str) -> None:
    pipeline, _ = await house.run()
    with pytest.raises(InputError):
        await pipeline.queries.list_dead_letters(DeadLetterQuery(cursor=cursor))
    with pytest.raises(InputError):
        await pipeline.queries.list_events(EventQuery(cursor=cursor))


@pytest.mark.parametrize("text", ["nul \0", "half a character \ud800"], ids=["nul", "half"])
async def test_filters_with_characters_that_postgresql_cannot_store_are_refused(
    house: House, text: str
) -> None:
    pipeline, _ = await house.run()
    for query in (EventQuery(camera=text), EventQuery(label=text)):
        with pytest.raises(InputError, match="character"):
            await pipeline.queries.list_events(query)
    with pytest.raises(InputError, match="character"):
        await pipeline.queries.list_dead_letters(DeadLetterQuery(camera=text))


@pytest.mark.parametrize("year", [1, 9999])
async def test_times_out_of_range_are_refused(house: House, year: int) -> None:
    pipeline, _ = await house.run()
    east = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5)))
    west = datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-5)))
    with pytest.raises(InputError, match="beyond"):
        await pipeline.queries.list_events(EventQuery(since=east if year == 1 else west))
