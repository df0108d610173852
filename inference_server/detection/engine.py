"""One loaded detector at work: its thread, its queue, and the proof that it works."""

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
    Found,
    Prepared,
)
from inference_server.detection.batch_queue import Batching, InferenceQueue
from inference_server.detection.self_test import Canary, CanaryError
from inference_server.detection.throughput import Pace
from inference_server.errors import DetectorUnavailableError, ProblemError
from inference_server.gpu.nvml import Pressure

_LOG = logging.getLogger(__name__)
CANARY_TIMEOUT = 30.0  # seconds; a batch on a slow CPU may be before it
_SHARES: dict[Pressure, Callable[[int], int]] = {
    Pressure.NONE: lambda most: most,
    Pressure.HIGH: lambda most: most // 2,
    Pressure.CRITICAL: lambda _: 1,
}
_CLOSING = 60.0  # seconds that pictures underway have once another detector has taken over


class Engine:
    """A detector that pictures can be given to."""

    def __init__(
        self,
        detector: Detector,
        canary: Canary,
        thread: ThreadPoolExecutor,
        queue: InferenceQueue,
    ) -> None:
        self._detector = detector
        self._canary = canary
        self._thread = thread
        self._queue = queue
        self._full_batch = queue.most
        self._users = 0
        self._unused = asyncio.Event()
        self._unused.set()
        self._doubted = asyncio.Event()
        self._note_proof()
        self._task = asyncio.create_task(queue.run(), name="inference")

    @classmethod
    async def load(
        cls,
        load: Callable[[], Detector],
        *,
        batch_max: int | None,
        batch_wait: float,
        coming: Callable[[], int],
        on_batch: Callable[[int], None],
    ) -> Self:
        """Load a detector in a thread of its own; raises DetectorLoadError and what `load` does."""
        # One thread: a model is used by one caller at a time, and CUDA likes its thread.
        thread = ThreadPoolExecutor(1, "inference")
        loop = asyncio.get_running_loop()
        try:
            detector = await loop.run_in_executor(thread, load)
            canary = await loop.run_in_executor(thread, Canary, detector)
        except CanaryError as err:
            thread.shutdown(wait=False)
            raise DetectorLoadError(str(err)) from err
        except BaseException:
            thread.shutdown(wait=False, cancel_futures=True)
            raise
        batching = Batching(most=batch_max or detector.info.best_batch, wait=batch_wait)
        queue = InferenceQueue(
            detector, thread, batching=batching, coming=coming, on_batch=on_batch
        )
        return cls(detector, canary, thread, queue)

    @property
    def info(self) -> DetectorInfo:
        """What is loaded."""
        return self._detector.info

    @property
    def batch_most(self) -> int:
        """How many pictures the detector is given at once, at most."""
        return self._queue.most

    @property
    def pace(self) -> Pace:
        """How fast it has been of late."""
        return self._queue.pace

    def relieve(self, pressure: Pressure) -> None:
        """Take less of a GPU's memory while it is nearly full."""
        if self.info.device.startswith("cuda"):
            before = self._queue.most
            self._queue.limit(_SHARES[pressure](self._full_batch))
            if self._queue.most != before:
                _LOG.warning(
                    "GPU memory pressure is %s: the detector is given at most %d pictures at once",
                    pressure,
                    self._queue.most,
                )

    @property
    def queued(self) -> int:
        """Prepared pictures whose turn has not come."""
        return self._queue.waiting

    @property
    def proven_ago(self) -> float:
        """Seconds since it was last seen to work."""
        return monotonic() - self._proven_at

    @property
    def proven_at(self) -> datetime:
        """When it was last seen to work: by its canary, or by a picture it has looked at."""
        return self._proven_when

    @contextlib.contextmanager
    def use(self) -> Iterator[None]:
        """Keep it from being closed for a while."""
        self._users += 1
        self._unused.clear()
        try:
            yield
        finally:
            self._users -= 1
            if not self._users:
                self._unused.set()

    def prepare(self, data: bytes) -> Prepared:
        """Decode and resize one picture; blocks."""
        return self._detector.prepare(data)

    async def detect(self, picture: Prepared, threshold: float, deadline: Deadline) -> Found:
        """Look at a picture when its turn comes."""
        try:
            found = await self._queue.detect(picture, threshold, deadline)
        except ProblemError:
            raise
        except Exception:
            self._doubted.set()  # was it the picture, or is the detector broken?
            raise
        self._note_proof()
        return found

    async def watch(self, interval: float) -> None:
        """Prove again and again that it works; raises CanaryError once it does not.

        A picture it has looked at within the interval is proof enough; one it failed on is a
        reason to look at once.
        """
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, interval - self.proven_ago)):
                    await self._doubted.wait()
            if self._doubted.is_set() or self.proven_ago >= interval:
                self._doubted.clear()
                await self._prove()

    async def close(self, *, patience: float = _CLOSING) -> None:
        """Let pictures underway finish, then end."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._unused.wait()
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._queue.refuse_all(DetectorUnavailableError("The detector has ended."))
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _prove(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CANARY_TIMEOUT):
                await loop.run_in_executor(self._thread, self._canary.check)
        except TimeoutError as err:
            raise CanaryError(
                f"The detector has not looked at the picture that proves it for "
                f"{CANARY_TIMEOUT:g} s."
            ) from err
        except CanaryError:
            raise
        except Exception as err:
            raise CanaryError(
                f"The detector failed on the picture that proves it ({type(err).__name__}: {err})."
            ) from err
        self._note_proof()

    def _note_proof(self) -> None:
        self._proven_at = monotonic()
        self._proven_when = datetime.now(UTC)
