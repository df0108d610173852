"""Doing together what many ask for: at once, in portions, and each with an answer of its own."""

import asyncio
from collections.abc import Sequence

import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.aio.batcher import Together


class Doubling:
    """Doubles numbers once it may; refuses to have anything to do with 13."""

    def __init__(self) -> None:
        self.portions: list[list[int]] = []
        self.begun = asyncio.Event()
        self.go = asyncio.Event()

    async def __call__(self, numbers: Sequence[int]) -> list[int]:
        self.portions.append(list(numbers))
        self.begun.set()
        await self.go.wait()
        if 13 in numbers:
            raise ValueError("13")
        return [2 * number for number in numbers]


async def test_what_is_asked_meanwhile_is_the_next_portion() -> None:
    doubling = Doubling()
    together = Together(doubling, at_most=3)
    first = asyncio.create_task(together.ask(1))
    await doubling.begun.wait()
    others = [asyncio.create_task(together.ask(number)) for number in (2, 3, 4, 5)]
    await asyncio.sleep(0)
    doubling.go.set()
    assert await asyncio.gather(first, *others) == [2, 4, 6, 8, 10]
    assert doubling.portions == [[1], [2, 3, 4], [5]]


async def test_who_asks_at_the_same_time_is_answered_together() -> None:
    doubling = Doubling()
    doubling.go.set()
    together = Together(doubling, at_most=10)
    assert await asyncio.gather(*(together.ask(number) for number in range(4))) == [0, 2, 4, 6]
    assert await together.ask(7) == 14
    assert doubling.portions == [[0, 1, 2, 3], [7]]


async def test_one_failure_is_nobody_elses() -> None:
    doubling = Doubling()
    doubling.go.set()
    together = Together(doubling, at_most=10)
    answers = await asyncio.gather(
        *(together.ask(number) for number in (1, 13, 2)), return_exceptions=True
    )
    assert answers[::2] == [2, 4]
    assert isinstance(answers[1], ValueError)
    assert doubling.portions == [[1, 13, 2], [1], [13], [2]]


async def test_work_that_nobody_waits_for_ends_and_more_may_be_asked() -> None:
    doubling = Doubling()
    together = Together(doubling, at_most=10)
    asking = [asyncio.create_task(together.ask(number)) for number in (1, 2)]
    await doubling.begun.wait()
    asking[0].cancel()
    await asyncio.wait([asking[0]])
    waiting = asyncio.create_task(together.ask(3))
    await asyncio.sleep(0)
    for task in (asking[1], waiting):
        task.cancel()
    await asyncio.wait([asking[1], waiting])
    assert doubling.portions == [[1, 2]]
    doubling.go.set()
    assert await together.ask(4) == 8


async def test_who_goes_away_costs_the_others_nothing() -> None:
    doubling = Doubling()
    together = Together(doubling, at_most=10)
    leaving, staying = (asyncio.create_task(together.ask(number)) for number in (1, 2))
    await doubling.begun.wait()
    leaving.cancel()
    doubling.go.set()
    assert await staying == 4
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_a_portion_is_waited_for_where_more_is_to_come() -> None:
    doubling = Doubling()
    doubling.go.set()
    together = Together(doubling, at_most=10, enough=lambda: 3)
    asking = [asyncio.create_task(together.ask(1))]
    await asyncio.sleep(0)
    assert not doubling.begun.is_set()
    asking += [asyncio.create_task(together.ask(number)) for number in (2, 3)]
    assert await asyncio.gather(*asking) == [2, 4, 6]
    assert doubling.portions == [[1, 2, 3]]


async def test_what_does_not_come_is_not_waited_for_long() -> None:
    doubling = Doubling()
    doubling.go.set()
    together = Together(doubling, at_most=10, enough=lambda: 3)
    assert await together.ask(1) == 2
    assert await asyncio.gather(together.ask(2), together.ask(3)) == [4, 6]
    assert doubling.portions == [[1], [2, 3]]


async def test_no_more_is_waited_for_than_a_portion_may_hold() -> None:
    doubling = Doubling()
    doubling.go.set()
    together = Together(doubling, at_most=2, enough=lambda: 3)
    assert await asyncio.gather(*(together.ask(number) for number in (1, 2, 3))) == [2, 4, 6]
    assert doubling.portions == [[1, 2], [3]]
