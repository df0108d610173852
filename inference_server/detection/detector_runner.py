"""A loaded detector with its thread, its queue and its self-test."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
import contextlib
from datetime import UTC, datetime
import logging
from time import monotonic
from typing import Self

from inference_server.deadline import Deadline
from inference_server.detection.base import (
    Detector,
    DetectorInfo,
    DetectorLoadError,
    ImageResult,
    PreparedImage,
)
from inference_server.detection.batch_queue import BatchLimits, InferenceQueue
from inference_server.detection.decoding.decoder_pool import DecoderPool
from inference_server.detection.self_test import SelfTest, SelfTestError
from inference_server.detection.throughput import Throughput
from inference_server.errors import DetectorUnavailableError, ProblemError
from inference_server.gpu.nvml import Pressure

_LOG = logging.getLogger(__name__)
SELF_TEST_TIMEOUT = 30.0  # seconds; a batch on a slow CPU may run first
_BATCH_LIMITS: dict[Pressure, Callable[[int], int]] = {
    Pressure.NONE: lambda full: full,
    Pressure.HIGH: lambda full: full // 2,
    Pressure.CRITICAL: lambda _: 1,
}
CLOSE_TIMEOUT = 60.0  # seconds for running requests after another detector has taken over


class DetectorRunner:
    """Run one detector until it is closed."""

    def __init__(
        self,
        detector: Detector,
        self_test: SelfTest,
        queue: InferenceQueue,
        *,
        thread: ThreadPoolExecutor,
        decoders: DecoderPool,
        self_test_timeout: float,
    ) -> None:
        self._detector = detector
        self._self_tester = self_test
        self._queue = queue
        self._thread = thread
        self._decoders = decoders
        self._self_test_timeout = self_test_timeout
        self._full_batch = queue.batch_limit
        self._users = 0
        self._unused = asyncio.Event()
        self._unused.set()
        self._check_requested = asyncio.Event()
        self._mark_verified()
        self._task = asyncio.create_task(queue.process_batches(), name="inference")

    @classmethod
    async def load(
        cls,
        load: Callable[[], Detector],
        *,
        decoders: DecoderPool,
        batch_max: int | None,
        batch_wait: float,
        self_test_timeout: float,
        on_batch: Callable[[int], None],
    ) -> Self:
        """Load a detector in its own thread; raises DetectorLoadError and the errors of `load`.

        Images are decoded by `decoders`. `batch_max` None uses the detector's best
        batch size. Times are in seconds.
        """
        # One thread: a model serves one caller at a time, and CUDA contexts are bound to threads.
        thread = ThreadPoolExecutor(1, "inference")
        loop = asyncio.get_running_loop()
        try:
            detector = await loop.run_in_executor(thread, load)
            self_test = await loop.run_in_executor(thread, SelfTest, detector)
        except SelfTestError as err:
            thread.shutdown(wait=False)
            raise DetectorLoadError(str(err)) from err
        except BaseException:
            thread.shutdown(wait=False, cancel_futures=True)
            raise
        limits = BatchLimits(max_size=batch_max or detector.info.best_batch, max_wait=batch_wait)
        queue = InferenceQueue(detector, thread, limits=limits, on_batch=on_batch)
        return cls(
            detector,
            self_test,
            queue,
            thread=thread,
            decoders=decoders,
            self_test_timeout=self_test_timeout,
        )

    @property
    def info(self) -> DetectorInfo:
        """Description of the loaded detector."""
        return self._detector.info

    @property
    def batch_limit(self) -> int:
        """Maximum number of images in a batch."""
        return self._queue.batch_limit

    @property
    def throughput(self) -> Throughput:
        """Recent throughput."""
        return self._queue.throughput

    def apply_memory_pressure(self, pressure: Pressure) -> None:
        """Reduce the batch size while the GPU's memory is nearly full."""
        if self.info.device.startswith("cuda"):
            before = self._queue.batch_limit
            self._queue.set_batch_limit(_BATCH_LIMITS[pressure](self._full_batch))
            if self._queue.batch_limit != before:
                _LOG.warning(
                    "GPU memory pressure is %s: batches have at most %d images",
                    pressure,
                    self._queue.batch_limit,
                )

    @property
    def queued(self) -> int:
        """Number of prepared images in the queue."""
        return self._queue.waiting

    @property
    def seconds_since_verified(self) -> float:
        """Seconds since the detector was last seen to work."""
        return monotonic() - self._verified_monotonic

    @property
    def verified_at(self) -> datetime:
        """Time of the last success: a self-test or a processed image."""
        return self._verified_at

    @contextlib.contextmanager
    def use(self) -> Iterator[None]:
        """Delay close() while the context is active."""
        self._users += 1
        self._unused.clear()
        try:
            yield
        finally:
            self._users -= 1
            if not self._users:
                self._unused.set()

    async def prepare(self, data: bytes, deadline: Deadline) -> PreparedImage:
        """Decode and resize one image in a thread; raises ProblemErrors."""
        with self._queue.expect_image():
            return await self._decoders.run(data, self._detector.prepare, deadline)

    async def detect(
        self, image: PreparedImage, threshold: float, deadline: Deadline
    ) -> ImageResult:
        """Detect objects in a prepared image; waits in the queue."""
        try:
            found = await self._queue.detect(image, threshold, deadline)
        except ProblemError:
            raise
        except Exception:
            self._check_requested.set()  # the image or the detector may be the cause
            raise
        self._mark_verified()
        return found

    async def monitor(self, interval: float) -> None:
        """Run the self-test whenever no success was seen for `interval` seconds; raises SelfTestError.

        A processed image counts as success. A failed image triggers the self-test at once.
        """
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, interval - self.seconds_since_verified)):
                    await self._check_requested.wait()
            if self._check_requested.is_set() or self.seconds_since_verified >= interval:
                self._check_requested.clear()
                await self._self_test()

    async def close(self, *, timeout: float = CLOSE_TIMEOUT) -> None:
        """Wait until running requests have finished, then stop."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._unused.wait()
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._queue.refuse_all(DetectorUnavailableError("The detector was closed."))
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _self_test(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._self_test_timeout):
                await loop.run_in_executor(self._thread, self._self_tester.check)
        except TimeoutError as err:
            raise SelfTestError(
                f"The detector did not finish its self-test within {self._self_test_timeout:g} s."
            ) from err
        except SelfTestError:
            raise
        except Exception as err:
            raise SelfTestError(
                f"The detector failed its self-test ({type(err).__name__}: {err})."
            ) from err
        self._mark_verified()

    def _mark_verified(self) -> None:
        self._verified_monotonic = monotonic()
        self._verified_at = datetime.now(UTC)
