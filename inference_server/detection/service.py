"""Takes pictures in, keeps the detector loaded, and says how it is."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
import contextlib
from dataclasses import dataclass
from datetime import datetime
import logging
import math
import os
from time import perf_counter

from inference_server.deadline import NEVER, Deadline
from inference_server.detection.base import (
    Detection,
    Detector,
    DetectorInfo,
    DetectorLoadError,
    PreparedImage,
)
from inference_server.detection.engine import CLOSE_TIMEOUT, SELF_TEST_TIMEOUT, Engine
from inference_server.detection.gpu_memory import release_gpu_memory
from inference_server.detection.self_test import SelfTestError
from inference_server.errors import (
    DetectorUnavailableError,
    ModelBusyError,
    ModelLoadError,
    OverloadedError,
)
from inference_server.gpu.nvml import Pressure
from inference_server.observability.component_status import ComponentState, ComponentStatus, Reason
from inference_server.observability.metrics import Metrics

_LOG = logging.getLogger(__name__)
_DECODERS = min(4, os.cpu_count() or 1)  # threads
_LOADING_RETRY = 5.0  # seconds a client should wait while the detector loads
_SAFE = 0.8  # of the time that is left: what pictures will take is an estimate
_UNLOADED = "The detector was unloaded on request; POST /v1/models/load loads one."
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
    """Detects objects in pictures; loads its detector in the background and keeps it proven."""

    def __init__(
        self,
        load: Callable[[], Detector],
        *,
        queue_limit: int,
        batch_max: int | None = None,
        batch_wait: float = 0.0,
        self_test_interval: float = 60.0,
        close_timeout: float = CLOSE_TIMEOUT,
        metrics: Metrics | None = None,
    ) -> None:
        """`batch_max` None leaves it to the detector; times are in seconds."""
        self._load = load
        self._queue_limit = queue_limit
        self._batch_max = batch_max
        self._batch_wait = batch_wait
        self._self_test_interval = self_test_interval
        self._close_timeout = close_timeout
        self._metrics = metrics or Metrics()
        self._status = ComponentStatus(state=ComponentState.LOADING, reason=Reason.LOADING)
        self._pressure = Pressure.NONE
        self._engine: Engine | None = None
        self._admitted = 0
        self._decoding = 0
        self._decoders = ThreadPoolExecutor(_DECODERS, "decode")
        self._task: asyncio.Task[None] | None = None
        self._changing = asyncio.Lock()
        self._change: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self.settled = asyncio.Event()  # loading has come to its end, well or not

    @property
    def status(self) -> ComponentStatus:
        """The detector's state; never ready while nobody has seen it work for too long."""
        engine = self._engine
        if (
            engine
            and engine.seconds_since_verified > self._self_test_interval + 2 * SELF_TEST_TIMEOUT
        ):
            return ComponentStatus(
                state=ComponentState.FAILED,
                error="The detector has not been seen to work for too long.",
                reason=Reason.UNPROVEN,
                since=engine.verified_at,
            )
        return self._status

    @property
    def info(self) -> DetectorInfo | None:
        """What is loaded, None before that."""
        return self._engine.info if self._engine else None

    @property
    def verified_at(self) -> datetime | None:
        """When the detector was last seen to work, None while there is none."""
        return self._engine.verified_at if self._engine else None

    @property
    def batch_limit(self) -> int | None:
        """How many pictures the detector is given at once at most now, None while there is none."""
        return self._engine.batch_limit if self._engine else None

    @property
    def waiting(self) -> int:
        """Pictures that arrive, wait or are being looked at."""
        return self._admitted

    @property
    def queued(self) -> int:
        """Decoded pictures whose turn has not come."""
        return self._engine.queued if self._engine else 0

    def start(self) -> None:
        """Begin to load; returns at once."""
        self._task = asyncio.create_task(self._keep_loaded(), name="detector")

    async def stop(self) -> None:
        """Drop what still waits and let the threads end."""
        if self._change:
            self._change.cancel()
            await asyncio.wait({self._change})
        await self._stop_loading()
        self._deactivate(timeout=0)
        await asyncio.gather(*self._closing)
        self._decoders.shutdown(wait=False, cancel_futures=True)

    async def switch(self, load: Callable[[], Detector] | None = None) -> None:
        """Load another detector, or the same again, while the one at work goes on until then.

        Raises ModelBusyError while another is being loaded, and ModelLoadError where it cannot be
        loaded; then nothing has changed.
        """
        if self._changing.locked():
            raise ModelBusyError("Another detector is being loaded.", retry_after_s=_LOADING_RETRY)
        await self._changing.acquire()
        # A thread that loads cannot be stopped: whoever hangs up and asks again would have any
        # number of detectors loaded at once.
        change = asyncio.create_task(self._switch(load or self._load), name="switch")
        change.add_done_callback(self._changed)
        self._change = change
        await asyncio.shield(change)

    async def _switch(self, load: Callable[[], Detector]) -> None:
        try:
            engine = await self._load_engine(load)
        except DetectorLoadError as err:
            raise ModelLoadError(str(err)) from err
        except Exception as err:
            _LOG.error("A detector failed to load on request", exc_info=err)
            raise ModelLoadError(
                f"The detector failed to load ({type(err).__name__}); see the log."
            ) from err
        await self._stop_loading()
        self._load = load
        self._deactivate()
        self._activate(engine)
        self._task = asyncio.create_task(self._keep_loaded(engine), name="detector")

    def _changed(self, change: asyncio.Task[None]) -> None:
        self._changing.release()
        if not change.cancelled():
            change.exception()  # whoever asked may be gone, and asyncio would complain

    async def unload(self) -> None:
        """Let go of the detector once pictures underway are finished; raises ModelBusyError."""
        if self._changing.locked():
            raise ModelBusyError("A detector is being loaded.", retry_after_s=_LOADING_RETRY)
        await self._stop_loading()
        self._deactivate()
        self._status = self._status.then(ComponentState.ABSENT, _UNLOADED, reason=Reason.UNLOADED)
        self.settled.set()
        _LOG.info("The detector was unloaded on request")

    def apply_memory_pressure(self, pressure: Pressure) -> None:
        """Take less of the GPU's memory while it is nearly full."""
        self._pressure = pressure
        if self._engine:
            self._engine.apply_memory_pressure(pressure)

    def check_capacity(self, deadline: Deadline = NEVER) -> None:
        """Raise DetectorUnavailableError or OverloadedError where detect() would at once."""
        each = self._ready_engine().throughput.seconds_per_image
        wait = self._admitted * each
        too_late = self._admitted > 0 and wait + each > deadline.remaining * _SAFE
        if self._admitted >= self._queue_limit or too_late:
            raise OverloadedError(
                f"{self._admitted} pictures are waiting already.",
                retry_after_s=math.ceil(wait) or 1,
            )

    @contextlib.contextmanager
    def admit(self, deadline: Deadline = NEVER) -> Iterator[None]:
        """Hold a place in the queue; raises as check_capacity() does."""
        self.check_capacity(deadline)
        self._admitted += 1
        try:
            yield
        finally:
            self._admitted -= 1

    async def detect(
        self, data: bytes, threshold: float, deadline: Deadline = NEVER
    ) -> DetectionResult:
        """Detect the objects in one picture; raises ProblemErrors."""
        with self.admit(deadline):
            return await self.detect_admitted(data, threshold, deadline)

    async def detect_admitted(
        self, data: bytes, threshold: float, deadline: Deadline = NEVER
    ) -> DetectionResult:
        """Detect for a caller who holds a place() already; raises ProblemErrors."""
        engine = self._ready_engine()
        with engine.use():
            started = perf_counter()
            picture = await self._prepare(engine, data, deadline)
            prepared = perf_counter()
            found = await engine.detect(picture, threshold, deadline)
            finished = perf_counter()
        waited = (picture.started_at - started) + (found.started_at - prepared)
        return DetectionResult(
            model=engine.info.model,
            test_model=engine.info.test_model,
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

    async def _prepare(self, engine: Engine, data: bytes, deadline: Deadline) -> PreparedImage:
        def prepare() -> PreparedImage:
            deadline.check()  # it may have waited for a thread
            return engine.prepare(data)

        self._decoding += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._decoders, prepare)
        finally:
            self._decoding -= 1

    def _ready_engine(self) -> Engine:
        if self._engine:
            return self._engine
        raise DetectorUnavailableError(
            self._status.error or "The detector is loading.", retry_after_s=_LOADING_RETRY
        )

    async def _keep_loaded(self, engine: Engine | None = None) -> None:
        """Load a detector where there is none, again and again, and watch over it."""
        while True:
            pause = _FIRST_RELOAD
            # Weights may be on their way, or a GPU may still be another program's.
            while engine is None and (engine := await self._try_to_load()) is None:
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_RELOAD)
            try:
                await engine.monitor(self._self_test_interval)
            except SelfTestError as err:
                # No picture is answered by a detector that may be wrong; another try may mend it.
                self._note_failure(str(err), reason=Reason.CANARY_FAILED)
                self._deactivate()
                engine = None

    async def _stop_loading(self) -> None:
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _try_to_load(self) -> Engine | None:
        try:
            async with self._changing:
                engine = await self._load_engine(self._load)
        except DetectorLoadError as err:
            self._note_failure(str(err), reason=err.reason)
        except Exception as err:  # noqa: BLE001 - whatever it is, health must tell of it
            self._note_failure(
                f"The detector failed to load ({type(err).__name__}); see the log.", cause=err
            )
        else:
            self._activate(engine)
        finally:
            self.settled.set()
        return self._engine

    async def _load_engine(self, load: Callable[[], Detector]) -> Engine:
        return await Engine.load(
            load,
            batch_max=self._batch_max,
            batch_wait=self._batch_wait,
            count_decoding=lambda: self._decoding,
            on_batch=self._metrics.observe_batch,
        )

    def _activate(self, engine: Engine) -> None:
        info = engine.info
        _LOG.info("Detector %s is ready on %s (%s)", info.model, info.device, info.runtime)
        self._engine = engine
        engine.apply_memory_pressure(self._pressure)
        self._status = ComponentStatus(state=ComponentState.READY)

    def _deactivate(self, *, timeout: float | None = None) -> None:
        """Take the detector out of use; pictures it is at are finished."""
        engine, self._engine = self._engine, None
        if engine:
            timeout = self._close_timeout if timeout is None else timeout
            task = asyncio.create_task(_close(engine, timeout=timeout))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    def _note_failure(
        self,
        error: str,
        *,
        reason: Reason = Reason.LOAD_FAILED,
        cause: Exception | None = None,
    ) -> None:
        if self._status.error != error:  # once, not at every try
            _LOG.error("There is no detector: %s", error, exc_info=cause)
        self._status = self._status.then(ComponentState.FAILED, error, reason=reason)


async def _close(engine: Engine, *, timeout: float) -> None:
    await engine.close(timeout=timeout)
    del engine
    await asyncio.sleep(0)  # what the loop has just run holds it until its next turn
    await asyncio.to_thread(release_gpu_memory)
