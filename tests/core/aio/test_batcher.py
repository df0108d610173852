"""The batcher: calls at the same time form batches, and each call gets its own result."""

import asyncio
from collections.abc import Sequence

import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.aio.batcher import Batcher


class Doubling:
    """Double numbers once `go` is set; fail if 13 is among them."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.started = asyncio.Event()
        self.go = asyncio.Event()

    async def __call__(self, numbers: Sequence[int]) -> list[int]:
        self.batches.append(list(numbers))
        self.started.set()
        await self.go.wait()
        if 13 in numbers:
            raise ValueError("13")
        return [2 * number for number in numbers]


async def test_calls_during_a_batch_form_the_next_one() -> None:
    doubling = Doubling()
    batcher = Batcher(doubling, max_size=3)
    first = asyncio.create_task(batcher.submit(1))
    await doubling.started.wait()
    others = [asyncio.create_task(batcher.submit(number)) for number in (2, 3, 4, 5)]
    await asyncio.sleep(0)
    doubling.go.set()
    assert await asyncio.gather(first, *others) == [2, 4, 6, 8, 10]
    assert doubling.batches == [[1], [2, 3, 4], [5]]


async def test_simultaneous_calls_form_one_batch() -> None:
    doubling = Doubling()
    doubling.go.set()
    batcher = Batcher(doubling, max_size=10)
    assert await asyncio.gather(*(batcher.submit(number) for number in range(4))) == [0, 2, 4, 6]
    assert await batcher.submit(7) == 14
    assert doubling.batches == [[0, 1, 2, 3], [7]]


async def test_a_failure_concerns_only_the_item_that_caused_it() -> None:
    doubling = Doubling()
    doubling.go.set()
    batcher = Batcher(doubling, max_size=10)
    results = await asyncio.gather(
        *(batcher.submit(number) for number in (1, 13, 2)), return_exceptions=True
    )
    assert results[::2] == [2, 4]
    assert isinstance(results[1], ValueError)
    assert doubling.batches == [[1, 13, 2], [1], [13], [2]]


async def test_work_without_callers_is_cancelled_and_new_calls_are_served() -> None:
    doubling = Doubling()
    batcher = Batcher(doubling, max_size=10)
    calls = [asyncio.create_task(batcher.submit(number)) for number in (1, 2)]
    await doubling.started.wait()
    calls[0].cancel()
    await asyncio.wait([calls[0]])
    waiting = asyncio.create_task(batcher.submit(3))
    await asyncio.sleep(0)
    for task in (calls[1], waiting):
        task.cancel()
    await asyncio.wait([calls[1], waiting])
    assert doubling.batches == [[1, 2]]
    doubling.go.set()
    assert await batcher.submit(4) == 8


async def test_a_cancelled_call_does_not_affect_the_others() -> None:
    doubling = Doubling()
    batcher = Batcher(doubling, max_size=10)
    cancelled, other = (asyncio.create_task(batcher.submit(number)) for number in (1, 2))
    await doubling.started.wait()
    cancelled.cancel()
    doubling.go.set()
    assert await other == 4
    with pytest.raises(asyncio.CancelledError):
        await cancelled


async def test_a_small_batch_waits_for_more_items() -> None:
    doubling = Doubling()
    doubling.go.set()
    batcher = Batcher(doubling, max_size=10, min_size=lambda: 3)
    calls = [asyncio.create_task(batcher.submit(1))]
    await asyncio.sleep(0)
    assert not doubling.started.is_set()
    calls += [asyncio.create_task(batcher.submit(number)) for number in (2, 3)]
    assert await asyncio.gather(*calls) == [2, 4, 6]
    assert doubling.batches == [[1, 2, 3]]


async def test_a_small_batch_does_not_wait_for_long() -> None:
    doubling = Doubling()
    doubling.go.set()
    batcher = Batcher(doubling, max_size=10, min_size=lambda: 3)
    assert await batcher.submit(1) == 2
    assert [*await asyncio.gather(batcher.submit(2), batcher.submit(3))] == [4, 6]
    assert doubling.batches == [[1], [2, 3]]


async def test_a_full_batch_does_not_wait() -> None:
    doubling = Doubling()
    doubling.go.set()
    batcher = Batcher(doubling, max_size=2, min_size=lambda: 3)
    assert await asyncio.gather(*(batcher.submit(number) for number in (1, 2, 3))) == [2, 4, 6]
    assert doubling.batches == [[1, 2], [3]]
