"""Accept images for detection, and keep a detector loaded."""

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
_SAFE = 0.8  # share of the remaining time: processing times are estimates
_UNLOADED = "The detector was unloaded on request; POST /v1/models/load loads one."
_FIRST_RELOAD = 10.0  # seconds after a failed load; doubles up to
_MAX_RELOAD = 300.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Time spent on one image by stage, in milliseconds."""

    queue: float
    decode: float
    preprocess: float
    infer: float
    postprocess: float
    total: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionResult:
    """Detections in one image with the model used; width and height are of the upright image."""

    model: str
    test_model: bool
    width: int
    height: int
    detections: tuple[Detection, ...]
    timings: Timings


class DetectionService:
    """Detect objects in images; load the detector in the background and monitor it."""

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
        """`batch_max` None uses the detector's best batch size; times are in seconds."""
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
        self.settled = asyncio.Event()  # the first load has succeeded or failed

    @property
    def status(self) -> ComponentStatus:
        """The detector's state; failed if no success was seen for too long."""
        engine = self._engine
        if (
            engine
            and engine.seconds_since_verified > self._self_test_interval + 2 * SELF_TEST_TIMEOUT
        ):
            return ComponentStatus(
                state=ComponentState.FAILED,
                error="The detector has shown no success for too long.",
                reason=Reason.UNPROVEN,
                since=engine.verified_at,
            )
        return self._status

    @property
    def info(self) -> DetectorInfo | None:
        """Description of the loaded detector; None if there is none."""
        return self._engine.info if self._engine else None

    @property
    def verified_at(self) -> datetime | None:
        """Time of the detector's last success; None if there is none."""
        return self._engine.verified_at if self._engine else None

    @property
    def batch_limit(self) -> int | None:
        """Current maximum batch size; None if no detector is loaded."""
        return self._engine.batch_limit if self._engine else None

    @property
    def waiting(self) -> int:
        """Number of images being received, waiting or being processed."""
        return self._admitted

    @property
    def queued(self) -> int:
        """Number of prepared images in the queue."""
        return self._engine.queued if self._engine else 0

    def start(self) -> None:
        """Start loading in the background."""
        self._task = asyncio.create_task(self._keep_loaded(), name="detector")

    async def stop(self) -> None:
        """Fail queued images and stop the threads."""
        if self._change:
            self._change.cancel()
            await asyncio.wait({self._change})
        await self._stop_loading()
        self._deactivate(timeout=0)
        await asyncio.gather(*self._closing)
        self._decoders.shutdown(wait=False, cancel_futures=True)

    async def switch(self, load: Callable[[], Detector] | None = None) -> None:
        """Load another detector, or reload the current one, which works until the switch.

        Raises ModelBusyError while another is being loaded. Raises ModelLoadError if it cannot be
        loaded; the current detector then stays in use.
        """
        if self._changing.locked():
            raise ModelBusyError("Another detector is being loaded.", retry_after_s=_LOADING_RETRY)
        await self._changing.acquire()
        # A loading thread cannot be stopped: without the shield, clients that disconnect and retry
        # would load any number of detectors at once.
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
            change.exception()  # the caller may be gone: mark it as retrieved

    async def unload(self) -> None:
        """Unload the detector after running requests have finished; raises ModelBusyError."""
        if self._changing.locked():
            raise ModelBusyError("A detector is being loaded.", retry_after_s=_LOADING_RETRY)
        await self._stop_loading()
        self._deactivate()
        self._status = self._status.then(ComponentState.ABSENT, _UNLOADED, reason=Reason.UNLOADED)
        self.settled.set()
        _LOG.info("The detector was unloaded on request")

    def apply_memory_pressure(self, pressure: Pressure) -> None:
        """Reduce the batch size while the GPU's memory is nearly full."""
        self._pressure = pressure
        if self._engine:
            self._engine.apply_memory_pressure(pressure)

    def check_capacity(self, deadline: Deadline = NEVER) -> None:
        """Raise DetectorUnavailableError or OverloadedError if detect() would raise it at once."""
        each = self._ready_engine().throughput.seconds_per_image
        wait = self._admitted * each
        too_late = self._admitted > 0 and wait + each > deadline.remaining * _SAFE
        if self._admitted >= self._queue_limit or too_late:
            raise OverloadedError(
                f"{self._admitted} images are waiting already.",
                retry_after_s=math.ceil(wait) or 1,
            )

    @contextlib.contextmanager
    def admit(self, deadline: Deadline = NEVER) -> Iterator[None]:
        """Reserve a place in the queue; raises the errors of check_capacity()."""
        self.check_capacity(deadline)
        self._admitted += 1
        try:
            yield
        finally:
            self._admitted -= 1

    async def detect(
        self, data: bytes, threshold: float, deadline: Deadline = NEVER
    ) -> DetectionResult:
        """Detect the objects in one image; raises ProblemErrors."""
        with self.admit(deadline):
            return await self.detect_admitted(data, threshold, deadline)

    async def detect_admitted(
        self, data: bytes, threshold: float, deadline: Deadline = NEVER
    ) -> DetectionResult:
        """Detect within an admit() context; raises ProblemErrors."""
        engine = self._ready_engine()
        with engine.use():
            started = perf_counter()
            image = await self._prepare(engine, data, deadline)
            prepared = perf_counter()
            found = await engine.detect(image, threshold, deadline)
            finished = perf_counter()
        waited = (image.started_at - started) + (found.started_at - prepared)
        return DetectionResult(
            model=engine.info.model,
            test_model=engine.info.test_model,
            width=image.width,
            height=image.height,
            detections=found.detections,
            timings=Timings(
                queue=max(0.0, waited * 1000),
                decode=image.decode_ms,
                preprocess=image.preprocess_ms,
                infer=found.infer_ms,
                postprocess=found.postprocess_ms,
                total=(finished - started) * 1000,
            ),
        )

    async def _prepare(self, engine: Engine, data: bytes, deadline: Deadline) -> PreparedImage:
        def prepare() -> PreparedImage:
            deadline.check()  # waiting for a thread takes time
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
        """Load a detector, retrying until it succeeds, then monitor it; repeat when it fails."""
        while True:
            pause = _FIRST_RELOAD
            # Weights may still be downloading, or another program may use the GPU.
            while engine is None and (engine := await self._try_to_load()) is None:
                await asyncio.sleep(pause)
                pause = min(pause * 2, _MAX_RELOAD)
            try:
                await engine.monitor(self._self_test_interval)
            except SelfTestError as err:
                # A detector that may be wrong answers no image; reloading it may help.
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
        except Exception as err:  # noqa: BLE001 - health must report any error
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
        """Take the detector out of use; running requests are finished."""
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
        if self._status.error != error:  # log each error once
            _LOG.error("No detector is loaded: %s", error, exc_info=cause)
        self._status = self._status.then(ComponentState.FAILED, error, reason=reason)


async def _close(engine: Engine, *, timeout: float) -> None:
    await engine.close(timeout=timeout)
    del engine
    await asyncio.sleep(0)  # the event loop holds a reference until its next iteration
    await asyncio.to_thread(release_gpu_memory)
