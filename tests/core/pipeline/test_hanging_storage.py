"""A camera on storage that hangs or fails, as an NFS share without its server, and all others."""

import asyncio

import pytest

from testbed.services.postgres import Postgres
from tests.core.pipeline.hanging_mount import failing_mount, hanging_mount, needs_mount
from tests.core.pipeline.harness import House
from tests.core.pipeline.sql import query

# isort: split
from hsi_core.domain.errors import StorageStalledError
from hsi_core.domain.models import ImageState
from hsi_core.domain.queries import DeadLetterQuery

JOBS = (
    "SELECT DISTINCT attempts, crashes, failure, error_type FROM hsi.jobs"
    " WHERE camera = 'front' AND last_failed_at IS NOT NULL"
)


@needs_mount
async def test_storage_that_hangs_stops_no_other_camera(house: House, postgres: Postgres) -> None:
    pipeline, journal = await house.run(detect_concurrency=0)
    for number in range(12):
        house.upload(f"front/{number}.jpg", f"car 0.9 #{number}", age=60)
    await journal.depth(12)
    await pipeline.stop()

    with hanging_mount(house.root / "front"):
        pipeline, journal = await house.run(
            detect_concurrency=1, storage_timeout=0.3, watch_retry=0.2, retry_max=0.2
        )
        for number in range(3):
            house.upload(f"yard/{number}.jpg", f"person 0.8 #{number}")
            assert (await journal.image(f"yard/{number}.jpg")).state is ImageState.DETECTED
        health = await journal.health(lambda h: "front" in h.camera_errors)
        assert health.camera_errors == {"front": "storage_stalled"}
        assert not health.stages_paused
        with pytest.raises(StorageStalledError):
            await pipeline.queries.read_image(1)
        report = await asyncio.to_thread(query, postgres, house, JOBS)
        assert report in {"", "0|0|outage|storage_stalled"}

    await journal.health(lambda h: not h.camera_errors)
    assert {image.state for image in await journal.ended(15)} == {ImageState.DETECTED}
    assert (await pipeline.queries.list_dead_letters(DeadLetterQuery())).total == 0


@needs_mount
async def test_a_pipeline_stops_while_its_storage_hangs(house: House) -> None:
    with hanging_mount(house.root / "front"):
        pipeline, journal = await house.run(storage_timeout=60.0)
        house.upload("yard/a.jpg", "person 0.8")
        async with asyncio.timeout(30):
            await journal.image("yard/a.jpg")
            await pipeline.stop()


@needs_mount
async def test_an_unreadable_date_folder_keeps_the_notes_of_its_files(
    house: House, postgres: Postgres
) -> None:
    """Without the note, the next scan would take last year's file for a new image."""
    (house.root / "front/2025").mkdir()
    pipeline, journal = await house.run(retention_days=1.0)
    house.upload("front/2025/a.jpg", "tree 0.9")
    house.upload("front/now.jpg", "tree 0.8")
    await journal.ended(2)
    old = "UPDATE hsi.images SET found_at = found_at - interval '2 days' WHERE path LIKE '%/2025/%'"
    query(postgres, house, old)
    await pipeline.cleanup.delete_expired(dry_run=False)
    notes = "SELECT count(*) FROM hsi.forgotten_files"
    assert query(postgres, house, notes) == "1"

    with failing_mount(house.root / "front/2025"):
        assert (await pipeline.cleanup.delete_expired(dry_run=False)).orphans == 0
        assert query(postgres, house, notes) == "1"
    (house.root / "front/2025/a.jpg").unlink()
    assert (await pipeline.cleanup.delete_expired(dry_run=False)).orphans == 1
    assert query(postgres, house, notes) == "0"
