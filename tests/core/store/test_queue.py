"""The queue in the database: registering and claiming, by many at once."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from tests.core.store.conftest import NOON, Archive, at

# isort: split
from hsi_core.domain.found_file import FoundFile
from hsi_core.domain.models import FailureClass, JobKind
from hsi_core.store import images, jobs, leases
from hsi_core.store.engine import begin
from hsi_core.store.images import NewImage
from hsi_core.store.leases import ClaimedJob, Failure, LeaseLostError

FAILURE = Failure(failure=FailureClass.UNKNOWN, error_type="x", message="nul \0 in it")


def file(number: int) -> FoundFile:
    return FoundFile(camera="front", path=f"front/{number}.jpg", size=1, mtime_ns=number)


async def register(archive: Archive, *numbers: int) -> int:
    """Register files as a scan does; returns how many were new."""
    new = [NewImage(file=file(number), captured_at=at(number)) for number in numbers]
    async with begin(archive.engine) as connection:
        added = await images.add(connection, new, now=NOON)
        if added:
            await jobs.enqueue_detect(connection, added, now=NOON)
        return len(added)


async def claim(archive: Archive, lease: float = 30.0) -> ClaimedJob | None:
    async with begin(archive.engine) as connection:
        claimed = await leases.claim(connection, JobKind.DETECT, lease=lease)
        return claimed[0] if claimed else None


async def test_scans_that_race_register_each_file_once(archive: Archive) -> None:
    orders = (range(50), range(49, -1, -1), range(0, 50, 2), range(1, 50, 2))
    added = await asyncio.gather(*(register(archive, *order) for order in orders))
    assert sum(added) == 50
    async with begin(archive.engine) as connection:
        assert (await jobs.stats(connection)).pending[JobKind.DETECT] == 50
        assert await images.known(connection, [file(1), file(99)]) == {file(1)}


async def test_a_changed_file_is_another_image(archive: Archive) -> None:
    assert await register(archive, 1) == 1
    changed = FoundFile(camera="front", path="front/1.jpg", size=2, mtime_ns=1)
    async with begin(archive.engine) as connection:
        new = [NewImage(file=changed, captured_at=at(2))]
        assert len(await images.add(connection, new, now=NOON)) == 1


async def test_workers_that_race_claim_each_job_once(archive: Archive) -> None:
    await register(archive, *range(20))
    claimed = await asyncio.gather(*(claim(archive) for _ in range(25)))
    ids = [job.id for job in claimed if job is not None]
    assert len(ids) == len(set(ids)) == 20


async def test_jobs_go_by_priority_and_then_as_it_happened(archive: Archive) -> None:
    await register(archive, 5, 3, 4)
    await register(archive, -100, -200)  # seconds ago: a backlog
    order = []
    while (job := await claim(archive)) is not None:
        async with begin(archive.engine) as connection:
            image = await images.get(connection, job.image_id or 0)
        assert image is not None
        order.append((image.captured_at - NOON).total_seconds())
    assert order == [3, 4, 5, -200, -100]


async def test_a_job_that_waits_is_not_claimed(archive: Archive) -> None:
    await register(archive, 1)
    job = await claim(archive)
    assert job is not None
    async with begin(archive.engine) as connection:
        await leases.postpone(
            connection, job, FAILURE, delay=timedelta(hours=1), spend_attempt=True
        )
    assert await claim(archive) is None


async def outdated(archive: Archive) -> tuple[ClaimedJob, ClaimedJob]:
    """Return two claims of one job, of which only the second still counts."""
    old = await claim(archive)
    assert old is not None
    async with begin(archive.engine) as connection:
        await leases.release(connection, [old])
    new = await claim(archive)
    assert new is not None
    assert (new.id, new.fence) == (old.id, old.fence + 1)
    return old, new


@pytest.mark.parametrize("act", ["postpone", "give_up"])
async def test_an_old_fence_settles_nothing(archive: Archive, act: str) -> None:
    await register(archive, 1)
    old, new = await outdated(archive)
    actions = {
        "postpone": lambda c: leases.postpone(
            c, old, FAILURE, delay=timedelta(0), spend_attempt=True
        ),
        "give_up": lambda c: leases.give_up(c, old, FAILURE, spend_attempt=True),
    }
    with pytest.raises(LeaseLostError):
        async with begin(archive.engine) as connection:
            await actions[act](connection)
    async with begin(archive.engine) as connection:
        assert await leases.finish(connection, [new]) == {new.id}


@pytest.mark.parametrize("act", ["renew", "finish", "release"])
async def test_of_many_jobs_an_old_fence_falls_out_alone(archive: Archive, act: str) -> None:
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


async def test_jobs_claimed_together_come_in_their_order(archive: Archive) -> None:
    await register(archive, 5, 3, 4)
    await register(archive, -100, -200)
    async with begin(archive.engine) as connection:
        first = await leases.claim(connection, JobKind.DETECT, lease=30.0, at_most=4)
        rest = await leases.claim(connection, JobKind.DETECT, lease=30.0, at_most=4)
    order = [(job.image.captured_at - NOON).total_seconds() for job in (*first, *rest) if job.image]
    assert order == [3, 4, 5, -200, -100]
    assert (len(first), len(rest)) == (4, 1)


async def test_many_at_once_lock_jobs_in_one_order(archive: Archive) -> None:
    await register(archive, *range(40))
    async with begin(archive.engine) as connection:
        held = await leases.claim(connection, JobKind.DETECT, lease=30.0, at_most=40)

    async def renew(jobs: Sequence[ClaimedJob]) -> None:
        async with begin(archive.engine) as connection:
            assert len(await leases.renew(connection, jobs, lease=30.0)) == 40

    # In a circle they would wait for each other, and PostgreSQL would give one of them up.
    await asyncio.gather(*(renew(held[::step]) for step in (1, -1) * 5))


async def test_only_an_ended_lease_is_taken_back(archive: Archive) -> None:
    await register(archive, 1, 2)
    dead, alive = await claim(archive, lease=0.0), await claim(archive, lease=30.0)
    assert dead is not None
    assert alive is not None
    async with begin(archive.engine) as connection:
        assert [job.id for job in await leases.expired(connection)] == [dead.id]
        assert await leases.renew(connection, [dead], lease=30.0) == {dead.id}
    # Its worker was heard of after all.
    with pytest.raises(LeaseLostError):
        async with begin(archive.engine) as connection:
            await leases.record_crash(connection, dead, FAILURE, delay=timedelta(0))
