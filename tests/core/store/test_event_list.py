"""Lists of events: totals are exact up to a limit, and pages follow each other."""

from sqlalchemy.ext.asyncio import AsyncEngine

from testbed.services.postgres import Postgres

# isort: split
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
