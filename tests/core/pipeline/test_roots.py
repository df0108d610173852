"""Several camera roots on one database: the same folder elsewhere, another one, a changed one."""

import asyncio
from pathlib import Path
import shutil
import socket

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from testbed.services.postgres import Postgres
from tests.core.pipeline.harness import CAMERAS, SOON, House
from tests.core.pipeline.sql import query
from tests.core.pipeline.worker_process import environ, start_worker, wait_for_end

# isort: split
from hsi_core.aio.file_executor import FileExecutor
from hsi_core.domain.errors import CameraRootForeignError
from hsi_core.domain.models import FailureClass, ImageState
from hsi_core.domain.queries import DeadLetterQuery
from hsi_core.files import camera_root
from hsi_core.pipeline.pipeline import Pipeline
from hsi_core.store.engine import begin

WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
AWAY = "error_type = 'camera_folder_away' AND attempts = 0"
LONG_AGO = "UPDATE hsi.workers SET seen_at = seen_at - interval '2 minutes'"


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Return another folder with the same cameras."""
    root = tmp_path / "other"
    for camera in CAMERAS:
        (root / camera).mkdir(parents=True)
    return root


async def registered(house: House, count: int) -> Pipeline:
    """Have images registered by a pipeline that processes none."""
    pipeline, journal = await house.run(detect_concurrency=0)
    for number in range(count):
        house.upload(f"front/{number}.jpg", f"car 0.9 #{number}", age=60 - number)
    await journal.depth(count)
    return pipeline


async def until_not(answer: str, sql: str, postgres: Postgres, house: House) -> None:
    """Wait until the query returns something else."""
    async with asyncio.timeout(SOON):
        while await asyncio.to_thread(query, postgres, house, sql) == answer:  # noqa: ASYNC110 - no update for it
            await asyncio.sleep(0.02)


async def test_the_same_folder_mounted_elsewhere_on_another_machine(
    house: House, tmp_path: Path
) -> None:
    await registered(house, 3)
    (tmp_path / "mount").symlink_to(house.root)
    house.root, house.host = tmp_path / "mount", "there"
    pipeline, journal = await house.run()
    assert {image.state for image in await journal.ended(3)} == {ImageState.DETECTED}
    house.upload("front/later.jpg", "car 0.8")
    assert (await journal.image("front/later.jpg")).state is ImageState.DETECTED
    assert (await pipeline.queries.list_dead_letters(DeadLetterQuery())).total == 0
    assert house.server.detected.total() == 4


async def test_another_machine_with_other_images_is_refused(house: House, other: Path) -> None:
    await registered(house, 1)
    house.root, house.host = other, "there"
    with pytest.raises(CameraRootForeignError, match="here uses this database"):
        await house.run()


async def test_another_folder_on_the_same_machine_is_refused(house: House, other: Path) -> None:
    await registered(house, 1)
    mine, house.root = house.root, other
    with pytest.raises(CameraRootForeignError) as refused:
        await house.run()
    assert str(mine) in str(refused.value)
    assert str(other) in str(refused.value)


async def test_another_folder_is_refused_before_there_is_any_image(
    house: House, other: Path
) -> None:
    await house.run()
    house.root = other
    with pytest.raises(CameraRootForeignError):
        await house.run()


async def test_simultaneous_registrations_wait_for_each_other(
    house: House, other: Path, postgres: Postgres, engine: AsyncEngine
) -> None:
    house.root, mine = other, house.root
    files = FileExecutor(stall_limit=SOON)
    async with begin(engine) as connection:
        await camera_root.register(connection, mine, house.host, files)
        second = asyncio.create_task(house.run())
        await until_not("0", WAITING, postgres, house)
    with pytest.raises(CameraRootForeignError):
        await second
    files.close()


async def test_the_same_folder_under_another_name_is_accepted(house: House, tmp_path: Path) -> None:
    await house.run()
    (tmp_path / "mount").symlink_to(house.root)
    house.root = tmp_path / "mount"
    await house.run()


async def test_a_dead_worker_blocks_other_roots_for_a_limited_time(
    house: House, other: Path, postgres: Postgres
) -> None:
    house.upload("front/0.jpg", "car 0.9")
    worker = await start_worker(**environ(house))
    await until_not("0", "SELECT count(*) FROM hsi.images", postgres, house)
    worker.kill()
    await wait_for_end(worker)
    house.root, house.host = other, socket.gethostname()
    with pytest.raises(CameraRootForeignError):
        await house.run()
    query(postgres, house, LONG_AGO)
    await house.run()


async def test_a_stopped_worker_blocks_other_roots_only_while_others_work(
    house: House, other: Path
) -> None:
    first = await registered(house, 1)
    second, _ = await house.run(detect_concurrency=0)
    mine, house.root = house.root, other
    await first.stop()
    with pytest.raises(CameraRootForeignError):
        await house.run()
    await second.stop()
    moved, _ = await house.run(detect_concurrency=0)
    # And back again: no image was registered in the other one.
    await moved.stop()
    house.root = mine
    await house.run()


async def test_an_image_of_another_workers_folder_waits_for_that_worker(
    house: House, other: Path, postgres: Postgres
) -> None:
    await registered(house, 2)
    mine, house.root, house.host = house.root, other, "there"
    # The folder mounted there lags behind: it has one of the two images.
    shutil.copy2(mine / "front/0.jpg", other / "front/0.jpg")
    pipeline, journal = await house.run()
    await journal.image("front/0.jpg")
    job = (
        "SELECT {} FROM hsi.jobs JOIN hsi.images ON images.id = image_id WHERE path = 'front/1.jpg'"
    )
    await until_not("", job.format("error_type"), postgres, house)
    waits = query(postgres, house, job.format("jobs.state, error_type, attempts"))
    assert waits.removeprefix("pending").removeprefix("leased") == "|file_elsewhere|0"
    assert (await pipeline.queries.list_dead_letters(DeadLetterQuery())).total == 0

    house.root, house.host = mine, "here"
    _, journal = await house.run()
    assert (await journal.image("front/1.jpg")).state is ImageState.DETECTED


async def test_images_missing_after_a_change_of_folder_are_waited_for(
    house: House, other: Path, postgres: Postgres
) -> None:
    await (await registered(house, 2)).stop()
    before, house.root = house.root, other
    query(postgres, house, LONG_AGO)
    house.upload("yard/a.jpg", "car 0.8")
    _, journal = await house.run(retry_max=0.2)
    await journal.image("yard/a.jpg")
    await until_not("0", f"SELECT count(*) FROM hsi.jobs WHERE {AWAY}", postgres, house)
    for number in range(2):
        shutil.copy2(before / f"front/{number}.jpg", other / f"front/{number}.jpg")
    assert {image.state for image in await journal.ended(3)} == {ImageState.DETECTED}


@pytest.mark.parametrize("unmounted", [False, True])
async def test_a_new_container_continues_the_root_of_the_old_one(
    house: House, postgres: Postgres, *, unmounted: bool
) -> None:
    """Its machine has another name; its share may be mounted later."""
    await (await registered(house, 2)).stop()
    front, away = house.root / "front", house.root.with_name("away")
    if unmounted:
        front.rename(away)
        front.mkdir()
    house.host = "a-new-container"
    _, journal = await house.run(retry_max=0.2)
    assert query(postgres, house, "SELECT id, host FROM hsi.roots") == "1|a-new-container"
    if unmounted:
        await until_not("0", f"SELECT count(*) FROM hsi.jobs WHERE {AWAY}", postgres, house)
        front.rmdir()
        away.rename(front)
    assert {image.state for image in await journal.ended(2)} == {ImageState.DETECTED}


async def test_another_disk_at_the_same_path_is_another_root(
    house: House, postgres: Postgres
) -> None:
    await (await registered(house, 1)).stop()
    (house.root / "front/0.jpg").unlink()
    house.upload("front/other.jpg", "car 0.7")
    house.host = "another-machine"
    await house.run(detect_concurrency=0)
    assert query(postgres, house, "SELECT count(*) FROM hsi.roots") == "2"


async def test_a_running_root_is_not_continued_by_another_machine(
    house: House, postgres: Postgres
) -> None:
    await registered(house, 1)
    house.host = "there"
    await house.run(detect_concurrency=0)
    assert query(postgres, house, "SELECT string_agg(host, ' ' ORDER BY id) FROM hsi.roots") == (
        "here there"
    )


async def test_the_clean_up_deletes_unused_roots(house: House, postgres: Postgres) -> None:
    query(postgres, house, "INSERT INTO hsi.roots (host, path) VALUES ('long', 'gone')")
    pipeline = await registered(house, 1)
    await pipeline.cleanup.delete_expired(dry_run=True)
    assert query(postgres, house, "SELECT count(*) FROM hsi.roots") == "2"
    await pipeline.cleanup.delete_expired(dry_run=False)
    assert query(postgres, house, "SELECT host FROM hsi.roots") == "here"


@pytest.mark.parametrize("forgotten", [False, True])
async def test_the_clean_up_keeps_images_of_other_roots(
    house: House, other: Path, postgres: Postgres, *, forgotten: bool
) -> None:
    _, journal = await house.run(retention_days=1.0 if forgotten else 0.0, original_days=30.0)
    house.upload("front/0.jpg", "tree 0.9")
    await journal.ended(1)
    # Past the retention of files, or of records.
    age = 2 if forgotten else 31
    query(postgres, house, f"UPDATE hsi.images SET found_at = found_at - interval '{age} days'")
    if forgotten:
        assert (await house.pipelines[0].cleanup.delete_expired(dry_run=False)).images == 1
    there = (
        "SELECT (SELECT count(*) FROM hsi.images WHERE NOT file_gone)"
        " + (SELECT count(*) FROM hsi.forgotten_files)"
    )
    # A foreign folder that was accepted by mistake, with an image of its own.
    query(postgres, house, "UPDATE hsi.workers SET has_left = true")
    house.root, house.host = other, "there"
    house.upload("front/1.jpg", "tree 0.8")
    second, journal = await house.run(retention_days=0.0, original_days=30.0)
    await journal.image("front/1.jpg")
    assert (await second.cleanup.delete_expired(dry_run=True)).orphans == 0
    assert (await second.cleanup.delete_expired(dry_run=False)).orphans == 0
    assert query(postgres, house, there) == "2"

    # No other worker is left: the folder was changed, and a file that is not here is gone.
    await house.pipelines[0].stop()
    query(postgres, house, f"{LONG_AGO} WHERE root = 1")
    assert (await second.cleanup.delete_expired(dry_run=False)).orphans == int(forgotten)
    assert query(postgres, house, there) == "1"


async def test_images_missing_after_a_change_of_folder_become_dead_letters(
    house: House, other: Path, postgres: Postgres
) -> None:
    await (await registered(house, 3)).stop()
    before, house.root = house.root, other
    shutil.copy2(before / "front/0.jpg", other / "front/0.jpg")
    shutil.copyfile(before / "front/1.jpg", other / "front/1.jpg")  # with another modification time
    query(postgres, house, LONG_AGO)

    pipeline, journal = await house.run(away_limit=0.1, retry_max=0.2)
    ended = {(i.path, i.state, i.reason) for i in await journal.ended(4)}
    [letter] = (await pipeline.queries.list_dead_letters(DeadLetterQuery())).items
    assert ended == {
        ("front/0.jpg", ImageState.DETECTED, None),
        ("front/1.jpg", ImageState.SKIPPED, "replaced"),
        ("front/1.jpg", ImageState.DETECTED, None),
        ("front/2.jpg", ImageState.DEAD, letter.message),
    }
    assert (letter.failure, letter.error_type) == (FailureClass.INPUT, "root_changed")
    assert str(before) in letter.message
    assert str(other) in letter.message

    shutil.copy2(before / "front/2.jpg", other / "front/2.jpg")
    await pipeline.dead_letters.requeue()
    await journal.until(lambda j: [i for i in j.images if i.path == "front/2.jpg" and not i.reason])
