"""The pipeline behind a connection pooler in transaction mode, where no connection can listen."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from testbed.services.pgbouncer import PgBouncer, find_pgbouncer
from testbed.services.postgres import Postgres
from tests.core.pipeline.harness import NEVER, QUICK, House
from tests.core.pipeline.sql import query

# isort: split
from hsi_core.domain.models import ImageState

ONLY_WATCHING = replace(QUICK, detect_concurrency=0, assess_concurrency=0, listen_check=0.1)
LISTENING = "select count(*) from pg_stat_activity where query ilike 'listen%'"


@pytest.fixture
def pooler(postgres: Postgres) -> Iterator[PgBouncer]:
    if find_pgbouncer() is None:
        pytest.skip("there is no PgBouncer")
    with PgBouncer(postgres.port, pool_size=3) as started:
        yield started


async def test_images_are_processed_through_a_pooler(house: House, pooler: PgBouncer) -> None:
    house.database_url = pooler.url(house.database_url.rsplit("/", 1)[-1])
    pipeline, journal = await house.run()
    for number in range(20):
        house.upload(f"front/{number}.jpg", f"person 0.9 #{number}")
    assert {image.state for image in await journal.ended(20)} == {ImageState.DETECTED}
    assert (await pipeline.queries.queue_stats()).dead_total == 0
    assert pipeline.health.database_reachable


async def test_updates_of_other_workers_are_read_at_intervals(
    house: House, postgres: Postgres
) -> None:
    direct = house.database_url
    house.database_url = f"{direct}?pgbouncer=true"
    _, journal = await house.run(ONLY_WATCHING)
    house.database_url = direct
    assert query(postgres, house, LISTENING) == "0"
    await house.run()
    house.upload("front/a.jpg")
    assert (await journal.image("front/a.jpg")).state is ImageState.DETECTED


async def test_a_direct_connection_listens(house: House, postgres: Postgres) -> None:
    house.direct_database_url = direct = house.database_url
    house.database_url = f"{direct}?pgbouncer=true"
    _, journal = await house.run(ONLY_WATCHING, listen_check=NEVER)
    house.database_url, house.direct_database_url = direct, None
    await house.run()
    house.upload("front/a.jpg")
    assert (await journal.image("front/a.jpg")).state is ImageState.DETECTED


async def test_a_direct_connection_that_fails_is_replaced_by_reading(house: House) -> None:
    direct = house.database_url
    house.direct_database_url = "postgresql://hsi@127.0.0.1:1/hsi"
    house.database_url = f"{direct}?pgbouncer=true"
    pipeline, journal = await house.run(ONLY_WATCHING)
    house.database_url, house.direct_database_url = direct, None
    await house.run()
    house.upload("front/a.jpg")
    assert (await journal.image("front/a.jpg")).state is ImageState.DETECTED
    assert pipeline.health.database_reachable  # only the notifications are missing
