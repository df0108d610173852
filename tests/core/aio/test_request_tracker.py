"""The stop of the pipeline ends its running requests; nothing else does."""

import asyncio

import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.aio.request_tracker import RequestTracker
from hsi_core.domain.errors import PipelineStoppedError


class Request:
    """A request that runs until it is ended."""

    def __init__(self, tracker: RequestTracker) -> None:
        self._tracker = tracker
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()
        self.ended = False

    async def ask(self) -> str:
        with self._tracker.track():
            self.begun.set()
            try:
                await self.go_on.wait()
            finally:
                self.ended = True
        return "answer"


async def test_the_stop_ends_a_running_request_and_refuses_later_ones() -> None:
    tracker = RequestTracker()
    request = Request(tracker)
    asking = asyncio.create_task(request.ask())
    await request.begun.wait()
    await tracker.stop()
    assert request.ended
    with pytest.raises(PipelineStoppedError):
        await asking
    with pytest.raises(PipelineStoppedError):
        await request.ask()


async def test_the_stop_ends_nested_requests_with_one_error() -> None:
    tracker = RequestTracker()
    request = Request(tracker)

    async def ask() -> str:
        with tracker.track():
            return await request.ask()

    asking = asyncio.create_task(ask())
    await request.begun.wait()
    await tracker.stop()
    with pytest.raises(PipelineStoppedError):
        await asking


async def test_a_request_that_finishes_before_the_stop_is_answered() -> None:
    tracker = RequestTracker()
    request = Request(tracker)
    asking = asyncio.create_task(request.ask())
    await request.begun.wait()
    request.go_on.set()
    assert await asking == "answer"
    await tracker.stop()
    assert not asking.cancelling()


async def test_the_caller_goes_on_after_an_ended_request() -> None:
    tracker = RequestTracker()
    request = Request(tracker)

    async def ask() -> str:
        try:
            return await request.ask()
        except PipelineStoppedError:
            await asyncio.sleep(0)
            return "stopped"

    asking = asyncio.create_task(ask())
    await request.begun.wait()
    await tracker.stop()
    assert await asking == "stopped"


async def test_a_cancelled_caller_stays_cancelled() -> None:
    tracker = RequestTracker()
    request = Request(tracker)
    asking = asyncio.create_task(request.ask())
    await request.begun.wait()
    asking.cancel()
    await tracker.stop()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert request.ended


async def test_an_error_of_the_request_itself_is_raised() -> None:
    tracker = RequestTracker()

    async def ask() -> None:
        with tracker.track():
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await ask()
    await tracker.stop()
