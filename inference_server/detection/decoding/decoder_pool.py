"""Run decoders in threads, with limits of memory and time over all of them."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
import contextlib
from datetime import UTC, datetime
import logging
import math
import os
from time import monotonic
from typing import Any, Final, TypeVar

from inference_server.deadline import Deadline, deadline_exceeded
from inference_server.detection.decoding.headers import read_header
from inference_server.detection.decoding.limits import memory_pixels
from inference_server.detection.decoding.pixel_budget import PixelBudget
from inference_server.errors import DetectorUnavailableError, InvalidImageError

_LOG = logging.getLogger(__name__)
_T = TypeVar("_T")
_THREADS: Final = min(4, os.cpu_count() or 1)
DEFAULT_PIXELS: Final = 50_000_000
# Ten times what the most expensive image within the limits takes.
TIME_LIMIT: Final = 45.0  # seconds, for images of up to DEFAULT_PIXELS
STUCK: Final = "An image decoder does not return; the server stops soon, to be restarted."


class DecoderPool:
    """Decode images in threads.

    A decoder that exceeds the time limit cannot be stopped. The pool is stuck from then on, and only
    a new process helps.
    """

    def __init__(
        self,
        *,
        threads: int = _THREADS,
        max_pixels: int = DEFAULT_PIXELS,
        time_limit: float | None = None,
        on_stuck: Callable[[], None] = lambda: None,
    ) -> None:
        """`max_pixels` is the limit of an image, and of all that are decoded at the same time.

        `time_limit` is in seconds, by default in proportion to `max_pixels`. `on_stuck` is called
        once from the event loop.
        """
        self._threads = ThreadPoolExecutor(threads, "decode")
        self._budget = PixelBudget(max_pixels)
        self._time_limit = time_limit or TIME_LIMIT * max(1, max_pixels / DEFAULT_PIXELS)
        self._on_stuck = on_stuck
        self._calls: set[_Call] = set()
        self.stuck_since: datetime | None = None

    async def run(self, data: bytes, decode: Callable[[bytes], _T], deadline: Deadline) -> _T:
        """Decode an image's bytes in a thread; raises the errors of `decode`.

        Raises DeadlineExceededError if the image waits for a thread until its deadline,
        InvalidImageError if it exceeds the time limit, and DetectorUnavailableError if another one
        has.
        """
        if self.stuck_since:
            raise DetectorUnavailableError(STUCK)
        loop = asyncio.get_running_loop()
        result: asyncio.Future[_T] = loop.create_future()
        call = _Call(result)

        def work() -> _T:
            deadline.check()  # waiting for a thread takes time
            with self._budget.reserve(_weight(data)):
                deadline.check()
                call.started_at = monotonic()
                return decode(data)

        def finish(decoding: Future[_T]) -> None:
            with contextlib.suppress(RuntimeError):  # the event loop has ended
                loop.call_soon_threadsafe(self._finish, call, decoding)

        self._calls.add(call)
        # Independent of the client, which may disconnect.
        call.timer = loop.call_later(self._time_limit, self._check_time, call)
        decoding = self._threads.submit(work)
        decoding.add_done_callback(finish)
        expiry = None
        if deadline.remaining < math.inf:
            expiry = loop.call_later(deadline.remaining, self._expire, call)
        try:
            return await result
        finally:
            if expiry:
                expiry.cancel()
            decoding.cancel()  # has no effect once it has begun

    def close(self) -> None:
        """Stop the threads that are not stuck."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _finish(self, call: "_Call", decoding: Future[_T]) -> None:
        self._calls.discard(call)
        if call.timer:
            call.timer.cancel()
        if decoding.cancelled():
            call.result.cancel()
        elif err := decoding.exception():
            call.fail(err)
        elif not call.result.done():
            call.result.set_result(decoding.result())

    def _expire(self, call: "_Call") -> None:
        if call.started_at is None:  # else the image itself takes the time
            call.fail(deadline_exceeded())

    def _check_time(self, call: "_Call") -> None:
        now = monotonic()
        ends_at = (call.started_at or now) + self._time_limit
        if now < ends_at:
            call.timer = asyncio.get_running_loop().call_later(
                ends_at - now, self._check_time, call
            )
            return
        call.fail(InvalidImageError(f"The image cannot be decoded in {self._time_limit:g} s."))
        if self.stuck_since:
            return
        self.stuck_since = datetime.now(UTC)
        _LOG.error("An image decoder did not return within %g s", self._time_limit)
        for other in self._calls:
            if other.started_at is None:
                other.fail(DetectorUnavailableError(STUCK))
        self._on_stuck()


class _Call:
    """One image, until its decoder returns."""

    __slots__ = ("result", "started_at", "timer")

    def __init__(self, result: "asyncio.Future[Any]") -> None:
        self.result = result
        self.started_at: float | None = None  # of time.monotonic; None while it waits
        self.timer: asyncio.TimerHandle | None = None

    def fail(self, err: BaseException) -> None:
        """Answer the caller with the error, unless it has an answer or is gone."""
        if not self.result.done():
            self.result.set_exception(err)


def _weight(data: bytes) -> int:
    try:
        return memory_pixels(read_header(data))
    except InvalidImageError:
        return 0  # the decoder refuses it
