"""Deliveries: at least once, with back-pressure, and live images past a backlog."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
import os
from pathlib import Path
import time

from hypothesis import given, strategies as st
import pytest

from hsi_core.domain.found_file import LIVE_FOR, FoundFile
from hsi_core.domain.models import Image, ImageState, SkipReason
from hsi_core.domain.updates import ImageUpdate
from hsi_core.watch.deliveries import CAPACITY, Deliveries, Lane
from tests.core.watch.conftest import SOON, Watch, write

type Make = Callable[..., Watch]

BACKLOG_AGE = 2 * LIVE_FOR.total_seconds()
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def old_file(number: int) -> FoundFile:
    return FoundFile(camera="front", path=f"front/{number}.jpg", size=1, mtime_ns=number)


def live_file(number: int) -> FoundFile:
    return FoundFile(
        camera="front",
        path=f"front/{number}.jpg",
        size=1,
        mtime_ns=int(NOW.timestamp()) * 1_000_000_000 + number,
    )


@pytest.fixture
def deliveries() -> Deliveries:
    return Deliveries(now=lambda: NOW)


async def offer_all(deliveries: Deliveries, files: Sequence[FoundFile]) -> None:
    async with asyncio.timeout(SOON):
        for file in files:
            await deliveries.offer(file)


async def blocked(coroutine: object) -> asyncio.Task[None]:
    """Start something and let it run until it has to wait."""
    assert asyncio.iscoroutine(coroutine)
    task = asyncio.create_task(coroutine)
    for _ in range(3):
        await asyncio.sleep(0)
    assert not task.done()
    return task


async def test_files_are_taken_in_the_order_they_were_offered(deliveries: Deliveries) -> None:
    await offer_all(deliveries, [old_file(1), old_file(2)])

    assert await deliveries.backlog["front"].take() == [old_file(1), old_file(2)]


async def test_a_file_in_flight_is_not_delivered_again(deliveries: Deliveries) -> None:
    await offer_all(deliveries, [old_file(1)])
    await deliveries.backlog["front"].take()

    await offer_all(deliveries, [old_file(1), old_file(2)])

    assert await deliveries.backlog["front"].take() == [old_file(2)]


async def test_an_acknowledged_file_is_not_delivered_again(deliveries: Deliveries) -> None:
    await offer_all(deliveries, [old_file(1)])
    deliveries.acknowledge(await deliveries.backlog["front"].take())

    await offer_all(deliveries, [old_file(1), old_file(2)])

    assert await deliveries.backlog["front"].take() == [old_file(2)]


async def test_a_refused_file_is_delivered_again(deliveries: Deliveries) -> None:
    await offer_all(deliveries, [old_file(1)])
    deliveries.refuse(await deliveries.backlog["front"].take())

    await offer_all(deliveries, [old_file(1)])

    assert await deliveries.backlog["front"].take() == [old_file(1)]


async def test_refusing_an_acknowledged_file_has_no_effect(deliveries: Deliveries) -> None:
    await offer_all(deliveries, [old_file(1)])
    files = await deliveries.backlog["front"].take()
    deliveries.acknowledge(files)
    deliveries.refuse(files)

    assert deliveries.is_known(old_file(1))


async def test_a_full_lane_makes_the_watcher_wait(deliveries: Deliveries) -> None:
    files = [old_file(number) for number in range(CAPACITY)]
    await offer_all(deliveries, files)
    waiting = await blocked(deliveries.offer(old_file(CAPACITY)))

    assert await deliveries.backlog["front"].take() == files
    async with asyncio.timeout(SOON):
        await waiting
    assert await deliveries.backlog["front"].take() == [old_file(CAPACITY)]


async def test_a_live_image_does_not_wait_behind_the_backlog(deliveries: Deliveries) -> None:
    await offer_all(deliveries, [old_file(number) for number in range(CAPACITY)])
    waiting = await blocked(deliveries.offer(old_file(CAPACITY)))

    await offer_all(deliveries, [live_file(1)])

    assert await deliveries.live["front"].take() == [live_file(1)]
    waiting.cancel()


async def test_a_closed_backlog_leaves_files_in_their_folder(deliveries: Deliveries) -> None:
    await offer_all(deliveries, [old_file(number) for number in range(CAPACITY)])
    waiting = await blocked(deliveries.offer(old_file(CAPACITY)))
    overflowed = await blocked(deliveries.overflowed())

    deliveries.backlog["front"].close()
    async with asyncio.timeout(SOON):
        await waiting
        await overflowed
    await offer_all(deliveries, [old_file(CAPACITY + 1), live_file(1)])

    assert deliveries.postponed == {"front"}
    assert len(await deliveries.backlog["front"].take()) == CAPACITY
    assert await deliveries.live["front"].take() == [live_file(1)]


async def test_an_opened_backlog_accepts_postponed_files(deliveries: Deliveries) -> None:
    deliveries.backlog["front"].close()
    await offer_all(deliveries, [old_file(1)])
    deliveries.backlog["front"].open()

    deliveries.begin_scan("front")
    await offer_all(deliveries, [old_file(1)])

    assert not deliveries.postponed
    assert await deliveries.backlog["front"].take() == [old_file(1)]


async def test_a_file_whose_offer_is_cancelled_is_delivered_later(deliveries: Deliveries) -> None:
    await offer_all(deliveries, [old_file(number) for number in range(CAPACITY)])
    waiting = await blocked(deliveries.offer(old_file(CAPACITY)))
    waiting.cancel()
    await asyncio.wait([waiting])

    assert len(await deliveries.backlog["front"].take()) == CAPACITY
    assert deliveries.postponed == {"front"}
    await offer_all(deliveries, [old_file(CAPACITY)])
    assert await deliveries.backlog["front"].take() == [old_file(CAPACITY)]


async def test_a_refused_file_is_found_by_the_next_full_scan(watch: Make, root: Path) -> None:
    for index in range(3):
        write(root / f"front/{index}.jpg", age=60)
    seen = watch(rescan_interval=0.1)
    seen.refuse(2)

    await seen.start()

    assert await seen.paths(3) == ["front/0.jpg", "front/1.jpg", "front/2.jpg"]


async def test_a_refused_upload_is_found_by_the_next_full_scan(watch: Make, root: Path) -> None:
    seen = watch(rescan_interval=0.1)
    await seen.start()
    seen.refuse(1)

    write(root / "front/a.jpg")

    assert (await seen.next()).path == "front/a.jpg"


async def test_postponed_files_are_scanned_for_when_deliveries_resume(
    watch: Make, root: Path
) -> None:
    write(root / "front/a.jpg", age=BACKLOG_AGE)
    seen = watch(watch_retry=3600.0)
    seen.deliveries.backlog["front"].close()
    await seen.start()
    assert seen.found.empty()

    seen.deliveries.backlog["front"].open()
    seen.deliveries.resume({"front"})

    assert (await seen.next()).path == "front/a.jpg"


async def test_no_upload_is_lost_while_nothing_is_taken(watch: Make, root: Path) -> None:
    seen = watch(watch_retry=3600.0)
    seen.watch()
    async with asyncio.timeout(SOON):
        await seen.watcher.ready.wait()
    count = 2 * CAPACITY
    for index in range(count):
        write(root / f"front/{index}.jpg")

    seen.take()

    assert len({(await seen.next()).path for _ in range(count)}) == count


async def test_an_upload_passes_a_backlog_that_is_not_taken(watch: Make, root: Path) -> None:
    for index in range(2 * CAPACITY):
        write(root / f"yard/gate/{index}.jpg", age=BACKLOG_AGE)
    write(root / "front/first.jpg", age=BACKLOG_AGE)
    seen = watch()
    seen.watch()
    async with asyncio.timeout(SOON):
        backlog = await seen.deliveries.backlog["front"].take()
    assert backlog[0].path == "front/first.jpg"  # the folder is watched and listed

    write(root / "front/now.jpg")

    async with asyncio.timeout(SOON):
        assert [file.path for file in await seen.deliveries.live["front"].take()] == [
            "front/now.jpg"
        ]


async def test_the_file_of_a_replaced_image_is_delivered_at_once(watch: Make, root: Path) -> None:
    path = write(root / "front/a.jpg", age=60)
    seen = watch(watch_retry=3600.0)
    await seen.start()
    first = await seen.next()
    then = time.time() - 30
    os.utime(path, (then, then))  # without an event, as by an FTP server after the upload

    seen.publisher.publish([ImageUpdate(image=replaced_image(first))])

    second = await seen.next()
    assert (second.path, second.size) == (first.path, first.size)
    assert second.mtime_ns != first.mtime_ns


def replaced_image(file: FoundFile) -> Image:
    return Image(
        id=1,
        camera=file.camera,
        path=file.path,
        size=file.size,
        mtime_ns=file.mtime_ns,
        captured_at=NOW,
        found_at=NOW,
        state=ImageState.SKIPPED,
        reason=SkipReason.REPLACED,
    )


@given(
    st.lists(
        st.sampled_from(["offer", "take", "acknowledge", "refuse", "close", "open", "cancel"]),
        max_size=60,
    )
)
def test_every_file_is_acknowledged_whatever_happened_before(steps: Sequence[str]) -> None:
    """A file is delivered again by a scan unless it is acknowledged or still on its way."""
    asyncio.run(deliver_after(steps))


async def deliver_after(steps: Sequence[str]) -> None:
    deliveries = Deliveries(now=lambda: NOW)
    offered: list[FoundFile] = []
    offering: list[asyncio.Task[None]] = []
    taken: list[FoundFile] = []
    acknowledged: set[FoundFile] = set()
    for step in steps:
        match step:
            case "offer":
                for make in (old_file, live_file):
                    files = [make(len(offered) + number) for number in range(CAPACITY // 2)]
                    offered += files
                    offering.append(asyncio.create_task(offer_all(deliveries, files)))
            case "take":
                for lane in (deliveries.live["front"], deliveries.backlog["front"]):
                    taken += await take_waiting(lane)
            case "acknowledge":
                deliveries.acknowledge(taken[:10])
                acknowledged.update(taken[:10])
                del taken[:10]
            case "refuse":
                deliveries.refuse(taken[:10])
                del taken[:10]
            case "close":
                deliveries.backlog["front"].close()
            case "open":
                deliveries.backlog["front"].open()
            case "cancel" if offering:
                offering.pop().cancel()
        await asyncio.sleep(0)
    deliveries.refuse(taken)
    deliveries.backlog["front"].open()
    arrived: asyncio.Queue[FoundFile] = asyncio.Queue()
    takers = [
        asyncio.create_task(acknowledge_all(deliveries, lane, arrived))
        for lane in (deliveries.live["front"], deliveries.backlog["front"])
    ]
    await asyncio.gather(*offering, return_exceptions=True)
    await offer_all(deliveries, offered)  # as a scan does
    async with asyncio.timeout(SOON):
        while acknowledged != set(offered):
            acknowledged.add(await arrived.get())
    for taker in takers:
        taker.cancel()


async def take_waiting(lane: Lane) -> list[FoundFile]:
    """Take what is in the lane now, if anything."""
    taking = asyncio.create_task(lane.take())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    if not taking.done():
        taking.cancel()
        await asyncio.wait([taking])
        return []
    return taking.result()


async def acknowledge_all(
    deliveries: Deliveries, lane: Lane, arrived: asyncio.Queue[FoundFile]
) -> None:
    while True:
        files = await lane.take()
        deliveries.acknowledge(files)
        for file in files:
            arrived.put_nowait(file)
