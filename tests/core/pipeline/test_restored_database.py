"""A database restored from a backup while a pipeline works on it: no image is lost by it."""

import asyncio
from dataclasses import replace

import pytest

from testbed.services.postgres import Postgres
from tests.core.pipeline.harness import BERLIN, QUICK, SOON, House
from tests.core.pipeline.sql import query
from tests.faults.levels import find_wrong_levels

PATHS = "SELECT string_agg(path, ' ' ORDER BY path) FROM hsi.images WHERE state = 'detected'"


@pytest.mark.parametrize("backup_has_worker", [False, True])
async def test_files_that_a_restored_database_does_not_know_are_found_again(
    house: House, postgres: Postgres, backup_has_worker: bool
) -> None:
    """Of the kind: whatever a running worker knows of a database that is no longer the same one."""
    before = await asyncio.to_thread(postgres.dump, house.database_url)
    outdated = asyncio.Event()
    pipeline, journal = house.make(on_restart_needed=outdated.set)
    await pipeline.start()
    house.upload("front/0.jpg", "person 0.9")
    await journal.image("front/0.jpg")
    if backup_has_worker:
        before = await asyncio.to_thread(postgres.dump, house.database_url)
    house.upload("front/1.jpg", "person 0.8")
    await journal.image("front/1.jpg")
    assert not outdated.is_set()

    await asyncio.to_thread(postgres.restore, house.database_url, before)
    async with asyncio.timeout(SOON):
        await outdated.wait()
    await pipeline.stop(drain=SOON)

    _, journal = await house.run()
    await journal.ended(1 if backup_has_worker else 2)
    assert query(postgres, house, PATHS) == "front/0.jpg front/1.jpg"


async def test_images_in_memory_do_not_count_after_a_restore(
    house: House, postgres: Postgres
) -> None:
    """An event is judged by what is stored, also before the pipeline is replaced."""
    _, journal = await house.run(poll_interval=SOON, event_idle=30.0)  # it does not notice itself
    house.upload("front/0.jpg", "person 0.9", age=40)
    await journal.image("front/0.jpg")
    before = await asyncio.to_thread(postgres.dump, house.database_url)
    for number, age in enumerate((35, 30, 25, 20, 15), 1):
        house.upload(f"front/{number}.jpg", f"person 0.8\nperson 0.7 #{number}", age=age)
        await journal.image(f"front/{number}.jpg")
    await asyncio.to_thread(postgres.restore, house.database_url, before)
    house.upload("front/6.jpg", "person 0.7", age=12)
    await journal.image("front/6.jpg")
    settings = replace(QUICK, time_zone=BERLIN.key, event_idle=30.0)
    assert await find_wrong_levels(house.database_url, settings) == []
