"""The level comes with the first image, by the rules alone; the words follow under the same event."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from testbed.fake_inference_server import NO_ASSESSOR
from tests.core.pipeline.harness import NOON_HERE, RESTRICTED, House, Journal

# isort: split
from hsi_core.domain.models import AssessmentState, EventState, JobKind, RiskLevel
from hsi_core.domain.queries import EventQuery
from hsi_core.domain.updates import EventPhase, EventUpdate, QueueUpdate
from hsi_core.events.judge import judge_event
from hsi_core.store import events
from hsi_core.store.engine import begin


def updates(journal: Journal) -> list[EventUpdate]:
    return [update for update in journal.updates if isinstance(update, EventUpdate)]


def phases(journal: Journal) -> list[EventPhase]:
    return [update.phase for update in updates(journal)]


async def assert_levels_are_those_of_the_rules(house: House, engine: AsyncEngine) -> None:
    settings = house.pipelines[-1].settings
    for event in (await house.pipelines[-1].queries.list_events(EventQuery(limit=500))).items:
        async with begin(engine) as connection:
            context = await events.context_of(connection, event.id)
            judged = await judge_event(connection, event, context, settings, as_stored=True)
        assert judged is not None
        assert (event.provisional_score, event.risk_level) == (
            judged.verdict.score,
            judged.verdict.level,
        )


async def test_the_level_comes_with_the_first_image_while_the_model_hangs(house: House) -> None:
    house.zones = {"front": (RESTRICTED,)}
    house.server.assess_gate.clear()
    _, journal = await house.run(event_idle=30.0, time_zone=NOON_HERE.key)
    house.upload("front/a.jpg")

    detected = await journal.event(EventPhase.DETECTED)
    assert (detected.state, detected.assessment) == (EventState.OPEN, AssessmentState.PENDING)
    assert detected.risk_level is not RiskLevel.LOW
    assert detected.risk_score == sum(factor.points for factor in detected.factors)
    assert (detected.assessor, detected.summary) == ("rules", None)
    assert not updates(journal)[0].late

    house.server.assess_gate.set()
    explained = await journal.event(EventPhase.EXPLAINED)
    assert (explained.id, explained.state) == (detected.id, EventState.OPEN)
    assert explained.risk_level is detected.risk_level
    assert explained.risk_score == house.server.assessed[0]["rules"]["high"]
    assert explained.assessed_by is not None
    assert explained.assessed_by.model == "nemotron-3-nano:4b"
    assert len(house.server.assessed) == 1


async def test_without_a_model_every_level_is_that_of_the_rules(house: House) -> None:
    house.zones = {"front": (RESTRICTED,)}
    house.server.assess_fault = NO_ASSESSOR
    _, journal = await house.run(time_zone=NOON_HERE.key)
    house.upload("front/a.jpg")
    detected = await journal.event(EventPhase.DETECTED)
    unassessed = await journal.unassessed()
    assert unassessed.state is EventState.CLOSED
    assert (unassessed.risk_score, unassessed.risk_level, unassessed.factors) == (
        detected.risk_score,
        detected.risk_level,
        detected.factors,
    )


async def test_a_level_that_rises_is_an_escalation(house: House) -> None:
    """A car opens the event, and a person joins it."""
    house.zones = {"front": (RESTRICTED,)}
    _, journal = await house.run(event_idle=30.0, time_zone=NOON_HERE.key)
    house.upload("front/a.jpg", "car 0.9")
    low = await journal.event(EventPhase.DETECTED)
    house.upload("front/b.jpg", "person 0.99")
    high = await journal.event(EventPhase.ESCALATED)
    assert (low.id, low.risk_level) == (high.id, RiskLevel.LOW)
    assert high.risk_level is not RiskLevel.LOW
    assert high.highest_level is high.risk_level
    for number in range(3):
        house.upload(f"front/c{number}.jpg", f"person 0.9{number}")
    await journal.ended(5)
    explained = await journal.event(EventPhase.EXPLAINED)
    assert explained.id == high.id
    assert phases(journal).count(EventPhase.ESCALATED) == 1


async def test_an_event_of_hours_ago_is_late_in_every_phase(house: House) -> None:
    house.upload("front/a.jpg", age=3600)
    _, journal = await house.run(time_zone=NOON_HERE.key)
    await journal.event(EventPhase.EXPLAINED)
    assert phases(journal) == [EventPhase.DETECTED, EventPhase.CLOSED, EventPhase.EXPLAINED]
    assert all(update.late for update in updates(journal))


async def test_a_late_image_corrects_its_event_and_its_words(
    house: House, engine: AsyncEngine
) -> None:
    house.zones = {"front": (RESTRICTED,)}
    _, journal = await house.run(event_idle=20.0, time_zone=NOON_HERE.key)
    start = datetime.now(UTC) - timedelta(minutes=10)
    house.upload("front/a.jpg", "car 0.9", at=start)
    house.upload("front/b.jpg", "car 0.8", at=start + timedelta(seconds=10))
    await journal.event(EventPhase.EXPLAINED)
    house.upload("front/late.jpg", "person 0.95", at=start + timedelta(seconds=5))
    corrected = await journal.event(EventPhase.CORRECTED)
    assert (corrected.state, corrected.image_count) == (EventState.CLOSED, 3)
    assert corrected.risk_level is not RiskLevel.LOW
    assert corrected.highest_level is corrected.risk_level
    explained = await journal.event(EventPhase.EXPLAINED, count=2)
    assert explained.risk_level is corrected.risk_level
    assert [facts["image_count"] for facts in house.server.assessed] == [2, 3]
    await assert_levels_are_those_of_the_rules(house, engine)


async def test_an_event_of_a_backlog_is_asked_about_once(house: House) -> None:
    house.zones = {"front": (RESTRICTED,)}
    for number in range(3):
        house.upload(f"front/{number}.jpg", f"person 0.9{number}", age=3600 - number)
    _, journal = await house.run(event_idle=30.0, detect_concurrency=1, time_zone=NOON_HERE.key)
    explained = await journal.until(
        lambda j: [e for p, e in j.events if p is EventPhase.EXPLAINED and e.image_count == 3]
    )
    assert explained[-1].state is EventState.CLOSED
    assert [facts["image_count"] for facts in house.server.assessed] == [3]


async def test_an_event_that_changes_while_the_model_is_asked_is_explained_again(
    house: House,
) -> None:
    house.zones = {"front": (RESTRICTED,)}
    house.server.assess_gate.clear()
    _, journal = await house.run(event_idle=8.0, time_zone=NOON_HERE.key)
    house.upload("front/a.jpg", "person 0.9")
    await journal.event(EventPhase.DETECTED)
    await journal.until(
        lambda j: any(
            isinstance(update, QueueUpdate) and update.stats.leased[JobKind.ASSESS]
            for update in j.updates
        )
    )
    house.upload("front/b.jpg", "person 0.8")
    await journal.event(EventPhase.CLOSED)
    house.server.assess_gate.set()
    explained = await journal.event(EventPhase.EXPLAINED, count=2)
    assert [facts["image_count"] for facts in house.server.assessed] == [1, 2]
    assert explained.judged_images == 2


async def test_cameras_that_a_person_walks_past_share_an_incident(house: House) -> None:
    house.zones = {"yard": (RESTRICTED,)}
    _, journal = await house.run(time_zone=NOON_HERE.key)
    start = datetime.now(UTC) - timedelta(minutes=10)
    house.upload("front/a.jpg", at=start)
    first = await journal.event(EventPhase.CLOSED)
    house.upload("yard/b.jpg", at=start + timedelta(seconds=100))
    second = await journal.event(EventPhase.CLOSED, count=2)
    house.upload("front/c.jpg", "person 0.9", at=start + timedelta(seconds=400))
    third = await journal.event(EventPhase.CLOSED, count=3)
    assert first.incident_id == first.id
    assert second.incident_id == first.id
    assert second.incident_level is second.risk_level
    assert third.incident_id == third.id


async def test_the_levels_of_a_long_busy_event_are_those_of_the_rules(
    house: House, engine: AsyncEngine
) -> None:
    """More images than are kept of its history, in a restricted zone in its first half only."""
    house.zones = {"front": (RESTRICTED,)}
    start = datetime.now(UTC) - timedelta(minutes=10)
    for number in range(150):
        seen = "person 0.9" if number < 75 else "car 0.9"
        moment = start + timedelta(seconds=number * 0.4)
        house.upload(f"front/{number:03}.jpg", f"{seen} #{number}", at=moment)
    _, journal = await house.run(event_idle=5.0, time_zone=NOON_HERE.key)
    await journal.ended(150)
    closed = await journal.event(EventPhase.CLOSED)
    assert (closed.image_count, closed.judged_images) == (150, 150)
    assert closed.risk_level is not RiskLevel.LOW
    await assert_levels_are_those_of_the_rules(house, engine)


async def test_a_backlog_beyond_the_queues_limit_is_grouped_as_it_was_captured(
    house: House, engine: AsyncEngine
) -> None:
    """Ten visits in one flat folder, whose files are listed in no order of time."""
    start = datetime.now(UTC) - timedelta(hours=3)
    for number in sorted(range(120), key=lambda n: n * 37 % 120):
        visit, image = divmod(number, 12)
        moment = start + timedelta(minutes=10 * visit, seconds=2 * image)
        house.upload(f"front/{number * 7919 % 1000:03}.jpg", f"person 0.9 #{number}", at=moment)
    pipeline, journal = await house.run(queue_limit=10, event_idle=20.0, time_zone=NOON_HERE.key)
    await journal.ended(120)
    await journal.event(EventPhase.CLOSED, count=10)
    found = (await pipeline.queries.list_events(EventQuery())).items
    assert [event.image_count for event in found] == [12] * 10
    assert [event.judged_images for event in found] == [12] * 10
    assert phases(journal).count(EventPhase.DETECTED) == 10
    assert EventPhase.CORRECTED not in phases(journal)
    await assert_levels_are_those_of_the_rules(house, engine)


async def test_an_event_closes_though_an_image_waits_in_a_folder_that_is_away(
    house: House,
) -> None:
    house.server.detect_gate.clear()
    start = datetime.now(UTC) - timedelta(minutes=5)
    house.upload("front/a.jpg", "person 0.9", at=start)
    _, journal = await house.run(
        detect_concurrency=1, event_idle=20.0, waiting_limit=0.5, time_zone=NOON_HERE.key
    )
    await house.server.requested.wait()
    house.upload("front/b.jpg", "person 0.8", at=start + timedelta(seconds=10))
    await journal.depth(2)
    away = house.root.parent / "away"
    (house.root / "front").rename(away)
    house.server.detect_gate.set()

    closed = await journal.event(EventPhase.CLOSED)
    assert closed.image_count == 1
    away.rename(house.root / "front")
    await journal.image("front/b.jpg")
    joined = await journal.until(
        lambda j: [event for _, event in j.events if event.image_count == 2]
    )
    assert joined[0].id == closed.id


async def test_a_closed_event_is_asked_about_once_though_todays_rules_differ(
    house: House, engine: AsyncEngine
) -> None:
    """Another version's rules have found another score; the words do not wait for today's."""
    house.server.assess_gate.clear()
    _, journal = await house.run(time_zone=NOON_HERE.key)
    house.upload("front/a.jpg", "person 0.9", age=600)
    await journal.event(EventPhase.CLOSED)
    async with begin(engine) as connection:
        await connection.execute(
            text(
                "UPDATE hsi.events SET provisional_score = 99, risk_score = 99, band_low = 90,"
                " band_high = 100, risk_level = 'critical', highest_level = 'critical'"
            )
        )
    house.server.assess_gate.set()
    # Jobs are processed in order of time: if the first event were asked about for ever, this one
    # would wait for ever.
    house.upload("yard/b.jpg", "person 0.9", age=300)
    await journal.until(
        lambda j: any(
            phase is EventPhase.EXPLAINED and event.camera == "yard" for phase, event in j.events
        )
    )
    front = [facts for facts in house.server.assessed if facts["camera"] == "Front"]
    assert len(front) <= 2
    [event] = (await house.pipelines[0].queries.list_events(EventQuery(camera="front"))).items
    assert (event.assessment, event.risk_score) == (AssessmentState.ASSESSED, 99)
