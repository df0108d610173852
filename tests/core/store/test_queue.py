"""The queue in the database: concurrent registering, claiming and settling."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.core.store.conftest import NOON, Archive, at

# isort: split
from hsi_core.domain.found_file import FoundFile
from hsi_core.domain.models import FailureClass, JobKind
from hsi_core.store import jobs, leases, registration
from hsi_core.store.engine import begin
from hsi_core.store.leases import ClaimedJob, Failure, LeaseLostError, RetryDecision
from hsi_core.store.registration import NewImage

FAILURE = Failure(failure=FailureClass.UNKNOWN, error_type="x", message="nul \0 in it")
RETRY_NOW = RetryDecision(failure=FAILURE, delay=timedelta(0), spends_attempt=True)


def file(number: int, camera: str = "front") -> FoundFile:
    return FoundFile(camera=camera, path=f"{camera}/{number}.jpg", size=1, mtime_ns=number)


async def register(archive: Archive, *numbers: int, camera: str = "front") -> int:
    """Register files as a scan does; returns how many were new."""
    new = [NewImage(file=file(number, camera), captured_at=at(number)) for number in numbers]
    async with begin(archive.engine) as connection:
        return len((await registration.register(connection, new, found_at=NOON, now=NOON)).images)


async def claim(archive: Archive, lease: float = 30.0) -> ClaimedJob | None:
    async with begin(archive.engine) as connection:
        claimed = await leases.claim(connection, JobKind.DETECT, lease=lease)
        return claimed[0] if claimed else None


async def test_concurrent_scans_register_each_file_once(archive: Archive) -> None:
    orders = (range(50), range(49, -1, -1), range(0, 50, 2), range(1, 50, 2))
    added = await asyncio.gather(*(register(archive, *order) for order in orders))
    assert sum(added) == 50
    async with begin(archive.engine) as connection:
        assert (await jobs.stats(connection)).pending[JobKind.DETECT] == 50
        assert await registration.find_known(connection, [file(1), file(99)]) == {file(1)}


async def test_a_changed_file_is_another_image(archive: Archive) -> None:
    assert await register(archive, 1) == 1
    changed = FoundFile(camera="front", path="front/1.jpg", size=2, mtime_ns=1)
    async with begin(archive.engine) as connection:
        new = [NewImage(file=changed, captured_at=at(2))]
        added = await registration.register(connection, new, found_at=NOON, now=NOON)
        assert len(added.images) == 1
        assert added.newer == added.images


async def test_concurrent_workers_claim_each_job_once(archive: Archive) -> None:
    await register(archive, *range(20))
    claimed = [*await asyncio.gather(*(claim(archive) for _ in range(25)))]
    # A worker passes by what others claim at this moment, and finds the rest when it asks again.
    while (rest := await claim(archive)) is not None:
        claimed.append(rest)
    ids = [job.id for job in claimed if job is not None]
    assert len(ids) == len(set(ids)) == 20


async def claim_batch(archive: Archive, limit: int, **how: Any) -> list[tuple[str, float]]:
    """Claim jobs; return the camera and the second of each one's image."""
    async with begin(archive.engine) as connection:
        claimed = await leases.claim(connection, JobKind.DETECT, lease=30.0, limit=limit, **how)
    return [
        (job.camera, (job.image.captured_at - NOON).total_seconds())
        for job in claimed
        if job.image is not None
    ]


@pytest.mark.parametrize(
    ("oldest_first", "seconds"),
    [(False, [5, 4, 3, -200, -100]), (True, [-200, -100, 3, 4, 5])],
    ids=["live images before a backlog, the newest first", "by age only"],
)
async def test_jobs_are_claimed_in_order(
    archive: Archive, oldest_first: bool, seconds: list[float]
) -> None:
    await register(archive, 5, 3, 4)
    await register(archive, -100, -200)  # seconds ago: a backlog
    claimed = []
    while batch := await claim_batch(archive, 1, oldest_first=oldest_first):
        claimed += batch
    assert claimed == [("front", second) for second in seconds]


@pytest.mark.parametrize("oldest_first", [False, True])
@pytest.mark.parametrize("second", [1, -1000], ids=["live", "backlog"])
async def test_a_batch_takes_a_job_of_each_camera_in_turn(
    archive: Archive, second: int, oldest_first: bool
) -> None:
    await register(archive, *range(second, second + 20))
    await register(archive, second, second + 1, camera="yard")
    batch = await claim_batch(archive, 6, oldest_first=oldest_first)
    assert [camera for camera, _ in batch].count("yard") == 2
    assert {camera for camera, _ in batch[:2]} == {"front", "yard"}


async def test_a_camera_that_had_turns_waits_for_the_others(archive: Archive) -> None:
    await register(archive, *range(5))
    await register(archive, *range(5), camera="yard")
    batch = await claim_batch(archive, 4, lags={"front": 2})
    assert [camera for camera, _ in batch][:2] == ["yard", "yard"]
    assert {camera for camera, _ in batch[2:]} == {"front", "yard"}


