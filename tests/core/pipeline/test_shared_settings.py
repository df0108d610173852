"""Shared settings reach every worker on the database, and one that differs does not work."""

import asyncio

from testbed.services.postgres import Postgres
from tests.core.pipeline.harness import SOON, House
from tests.core.pipeline.log_watch import watch_log
from tests.core.pipeline.sql import query
from tests.core.pipeline.worker_process import environ, start_worker, until_logged, wait_for_end

# isort: split
from hsi_core.domain.shared_settings import Configured, SettingsSource

IDLE = frozenset({"event_idle"})
HOME_ASSISTANT = Configured(source=SettingsSource.HOME_ASSISTANT, names=IDLE)
STORED = "select value, source, host from hsi.settings where name = 'event_idle'"


async def home_assistant(house: House, event_idle: float) -> None:
    """Restart the pipeline of Home Assistant with this option."""
    for pipeline in house.pipelines:
        await pipeline.stop()
    house.configured = HOME_ASSISTANT
    await house.run(event_idle=event_idle)


async def test_a_worker_with_another_value_than_home_assistant_is_refused(
    house: House, postgres: Postgres
) -> None:
    await home_assistant(house, 40.0)
    worker = await start_worker(**environ(house), BATCH_IDLE_TIMEOUT_SECONDS="45")
    status, _ = await wait_for_end(worker)
    assert status == 2
    assert query(postgres, house, STORED) == "40.0|home_assistant|here"


async def test_a_worker_takes_home_assistants_value_and_its_changes(house: House) -> None:
    await home_assistant(house, 40.0)
    worker = await start_worker(**environ(house))
    await home_assistant(house, 50.0)
    log = await until_logged(worker, "working for")
    assert "event_idle changes from 40.0 to 50.0 (set by Home Assistant on here" in log
    assert "restarting" in log
    assert "event_idle is 50, as stored in the database" in log
    worker.terminate()
    assert (await wait_for_end(worker))[0] == 0


async def test_a_worker_ends_when_home_assistant_decides_otherwise(
    house: House, postgres: Postgres
) -> None:
    worker = await start_worker(**environ(house), BATCH_IDLE_TIMEOUT_SECONDS="45")
    assert query(postgres, house, STORED).startswith("45.0|worker|")
    await home_assistant(house, 40.0)
    status, log = await wait_for_end(worker)
    assert status == 2
    assert "BATCH_IDLE_TIMEOUT_SECONDS is 45, but the database has 40, set by Home Assista" in log


async def test_a_worker_replaces_another_workers_value_only_on_request(
    house: House, postgres: Postgres
) -> None:
    house.configured = Configured(names=IDLE)
    changed = asyncio.Event()
    pipeline, _ = house.make(event_idle=40.0, on_restart_needed=changed.set)
    await pipeline.start()
    variables = environ(house) | {"BATCH_IDLE_TIMEOUT_SECONDS": "45"}

    refused = await start_worker(**variables)
    assert (await wait_for_end(refused))[0] == 2
    assert query(postgres, house, STORED) == "40.0|worker|here"
    assert not changed.is_set()

    worker = await start_worker("--store-settings", **variables)
    assert query(postgres, house, STORED).startswith("45.0|worker|")
    async with asyncio.timeout(SOON):
        await changed.wait()
    worker.terminate()
    assert (await wait_for_end(worker))[0] == 0


async def test_a_change_is_noticed_without_its_notification(
    house: House, postgres: Postgres
) -> None:
    changed = asyncio.Event()
    pipeline, _ = house.make(on_restart_needed=changed.set)
    await pipeline.start()
    await pipeline.queries.queue_stats()
    query(
        postgres,
        house,
        "insert into hsi.settings (name, value, source, host) values"
        " ('event_idle', '40.0', 'worker', 'there');"
        " select pg_terminate_backend(pid) from pg_stat_activity"
        " where application_name = 'home_security_intelligence'",
    )
    async with asyncio.timeout(SOON):
        await changed.wait()


async def test_home_assistant_keeps_its_value_beside_another_one(house: House) -> None:
    house.configured = HOME_ASSISTANT
    changed = asyncio.Event()
    with watch_log("another Home Assistant uses this database") as warned:
        first, _ = house.make(event_idle=40.0, on_restart_needed=changed.set)
        await first.start()
        second, _ = house.make(event_idle=50.0)
        await second.start()
        async with asyncio.timeout(SOON):
            await warned.wait()
    assert not changed.is_set()
    assert first.settings.event_idle == 40.0


async def test_a_value_that_cannot_be_read_is_ignored_and_replaced(
    house: House, postgres: Postgres
) -> None:
    query(
        postgres,
        house,
        "insert into hsi.settings (name, value, source, host) values"
        " ('event_idle', '\"long\"', 'worker', 'there'), ('unknown', '1', 'worker', 'there')",
    )
    await home_assistant(house, 40.0)
    assert query(postgres, house, STORED) == "40.0|home_assistant|here"
