"""Lists of events: totals are exact up to a limit, and pages follow each other."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from testbed.services.postgres import Postgres

# isort: split
from hsi_core.domain.models import RiskLevel
from hsi_core.domain.queries import EventQuery
from hsi_core.store import event_list
from hsi_core.store.engine import begin

FILL = """
INSERT INTO hsi.cameras VALUES ('front', 'Front'), ('yard', 'Yard');
INSERT INTO hsi.events (id, camera, state, started_at, last_activity_at, ended_at, labels,
    image_count, best_confidence, assessment)
SELECT md5(n::text)::uuid, CASE WHEN n <= 1000 THEN 'front' ELSE 'yard' END, 'closed', t, t, t,
    CASE WHEN n % 500 = 7 THEN '{dog}'::text[] ELSE '{person}' END, 1, 0.9, 'unassessed'
FROM generate_series(1, 1100) AS n, LATERAL (SELECT now() - n * interval '1 minute' AS t) AS at;
"""


async def test_a_total_is_exact_up_to_a_thousand(engine: AsyncEngine, postgres: Postgres) -> None:
    postgres.execute(FILL, database="shared")
    async with begin(engine) as connection:
        every = await event_list.find(connection, EventQuery(limit=10))
        front = await event_list.find(connection, EventQuery(camera="front", limit=10))
        none = await event_list.find(connection, EventQuery(label="bear", limit=10))
    assert (every.total, every.total_is_exact, len(every.items)) == (1000, False, 10)
    assert (front.total, front.total_is_exact, len(front.items)) == (1000, True, 10)
    assert (none.total, none.total_is_exact, none.items) == (0, True, ())


async def test_pages_continue_for_few_and_many_matches(
    engine: AsyncEngine, postgres: Postgres
) -> None:
    postgres.execute(FILL, database="shared")
    async with begin(engine) as connection:
        for query, count in ((EventQuery(limit=400), 1100), (EventQuery(label="dog", limit=2), 3)):
            page = await event_list.find(connection, query)
            found = list(page.items)
            while page.next_cursor is not None:
                following = EventQuery(
                    label=query.label, limit=query.limit, cursor=page.next_cursor
                )
                page = await event_list.find(connection, following)
                found += page.items
            moments = [event.started_at for event in found]
            assert moments == sorted(set(moments), reverse=True)
            assert len(found) == count


async def test_unreviewed_events_are_counted_up_to_a_thousand(
    engine: AsyncEngine, postgres: Postgres
) -> None:
    postgres.execute(FILL, database="shared")
    postgres.execute(
        "UPDATE hsi.events SET risk_score = 70, highest_level = 'high', "
        "risk_level = CASE WHEN labels = '{dog}' THEN 'high' ELSE 'low' END",
        database="shared",
    )
    unreviewed = EventQuery(unreviewed=True, min_level=RiskLevel.MEDIUM)
    async with begin(engine) as connection:
        assert await event_list.count(connection, unreviewed) == 3
        assert await event_list.count(connection, EventQuery(unreviewed=True)) == 1000
        await connection.exec_driver_sql(
            "UPDATE hsi.events SET mark = 'true_alarm', marked_at = now() WHERE labels = '{dog}'"
        )
        assert await event_list.count(connection, unreviewed) == 0


@pytest.mark.parametrize(
    ("typed", "count"),
    [
        ("ladder", 1),
        ("LADD", 1),  # the beginning of a word
        ("ladder front", 1),  # words of several fields
        ("ladder yard", 0),
        ("müll tonne", 1),
        ("adder", 0),
        ("dog", 3),
        ("' | !dog", 3),
        (":* <-> (", 0),
        ("x" * 3000, 0),
    ],
)
async def test_events_are_found_by_the_beginnings_of_words(
    engine: AsyncEngine, postgres: Postgres, typed: str, count: int
) -> None:
    """Whatever a person types, it is text and no syntax of the search."""
    postgres.execute(FILL, database="shared")
    postgres.execute(
        "UPDATE hsi.events SET narrative = 'A person with a ladder. Mülltonne, Tonne.' WHERE id = md5('1')::uuid",
        database="shared",
    )
    async with begin(engine) as connection:
        page = await event_list.find(connection, EventQuery(text=typed))
    assert page.total == count
