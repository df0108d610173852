"""Whatever PostgreSQL breaks off costs no attempt: 57014, 25P03, 25P04, 53xxx, 40001 and their kind."""

import asyncio

from testbed.fake_inference_server import FakeInferenceServer
from testbed.services.postgres import Postgres
from tests.core.pipeline.harness import House
from tests.core.pipeline.sql import query

# isort: split
from hsi_core.domain.models import ImageState

# Refuses results with each code in turn, then no more.
REFUSING = """
    CREATE SEQUENCE hsi.refusals;
    CREATE FUNCTION hsi.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE codes text[] := ARRAY[{codes}]; number bigint := nextval('hsi.refusals');
    BEGIN
        IF number <= cardinality(codes) THEN
            RAISE EXCEPTION 'as the test wants it' USING ERRCODE = codes[number];
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON hsi.detections
        FOR EACH ROW EXECUTE FUNCTION hsi.refuse()
"""
CODES = [
    "57014",
    "25P03",
    "25P04",
    "53100",
    "53200",
    "53300",
    "53400",
    "40001",
    "40P01",
    "55P03",
    "58030",
    "XX000",
    "25006",
    "72000",
]


async def test_interruptions_cost_no_attempt(
    house: House, postgres: Postgres, server: FakeInferenceServer
) -> None:
    listed = ", ".join(f"'{code}'" for code in CODES)
    query(postgres, house, REFUSING.format(codes=listed))
    try:
        pipeline, journal = await house.run(max_attempts=1, retry_base=0.001, retry_max=0.01)
        house.upload("front/a.jpg")
        assert (await journal.image("front/a.jpg")).state is ImageState.DETECTED
        assert query(postgres, house, "SELECT last_value FROM hsi.refusals") == str(len(CODES) + 1)
        assert (await pipeline.queries.queue_stats()).dead_total == 0
        assert server.detected.total() == 1
        await pipeline.stop()
    finally:
        drop = "DROP FUNCTION hsi.refuse CASCADE; DROP SEQUENCE hsi.refusals"
        await asyncio.to_thread(query, postgres, house, drop)
