"""The scan schedule: every scan at the start, requests are never lost, none starves another."""

import asyncio

import pytest

from hsi_core.domain.settings import Settings
from hsi_core.watch.schedule import Scan, ScanSchedule

LONG = 3600.0  # seconds
SOON = 60.0  # seconds


@pytest.fixture
async def schedule() -> ScanSchedule:
    return ScanSchedule(Settings(rescan_interval=LONG, watch_retry=LONG, polling_interval=LONG))


async def next_scan(schedule: ScanSchedule) -> Scan:
    """Return the next scan and mark it as finished."""
    async with asyncio.timeout(SOON):
        scan = await schedule.wait()
    schedule.finish(scan, began=asyncio.get_running_loop().time())
    return scan


async def nothing_due(schedule: ScanSchedule) -> asyncio.Task[Scan]:
    waiting = asyncio.create_task(schedule.wait())
    for _ in range(3):
        await asyncio.sleep(0)
    assert not waiting.done()
    return waiting


async def test_every_scan_is_due_at_the_start_the_full_one_first(schedule: ScanSchedule) -> None:
    assert [await next_scan(schedule) for _ in Scan] == [Scan.FULL, Scan.RETRY, Scan.POLL]
    (await nothing_due(schedule)).cancel()


async def test_a_request_ends_the_wait(schedule: ScanSchedule) -> None:
    for _ in Scan:
        await next_scan(schedule)
    waiting = await nothing_due(schedule)

    schedule.request(Scan.RETRY)

    async with asyncio.timeout(SOON):
        assert await waiting is Scan.RETRY


async def test_a_request_during_a_scan_is_kept(schedule: ScanSchedule) -> None:
    for _ in Scan:
        await next_scan(schedule)
    schedule.request(Scan.FULL)
    running = await schedule.wait()
    schedule.request(Scan.FULL)
    schedule.finish(running, began=asyncio.get_running_loop().time())

    assert await next_scan(schedule) is Scan.FULL


async def test_repeated_requests_for_one_scan_do_not_starve_another(
    schedule: ScanSchedule,
) -> None:
    for _ in Scan:
        await next_scan(schedule)
    schedule.request(Scan.FULL)
    schedule.request(Scan.RETRY)

    assert await next_scan(schedule) is Scan.FULL
    schedule.request(Scan.FULL)
    assert await next_scan(schedule) is Scan.RETRY


async def test_a_schedule_restarts_after_an_interrupted_scan(schedule: ScanSchedule) -> None:
    await schedule.wait()

    schedule.restart()

    assert [await next_scan(schedule) for _ in Scan] == [Scan.FULL, Scan.RETRY, Scan.POLL]


async def test_a_long_scan_is_followed_by_a_longer_pause() -> None:
    schedule = ScanSchedule(Settings(rescan_interval=LONG, watch_retry=LONG, polling_interval=0.01))
    for _ in Scan:
        await next_scan(schedule)
    async with asyncio.timeout(SOON):
        assert await schedule.wait() is Scan.POLL

    schedule.finish(Scan.POLL, began=asyncio.get_running_loop().time() - LONG)

    (await nothing_due(schedule)).cancel()
