"""Poll the GPUs and keep an hour of samples."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
import contextlib
import logging

from inference_server.gpu.nvml import GpuError, GpuReader, GpuSample, Nvml, Pressure, pressure_of

_LOG = logging.getLogger(__name__)
INTERVAL = 5.0  # seconds
_HOUR = 3600.0
_SLACK = 0.03  # share of the memory that must be freed before the pressure falls
RETRY_DELAY = 60.0  # seconds before the next attempt if the driver does not respond
TIMEOUT = 15.0  # seconds for a response of the driver, after which older samples are stale


class GpuMonitor:
    """Current samples and history of the GPUs, both empty if there is none."""

    def __init__(
        self,
        nvml: Nvml | None,
        *,
        visible: str | None = None,
        interval: float = INTERVAL,
        timeout: float = TIMEOUT,
        retry_delay: float = RETRY_DELAY,
    ) -> None:
        """`visible` is CUDA_VISIBLE_DEVICES, None if it is not set; times are in seconds."""
        self._nvml = nvml
        self._visible = visible
        self._timeout = timeout
        self._retry_delay = retry_delay
        # Separate, and not joined: a call into a hanging driver does not return.
        self._thread = ThreadPoolExecutor(1, "gpu")
        self._on_pressure: Callable[[Pressure], None] = lambda _: None
        self.interval = interval  # seconds
        self._reader: GpuReader | None = None
        self._history: dict[str, deque[GpuSample]] = {}
        self._latest: tuple[GpuSample, ...] = ()
        self._pressure = Pressure.NONE
        self._task: asyncio.Task[None] | None = None
        self.error: str | None = None if nvml else "The package nvidia-ml-py is not installed."
        self.polled = asyncio.Event()  # at least once

    @property
    def driver(self) -> str | None:
        """The driver's version."""
        return self._reader.driver if self._reader else None

    @property
    def gpus(self) -> Sequence[GpuSample]:
        """The latest sample of each GPU."""
        return self._latest

    @property
    def history(self) -> Mapping[str, Sequence[GpuSample]]:
        """An hour of samples by the GPU's UUID, oldest first."""
        return self._history

    @property
    def used(self) -> GpuSample | None:
        """The GPU that this process would compute on: the first that CUDA lists."""
        if self._visible is None:
            return next(iter(self._latest), None)
        first = self._visible.partition(",")[0].strip()
        for gpu in self._latest:
            # CUDA accepts a prefix of a UUID.
            if first == str(gpu.index) or (first.startswith("GPU-") and gpu.uuid.startswith(first)):
                return gpu
        return None

    def start(self, on_pressure: Callable[[Pressure], None]) -> None:
        """Start polling; `on_pressure` is called when the memory pressure of the used GPU changes."""
        self._on_pressure = on_pressure
        if self._nvml:
            self._task = asyncio.create_task(self._poll_forever(self._nvml), name="gpu")

    async def stop(self) -> None:
        """Stop polling."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._thread.shutdown(wait=False)

    def record(self, samples: Sequence[GpuSample]) -> None:
        """Keep the samples, one of each GPU, and report a change of the memory pressure."""
        self._latest = tuple(samples)
        for sample in samples:
            kept = self._history.setdefault(sample.uuid, deque(maxlen=round(_HOUR / self.interval)))
            kept.append(sample)
        share = self.used.memory_share if self.used else None
        self._set_pressure(Pressure.NONE if share is None else self._pressure_at(share))

    async def _poll_forever(self, nvml: Nvml) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                reader = await loop.run_in_executor(self._thread, GpuReader, nvml)
                _LOG.info("NVIDIA driver %s responds", reader.driver)
                await self._poll(reader)
            except GpuError as err:
                self._discard(str(err))
            except Exception as err:  # noqa: BLE001 - stale samples would be reported for ever
                _LOG.exception("The GPUs cannot be read")
                self._discard(f"The GPUs cannot be read ({type(err).__name__}: {err}).")
            self.polled.set()
            await asyncio.sleep(self._retry_delay)

    async def _poll(self, reader: GpuReader) -> None:
        try:
            while True:
                samples = await self._read(reader)
                if reader.lost and reader.lost != self.error:
                    _LOG.warning("%s", reader.lost)
                self._reader, self.error = reader, reader.lost
                self.record(samples)
                self.polled.set()
                await asyncio.sleep(self.interval)
        except GpuError as err:
            _LOG.warning("The GPUs can no longer be read: %s", err)
            self._discard(str(err))
        finally:
            self._thread.submit(reader.close)

    async def _read(self, reader: GpuReader) -> Sequence[GpuSample]:
        """Return the driver's samples, however late; discard older ones if it times out."""
        reading = asyncio.get_running_loop().run_in_executor(self._thread, reader.read)
        await asyncio.wait({reading}, timeout=self._timeout)
        if not reading.done():
            error = f"NVIDIA's driver has not responded for {self._timeout:g} s."
            _LOG.warning("%s", error)
            self._discard(error)
        return await reading

    def _discard(self, error: str) -> None:
        """Discard the samples, which are no longer true."""
        self._reader, self._latest, self.error = None, (), error
        self._set_pressure(Pressure.NONE)

    def _pressure_at(self, share: float) -> Pressure:
        rising, falling = pressure_of(share), pressure_of(share + _SLACK)
        return self._pressure if self._pressure in {rising, falling} else rising

    def _set_pressure(self, pressure: Pressure) -> None:
        if pressure is not self._pressure:
            self._pressure = pressure
            self._on_pressure(pressure)
