"""Updates of other workers arrive in the end, even if their notification was lost."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from yarl import URL

from testbed.services.postgres import Postgres
from tests.core.pipeline.harness import NOON_HERE, QUICK, House, Journal
from tests.core.pipeline.postgres_proxy import PostgresProxy
from tests.core.pipeline.sql import query

# isort: split
from hsi_core.domain.models import AssessmentState
from hsi_core.domain.updates import EventPhase, EventUpdate, ImageUpdate
from hsi_core.pipeline.pipeline import Pipeline

ONLY_LISTENING = replace(QUICK, detect_concurrency=0, assess_concurrency=0, listen_check=0.3)
CONFIDENT = "person 0.95"  # enough to be assessed at once


@pytest.fixture
async def proxy(postgres: Postgres) -> AsyncIterator[PostgresProxy]:
    async with PostgresProxy(postgres.port) as made:
        yield made


async def listen_through(proxy: PostgresProxy, house: House) -> Journal:
    """Start a pipeline behind the proxy that processes nothing, but listens."""
    direct = house.database_url
    house.database_url = str(URL(direct).with_port(proxy.port))
    _, journal = await house.run(ONLY_LISTENING)
    house.database_url = direct
    return journal


def missed(journal: Journal) -> list[EventUpdate]:
    return [u for u in journal.updates if isinstance(u, EventUpdate) and u.backfilled]


async def missed_assessment(journal: Journal) -> EventUpdate:
    return (
        await journal.until(
            lambda j: [update for update in missed(j) if update.phase is EventPhase.EXPLAINED]
        )
    )[-1]


async def test_updates_during_a_lost_connection_arrive_later(
    house: House, proxy: PostgresProxy
) -> None:
    _, worker = await house.run()
    journal = await listen_through(proxy, house)
    house.upload("yard/before.jpg", "chair 0.9")
    await journal.image("yard/before.jpg")

    proxy.cut_listeners()
    house.upload("front/a.jpg", CONFIDENT)
    assessed = await worker.event(EventPhase.EXPLAINED)
    assert not any(image.path == "front/a.jpg" for image in journal.images)
    proxy.refuses_listeners = False
    update = await missed_assessment(journal)
    assert update.event.id == assessed.id
    assert update.event.risk_score == assessed.risk_score
    assert (await journal.image("front/a.jpg")).detections


async def test_a_silent_connection_is_replaced(house: House, proxy: PostgresProxy) -> None:
    _, worker = await house.run()
    journal = await listen_through(proxy, house)
    house.upload("yard/before.jpg", "chair 0.9")
    await journal.image("yard/before.jpg")

    proxy.silence_listeners()
    house.upload("front/a.jpg", CONFIDENT)
    assessed = await worker.event(EventPhase.EXPLAINED)
    # As a live update or a missed one: that depends on when the silence was noticed.
    assert (await journal.event(EventPhase.EXPLAINED)).id == assessed.id


async def test_updates_beyond_the_backlog_limit_arrive(house: House, postgres: Postgres) -> None:
    _, worker = await house.run()
    _, journal = await house.run(ONLY_LISTENING)
    house.upload("front/a.jpg", CONFIDENT)
    event = await worker.event(EventPhase.EXPLAINED)
    await journal.event(EventPhase.EXPLAINED)
    query(
        postgres,
        house,
        f"""
        BEGIN;
        UPDATE hsi.events SET summary = 'another one', settled_at = now() WHERE id = '{event.id}';
        SELECT pg_notify('hsi_updates', 'another image 999' || n) FROM generate_series(1, 5000) n;
        SELECT pg_notify('hsi_updates', 'another event {event.id} explained');
        COMMIT
        """,
    )
    # A listener that reconnected meanwhile may have read the event before.
    await journal.until(
        lambda j: [
            u for u in missed(j) if (u.event.id, u.event.summary) == (event.id, "another one")
        ]
    )


async def assess_and_stop(house: House) -> Pipeline:
    first, journal = await house.run(time_zone=NOON_HERE.key)
    house.upload("front/a.jpg", CONFIDENT)
    await journal.event(EventPhase.EXPLAINED)
    await first.stop()
    return first


async def test_an_assessment_from_before_the_start_arrives(house: House) -> None:
    await assess_and_stop(house)
    _, journal = await house.run()
    update = await missed_assessment(journal)
    assert update.event.assessment is AssessmentState.ASSESSED
    assert not any(isinstance(update, ImageUpdate) for update in journal.updates)


async def test_every_phase_from_before_the_start_arrives_in_order(house: House) -> None:
    await assess_and_stop(house)
    _, journal = await house.run()
    await missed_assessment(journal)
    assert [update.phase for update in missed(journal)] == [
        EventPhase.DETECTED,
        EventPhase.CLOSED,
        EventPhase.EXPLAINED,
    ]


async def test_an_old_assessment_is_not_published(house: House, postgres: Postgres) -> None:
    await assess_and_stop(house)
    old = "UPDATE hsi.events SET settled_at = settled_at - interval '11 minutes'"
    query(postgres, house, old)
    _, journal = await house.run()
    house.upload("yard/a.jpg", "person 0.96")
    await journal.event(EventPhase.EXPLAINED)
    assert not missed(journal)


async def test_an_assessment_with_an_unconfirmed_commit_is_published(
    house: House, proxy: PostgresProxy
) -> None:
    proxy.lose_commit_of(rb"event [0-9a-f-]{36} explained")
    house.database_url = str(URL(house.database_url).with_port(proxy.port))
    _, journal = await house.run()
    house.upload("front/a.jpg", CONFIDENT)
    published = await journal.event(EventPhase.EXPLAINED)
    assert proxy.lost_commits == 1
    assert published.assessment is AssessmentState.ASSESSED
    assert len(house.server.assessed) == 1
