"""Latency of event lists over 1,000,000 events; baseline: one event by its id."""

import argparse
import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
import sys
import time

from benchmarks import harness
import testbed.core  # noqa: F401 - makes hsi_core importable
from testbed.services.postgres import Postgres

# isort: split
from hsi_core.domain.models import Camera, EventMark, RiskLevel
from hsi_core.domain.queries import EventQuery
from hsi_core.store import cameras, event_list, events
from hsi_core.store.engine import begin, connect

GOAL_P95 = 30.0  # ms
# Eleven years of one event every six minutes. Rare values are as rare as in a home: one in a thousand
# critical, one in two thousand with a dog, one in fifty unassessed, one in five thousand marked.
FILL = """
INSERT INTO hsi.events (id, camera, state, started_at, last_activity_at, ended_at, labels,
    image_count, best_confidence, assessment, risk_score, risk_level, highest_level,
    summary, reasoning, assessed_at, mark, marked_at)
SELECT md5(n::text)::uuid, (ARRAY['front','yard','garage','gate'])[1 + n % 4], 'closed',
    t, t + interval '30 s', t + interval '30 s',
    CASE WHEN n % 2000 = 7 THEN '{{dog,person}}'::text[] WHEN n % 3 = 0 THEN '{{car}}'
         ELSE '{{person}}' END,
    4, 0.9, CASE WHEN n % 50 = 3 THEN 'unassessed' ELSE 'assessed' END,
    CASE WHEN n % 50 = 3 THEN NULL WHEN n % 1000 = 1 THEN 90 WHEN n % 40 = 1 THEN 70
         ELSE n % 60 END,
    level, level,
    CASE WHEN n % 50 <> 3 THEN 'a person came to the door and went away again' END,
    CASE WHEN n % 50 <> 3 THEN 'one person was seen for half a minute' END,
    CASE WHEN n % 50 <> 3 THEN t END,
    CASE WHEN n % 5000 = 9 THEN 'false_alarm' END, CASE WHEN n % 5000 = 9 THEN t END
FROM generate_series(1, {events}) AS n,
    LATERAL (SELECT now() - n * interval '6 minutes' AS t) AS moment,
    LATERAL (SELECT CASE WHEN n % 50 = 3 THEN NULL WHEN n % 1000 = 1 THEN 'critical'
        WHEN n % 40 = 1 THEN 'high' WHEN n % 60 >= 30 THEN 'medium' ELSE 'low' END AS level) AS risk
"""


def queries(now: datetime) -> dict[str, EventQuery]:
    """Return queries as Home Assistant's action makes them, cheap and expensive ones."""
    return {
        "newest": EventQuery(limit=50),
        "camera": EventQuery(camera="front", limit=50),
        "level critical": EventQuery(level=RiskLevel.CRITICAL, limit=50),
        "score 60 or more": EventQuery(min_score=60, limit=50),
        "camera and level": EventQuery(camera="gate", level=RiskLevel.HIGH, limit=50),
        "level low": EventQuery(level=RiskLevel.LOW, limit=50),
        "marked": EventQuery(mark=EventMark.FALSE_ALARM, limit=50),
        "rare label": EventQuery(label="dog", limit=50),
        "usual label": EventQuery(label="person", limit=50),
        "label never seen": EventQuery(label="bear", limit=50),
        "a day last year": EventQuery(
            since=now - timedelta(days=366), until=now - timedelta(days=365), limit=50
        ),
        "all of it": EventQuery(
            camera="yard",
            label="dog",
            min_score=30,
            since=now - timedelta(days=3650),
            until=now,
            limit=50,
        ),
    }


async def measure(postgres: Postgres, url: str, count: int, rounds: int) -> dict[str, object]:
    """Run each query once a round, each followed by the lookup of one event by its id."""
    engine = await connect(url, application_name="bench")
    try:
        async with begin(engine) as connection:
            await cameras.register(connection, [Camera(folder=c, name=c) for c in harness.CAMERAS])
        # VACUUM ANALYZE does at once what autovacuum does in time.
        for sql in (FILL.format(events=count), "VACUUM ANALYZE hsi.events"):
            await asyncio.to_thread(postgres.execute, sql, database=url.rsplit("/", 1)[-1])
        took: dict[str, list[float]] = {name: [] for name in queries(datetime.now(UTC))}
        by_id: list[float] = []
        for _ in range(rounds):
            for name, query in queries(datetime.now(UTC)).items():
                async with begin(engine) as connection:
                    began = time.perf_counter()
                    page = await event_list.find(connection, query)
                    took[name].append(time.perf_counter() - began)
                    if page.items:
                        began = time.perf_counter()
                        await events.get(connection, page.items[0].id)
                        by_id.append(time.perf_counter() - began)
    finally:
        await engine.dispose()
    every = harness.milliseconds([seconds for each in took.values() for seconds in each])
    alone = harness.milliseconds(by_id)
    return {
        "events": count,
        "list_ms": every,
        "by_filter_ms": {name: harness.milliseconds(each) for name, each in took.items()},
        "one_by_id_ms": alone,
        "ratio_to_one_by_id_p50": round(every["p50"] / alone["p50"], 1),
        "ratio_to_goal_p95": round(every["p95"] / GOAL_P95, 2),
    }


def main(arguments: Sequence[str]) -> int:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(prog="scripts/bench history", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--json", type=Path, help="where to write the figures")
    options = parser.parse_args(arguments)
    with Postgres() as postgres:
        figures = asyncio.run(
            measure(postgres, postgres.create_database(), options.events, options.rounds)
        )
    harness.show(figures, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
