"""Takes pictures in, keeps the detector loaded, and says how it is."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
import contextlib
from dataclasses import dataclass
import logging
import math
import os
from time import perf_counter

from ..deadline import NEVER, Deadline
from ..errors import DetectorUnavailableError, OverloadedError
from ..metrics import NO_METRICS, Metrics
from ..parts import PartState, PartStatus
from .base import Detection, Detector, DetectorInfo, DetectorLoadError, Prepared
from .queue import Batching, InferenceQueue

_LOG = logging.getLogger(__name__)
_DECODERS = min(4, os.cpu_count() or 1)  # threads
_LOADING_RETRY = 5.0  # seconds a client should wait while the detector loads
_FIRST_RELOAD = 10.0  # seconds after a load that failed, doubles up to
_LONGEST_RELOAD = 300.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Where one picture's time went, in milliseconds."""

    queue: float
    decode: float
    preprocess: float
    infer: float
    postprocess: float
    total: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionResult:
    """What was found in one picture, by what; width and height are of the upright picture."""

    model: str
    test_model: bool
    width: int
    height: int
    detections: tuple[Detection, ...]
    timings: Timings


class DetectionService:
    """Detects objects in pictures; loads its detector in the background."""

    def __init__(
        self,
        load: Callable[[], Detector],
        *,
        queue_limit: int,
        batch_max: int | None = None,
        batch_wait: float = 0.0,
        metrics: Metrics = NO_METRICS,
    ) -> None:
        """`batch_max` None leaves it to the detector; `batch_wait` is in seconds."""
        self._load = load
        self._queue_limit = queue_limit
        self._batch_max = batch_max
        self._batch_wait = batch_wait
        self._metrics = metrics
        self._status = PartStatus(state=PartState.LOADING)
        self._detector: Detector | None = None
        self._queue: InferenceQueue | None = None
        self._admitted = 0
        self._decoding = 0
        self._last_ms = 0.0  # of inference of one picture, for the estimate in Retry-After
        # One thread: a model is used by one caller at a time, and CUDA likes its thread.
        self._inference = ThreadPoolExecutor(1, "inference")
        self._decoders = ThreadPoolExecutor(_DECODERS, "decode")
        self._task: asyncio.Task[None] | None = None
        self.settled = asyncio.Event()  # loading has come to its end, well or not

    @property
    def status(self) -> PartStatus:
        """The detector's state."""
        return self._status

    @property
    def info(self) -> DetectorInfo | None:
        """What is loaded, None before that."""
        return self._detector.info if self._detector else None

    @property
    def waiting(self) -> int:
        """Pictures that arrive, wait or are being looked at."""
        return self._admitted

    @property
    def queued(self) -> int:
        """Prepared pictures whose turn has not come."""
        return self._queue.waiting if self._queue else 0

    def start(self) -> None:
        """Begin to load; returns at once."""
        self._task = asyncio.create_task(self._run(), name="detector")

    async def stop(self) -> None:
        """Drop what still waits and let the threads end."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._decoders.shutdown(wait=False, cancel_futures=True)
        self._inference.shutdown(wait=False, cancel_futures=True)

    def check_room(self) -> None:
        """Raise DetectorUnavailableError or OverloadedError where detect() would at once."""
        self._ready_queue()
        if self._admitted >= self._queue_limit:
            seconds = math.ceil(self._admitted * self._last_ms / 1000) or 1
            raise OverloadedError(
                f"{self._admitted} pictures are waiting already.", retry_after_s=seconds
            )

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place in the queue; raises as check_room() does."""
        self.check_room()
        self._admitted += 1
        try:
            yield
        finally:
            self._admitted -= 1

    async def detect(
        self, data: bytes, threshold: float, deadline: Deadline = NEVER
    ) -> DetectionResult:
        """Detect the objects in one picture; raises ProblemErrors."""
        detector, queue = self._ready_queue()
        with self.place():
            started = perf_counter()
            picture = await self._prepare(detector, data, deadline)
            prepared = perf_counter()
            found = await queue.detect(picture, threshold, deadline)
            finished = perf_counter()
        self._last_ms = (found.infer_ms + found.postprocess_ms) / found.batch
        waited = (picture.started_at - started) + (found.started_at - prepared)
        return DetectionResult(
            model=detector.info.model,
            test_model=detector.info.test_model,
            width=picture.width,
            height=picture.height,
            detections=found.detections,
            timings=Timings(
                queue=max(0.0, waited * 1000),
                decode=picture.decode_ms,
                preprocess=picture.preprocess_ms,
                infer=found.infer_ms,
                postprocess=found.postprocess_ms,
                total=(finished - started) * 1000,
            ),
        )

    async def _prepare(self, detector: Detector, data: bytes, deadline: Deadline) -> Prepared:
        def prepare() -> Prepared:
            deadline.check()  # it may have waited for a thread
            return detector.prepare(data)

        self._decoding += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._decoders, prepare)
        finally:
            self._decoding -= 1

    def _ready_queue(self) -> tuple[Detector, InferenceQueue]:
        if self._detector and self._queue:
            return self._detector, self._queue
        raise DetectorUnavailableError(
            self._status.error or "The detector is loading.", retry_after_s=_LOADING_RETRY
        )

    async def _run(self) -> None:
        pause = _FIRST_RELOAD
        # Weights may be on their way, or a GPU may still be another program's.
        while (queue := await self._load_once()) is None:
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_RELOAD)
        await queue.run()

    async def _load_once(self) -> InferenceQueue | None:
        loop = asyncio.get_running_loop()
        try:
            detector = await loop.run_in_executor(self._inference, self._load)
        except DetectorLoadError as err:
            self._note_failure(str(err))
        except Exception as err:  # noqa: BLE001 - whatever it is, health must tell of it
            self._note_failure(
                f"The detector failed to load ({type(err).__name__}); see the log.", cause=err
            )
        else:
            info = detector.info
            _LOG.info("Detector %s is ready on %s (%s)", info.model, info.device, info.runtime)
            self._detector, self._queue = detector, self._create_queue(detector)
            self._status = self._status.then(PartState.READY, info.warning)
        finally:
            self.settled.set()
        return self._queue

    def _create_queue(self, detector: Detector) -> InferenceQueue:
        most = self._batch_max or detector.info.best_batch
        return InferenceQueue(
            detector,
            self._inference,
            batching=Batching(most=most, wait=self._batch_wait),
            coming=lambda: self._decoding,
            on_batch=self._metrics.observe_batch,
        )

    def _note_failure(self, reason: str, *, cause: Exception | None = None) -> None:
        if self._status.error != reason:  # once, not at every try
            _LOG.error("There is no detector: %s", reason, exc_info=cause)
        self._status = self._status.then(PartState.FAILED, reason)