async def test_a_live_image_passes_the_backlogs_of_all_cameras(archive: Archive) -> None:
    await register(archive, *range(-1000, -990))
    await register(archive, *range(-1000, -990), camera="yard")
    await register(archive, 1)
    assert (await claim_batch(archive, 1, lags={"front": 9})) == [("front", 1)]


async def test_a_postponed_job_is_not_claimed(archive: Archive) -> None:
    await register(archive, 1)
    job = await claim(archive)
    assert job is not None
    async with begin(archive.engine) as connection:
        await leases.settle(connection, job, replace(RETRY_NOW, delay=timedelta(hours=1)))
    assert await claim(archive) is None


async def outdated(archive: Archive) -> tuple[ClaimedJob, ClaimedJob]:
    """Return two claims of one job, of which only the second still counts."""
    old = await claim(archive)
    assert old is not None
    async with begin(archive.engine) as connection:
        await leases.release(connection, [old])
    new = await claim(archive)
    assert new is not None
    assert new.id == old.id
    assert new.fence > old.fence
    return old, new


async def test_a_fence_from_before_a_restore_fits_no_claim_after_it(archive: Archive) -> None:
    await register(archive, 1)
    lost = await claim(archive)
    assert lost is not None
    async with begin(archive.engine) as connection:
        await connection.execute(
            text("UPDATE hsi.jobs SET state = 'pending', fence = 0, lease_until = NULL")
        )
    again = await claim(archive)
    assert again is not None
    async with begin(archive.engine) as connection:
        assert await leases.finish(connection, [lost]) == frozenset()


@pytest.mark.parametrize("delay", [timedelta(0), None], ids=["retry", "dead letter"])
async def test_an_outdated_fence_settles_nothing(archive: Archive, delay: timedelta | None) -> None:
    await register(archive, 1)
    old, new = await outdated(archive)
    with pytest.raises(LeaseLostError):
        async with begin(archive.engine) as connection:
            await leases.settle(connection, old, replace(RETRY_NOW, delay=delay))
    async with begin(archive.engine) as connection:
        assert await leases.finish(connection, [new]) == {new.id}


@pytest.mark.parametrize("act", ["renew", "finish", "release"])
async def test_a_batch_changes_all_jobs_but_those_with_an_outdated_fence(
    archive: Archive, act: str
) -> None:
    await register(archive, 1, 2, 3)
    old, new = await outdated(archive)
    others = [job for job in [await claim(archive), await claim(archive)] if job is not None]
    actions = {
        "renew": lambda c, held: leases.renew(c, held, lease=30),
        "finish": leases.finish,
        "release": leases.release,
    }
    async with begin(archive.engine) as connection:
        changed = await actions[act](connection, [others[1], old, others[0]])
    assert changed == {job.id for job in others}
    async with begin(archive.engine) as connection:
        assert await leases.finish(connection, [new]) == {new.id}


async def test_jobs_claimed_in_a_batch_are_in_order(archive: Archive) -> None:
    await register(archive, 5, 3, 4)
    await register(archive, -100, -200)
    async with begin(archive.engine) as connection:
        first = await leases.claim(connection, JobKind.DETECT, lease=30.0, limit=4)
        rest = await leases.claim(connection, JobKind.DETECT, lease=30.0, limit=4)
    order = [(job.image.captured_at - NOON).total_seconds() for job in (*first, *rest) if job.image]
    assert order == [5, 4, 3, -200, -100]
    assert (len(first), len(rest)) == (4, 1)


async def test_concurrent_batches_lock_jobs_in_id_order(archive: Archive) -> None:
    await register(archive, *range(40))
    async with begin(archive.engine) as connection:
        held = await leases.claim(connection, JobKind.DETECT, lease=30.0, limit=40)

    async def renew(jobs: Sequence[ClaimedJob]) -> None:
        async with begin(archive.engine) as connection:
            assert len(await leases.renew(connection, jobs, lease=30.0)) == 40

    # A deadlock would make PostgreSQL abort one of them.
    await asyncio.gather(*(renew(held[::step]) for step in (1, -1) * 5))


async def test_only_an_expired_lease_counts_a_crash(archive: Archive) -> None:
    await register(archive, 1, 2)
    dead, alive = await claim(archive, lease=0.0), await claim(archive, lease=30.0)
    assert dead is not None
    assert alive is not None
    async with begin(archive.engine) as connection:
        assert [job.id for job in await leases.find_expired(connection)] == [dead.id]
        assert await leases.renew(connection, [dead], lease=30.0) == {dead.id}
    # Its worker is still alive.
    crash = RetryDecision(failure=FAILURE, delay=timedelta(0), counts_crash=True)
    with pytest.raises(LeaseLostError):
        async with begin(archive.engine) as connection:
            await leases.settle(connection, dead, crash)
