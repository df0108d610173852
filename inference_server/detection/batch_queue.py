"""Queue prepared images and run the detector on them batch by batch."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
import contextlib
from dataclasses import dataclass
from time import perf_counter

from inference_server.deadline import NEVER, Deadline, deadline_exceeded
from inference_server.detection.base import Detector, ImageResult, PreparedImage
from inference_server.detection.throughput import Throughput
from inference_server.errors import DeadlineExceededError, DetectorUnavailableError


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLimits:
    """Maximum size of a batch, and how long it waits for images."""

    max_size: int
    max_wait: float  # seconds that the first image waits for images still being decoded


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Job:
    image: PreparedImage
    threshold: float
    deadline: Deadline
    result: asyncio.Future[ImageResult]


class InferenceQueue:
    """The prepared images waiting for the detector."""

    def __init__(
        self,
        detector: Detector,
        thread: Executor,
        *,
        limits: BatchLimits,
        on_batch: Callable[[int], None],
    ) -> None:
        """`on_batch` gets each batch's size."""
        self._detector = detector
        self._thread = thread
        self._limits = limits
        self._batch_limit = limits.max_size
        self._on_batch = on_batch
        self.throughput = Throughput()
        self._jobs: deque[_Job] = deque()
        self._decoding = 0
        self._arrived = asyncio.Event()

    @property
    def batch_limit(self) -> int:
        """Maximum number of images in a batch."""
        return self._batch_limit

    def set_batch_limit(self, limit: int) -> None:
        """Lower the batch size below the configured maximum, or restore it."""
        self._batch_limit = max(1, min(limit, self._limits.max_size))

    @property
    def waiting(self) -> int:
        """Number of prepared images in the queue."""
        return len(self._jobs)

    @contextlib.contextmanager
    def expect_image(self) -> Iterator[None]:
        """Let batches wait briefly for an image that is decoded within this context."""
        self._decoding += 1
        try:
            yield
        finally:
            self._decoding -= 1

    async def detect(
        self, image: PreparedImage, threshold: float, deadline: Deadline = NEVER
    ) -> ImageResult:
        """Queue an image and return its result; a cancelled caller leaves the queue at once.

        Raises DeadlineExceededError if the image cannot be processed before its deadline.
        """
        loop = asyncio.get_running_loop()
        result: asyncio.Future[ImageResult] = loop.create_future()
        job = _Job(image=image, threshold=threshold, deadline=deadline, result=result)
        self._jobs.append(job)
        self._arrived.set()
        # Deadlines are also checked between batches, but a batch may hang.
        expiry = (
            None if deadline is NEVER else loop.call_later(deadline.remaining, self._expire, job)
        )
        try:
            return await result
        finally:
            if expiry:
                expiry.cancel()
            if job in self._jobs:
                self._jobs.remove(job)

    def _expire(self, job: _Job) -> None:
        if job in self._jobs:  # else it is being processed
            self._jobs.remove(job)
            _fail(job, deadline_exceeded())

    def refuse_all(self, err: Exception) -> None:
        """Fail every queued image with this error."""
        _fail_all(self._jobs, err)
        self._jobs.clear()

    async def process_batches(self) -> None:
        """Process batches until cancelled."""
        while True:
            await self._arrived.wait()
            while self._jobs:
                await self._await_batch()
                if batch := self._next_batch():
                    try:
                        await self._process(batch)
                    except asyncio.CancelledError:  # the batch may hang for good
                        _fail_all(batch, DetectorUnavailableError("The detector has ended."))
                        raise
            self._arrived.clear()

    async def _await_batch(self) -> None:
        """Wait briefly for images that are being decoded while the batch has room."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._limits.max_wait):
                while len(self._jobs) < self._batch_limit and self._decoding:
                    self._arrived.clear()
                    await self._arrived.wait()

    def _next_batch(self) -> list[_Job]:
        """Return the next batch: 1, 2, 4 ... images, so that a GPU gets few shapes."""
        refused = False
        for job in list(self._jobs):
            try:
                job.deadline.check(needed=self.throughput.max_batch_seconds)
            except DeadlineExceededError as err:
                self._jobs.remove(job)
                _fail(job, err)
                refused = True
        if refused and not self._jobs:
            self.throughput.lower_estimate()
        waiting = min(len(self._jobs), self._batch_limit)
        size = 1 << waiting.bit_length() - 1 if waiting else 0
        return [self._jobs.popleft() for _ in range(size)]

    async def _process(self, batch: list[_Job]) -> None:
        images = [job.image for job in batch]
        thresholds = [job.threshold for job in batch]
        self._on_batch(len(batch))
        loop = asyncio.get_running_loop()
        started = perf_counter()
        try:
            found = await loop.run_in_executor(
                self._thread, self._detector.detect, images, thresholds
            )
            self.throughput.record(perf_counter() - started, len(batch))
            results = list(zip(batch, found, strict=True))
        except Exception as err:  # noqa: BLE001 - the callers get it
            if len(batch) == 1:
                _fail(batch[0], err)
                return
            for job in batch:  # one image may be the cause: retry one by one
                if not job.result.done():
                    await self._process([job])
        else:
            for job, result in results:
                if not job.result.done():
                    job.result.set_result(result)


def _fail(job: _Job, err: Exception) -> None:
    if not job.result.done():
        job.result.set_exception(err)


def _fail_all(jobs: Iterable[_Job], err: Exception) -> None:
    for job in jobs:
        _fail(job, err)
