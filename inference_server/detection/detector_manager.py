"""Keep a detector loaded: load it in the background, monitor it, replace it on request."""

import asyncio
from collections.abc import Callable
import contextlib
import logging

from inference_server.detection.base import Detector, DetectorBrokenError, DetectorLoadError
from inference_server.detection.decoding.decoder_pool import STUCK, DecoderPool
from inference_server.detection.detector_runner import (
    CLOSE_TIMEOUT,
    SELF_TEST_TIMEOUT,
    DetectorRunner,
)
from inference_server.detection.gpu_memory import release_gpu_memory
from inference_server.detection.self_test import SelfTestError
from inference_server.errors import (
    DetectorUnavailableError,
    ModelBusyError,
    ModelLoadError,
    cause_of,
)
from inference_server.gpu.nvml import Pressure
from inference_server.observability.component_status import ComponentState, ComponentStatus, Reason
from inference_server.observability.metrics import Metrics

_LOG = logging.getLogger(__name__)
_LOADING_RETRY = 5.0  # seconds a client should wait while the detector loads
_UNLOADED = "The detector was unloaded on request; POST /v1/models/load loads one."
RETRY_DELAY = 10.0  # seconds after a failed load; doubles up to
_MAX_RETRY_DELAY = 300.0  # seconds


class DetectorManager:
    """Own the runner of the detector in use, and its state."""

    def __init__(
        self,
        load: Callable[[], Detector],
        *,
        batch_max: int | None = None,
        batch_wait: float = 0.0,
        self_test_interval: float = 60.0,
        self_test_timeout: float = SELF_TEST_TIMEOUT,
        close_timeout: float = CLOSE_TIMEOUT,
        retry_delay: float = RETRY_DELAY,
        decoders: DecoderPool | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        """`batch_max` None uses the detector's best batch size; times are in seconds.

        `retry_delay` is the pause after the first failed load; it doubles with each further one.
        """
        self._load = load
        self._batch_max = batch_max
        self._batch_wait = batch_wait
        self._self_test_interval = self_test_interval
        self._self_test_timeout = self_test_timeout
        self._close_timeout = close_timeout
        self._retry_delay = retry_delay
        self._metrics = metrics or Metrics()
        self._status = ComponentStatus(state=ComponentState.LOADING, reason=Reason.LOADING)
        self._pressure = Pressure.NONE
        self._runner: DetectorRunner | None = None
        self._decoders = decoders or DecoderPool()
        self._task: asyncio.Task[None] | None = None
        self._changing = asyncio.Lock()
        self._change: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self.settled = asyncio.Event()  # the first load has succeeded or failed

    @property
    def runner(self) -> DetectorRunner | None:
        """The runner in use; None if no detector is loaded."""
        return self._runner

    @property
    def status(self) -> ComponentStatus:
        """The detector's state; failed if it or a decoder was not seen to work for too long."""
        if stuck_since := self._decoders.stuck_since:
            return ComponentStatus(
                state=ComponentState.FAILED,
                error=STUCK,
                reason=Reason.DECODER_STUCK,
                since=stuck_since,
            )
        runner = self._runner
        if (
            runner
            and runner.seconds_since_verified
            > self._self_test_interval + 2 * self._self_test_timeout
        ):
            return ComponentStatus(
                state=ComponentState.FAILED,
                error="The detector has had no successful detection for too long.",
                reason=Reason.UNPROVEN,
                since=runner.verified_at,
            )
        return self._status

    def require_runner(self) -> DetectorRunner:
        """Return the runner in use; raises DetectorUnavailableError if no detector is loaded."""
        if self._decoders.stuck_since:
            raise DetectorUnavailableError(STUCK, retry_after_s=_LOADING_RETRY)
        if self._runner:
            return self._runner
        raise DetectorUnavailableError(
            self._status.error or "The detector is loading.", retry_after_s=_LOADING_RETRY
        )

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
        self._decoders.close()

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
            runner = await self._load_runner(load)
        except DetectorLoadError as err:
            raise ModelLoadError(str(err)) from err
        except Exception as err:
            _LOG.error("A detector failed to load on request", exc_info=err)
            raise ModelLoadError(f"The detector failed to load: {cause_of(err)}") from err
        await self._stop_loading()
        self._load = load
        self._deactivate()
        self._activate(runner)
        self._task = asyncio.create_task(self._keep_loaded(runner), name="detector")

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
        if self._runner:
            self._runner.apply_memory_pressure(pressure)

    async def _keep_loaded(self, runner: DetectorRunner | None = None) -> None:
        """Load a detector, retrying until it succeeds, then monitor it; repeat when it fails."""
        while True:
            delay = self._retry_delay
            # Weights may still be downloading, or another program may use the GPU.
            while runner is None and (runner := await self._try_to_load()) is None:
                await asyncio.sleep(delay)
                delay = min(delay * 2, _MAX_RETRY_DELAY)
            try:
                await runner.monitor(self._self_test_interval)
            except SelfTestError as err:
                # A detector that may be wrong answers no image; reloading it may help.
                self._note_failure(str(err), reason=Reason.CANARY_FAILED)
                self._deactivate()
                runner = None

    async def _stop_loading(self) -> None:
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _try_to_load(self) -> DetectorRunner | None:
        try:
            async with self._changing:
                runner = await self._load_runner(self._load)
        except DetectorLoadError as err:
            unforeseen = err.__cause__ if isinstance(err, DetectorBrokenError) else None
            self._note_failure(str(err), reason=err.reason, cause=unforeseen)
        except Exception as err:  # noqa: BLE001 - health must report any error
            self._note_failure(f"The detector failed to load: {cause_of(err)}", cause=err)
        else:
            self._activate(runner)
        finally:
            self.settled.set()
        return self._runner

    async def _load_runner(self, load: Callable[[], Detector]) -> DetectorRunner:
        return await DetectorRunner.load(
            load,
            batch_max=self._batch_max,
            batch_wait=self._batch_wait,
            decoders=self._decoders,
            self_test_timeout=self._self_test_timeout,
            on_batch=self._metrics.observe_batch,
        )

    def _activate(self, runner: DetectorRunner) -> None:
        info = runner.info
        _LOG.info("Detector %s is ready on %s (%s)", info.model, info.device, info.runtime)
        self._runner = runner
        runner.apply_memory_pressure(self._pressure)
        self._status = ComponentStatus(state=ComponentState.READY)

    def _deactivate(self, *, timeout: float | None = None) -> None:
        """Take the detector out of use; running requests are finished."""
        runner, self._runner = self._runner, None
        if runner:
            timeout = self._close_timeout if timeout is None else timeout
            task = asyncio.create_task(_close(runner, timeout=timeout))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    def _note_failure(
        self,
        error: str,
        *,
        reason: Reason = Reason.LOAD_FAILED,
        cause: BaseException | None = None,
    ) -> None:
        if self._status.error != error:  # log each error once
            _LOG.error("No detector is loaded: %s", error, exc_info=cause)
        self._status = self._status.then(ComponentState.FAILED, error, reason=reason)


async def _close(runner: DetectorRunner, *, timeout: float) -> None:
    await runner.close(timeout=timeout)
    del runner
    await asyncio.sleep(0)  # the event loop holds a reference until its next iteration
    await asyncio.to_thread(release_gpu_memory)
