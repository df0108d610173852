"""Looks at the GPUs every few seconds and keeps an hour of what it saw."""

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
_SLACK = 0.03  # share of the memory that has to be free again before the pressure counts as eased
_RETRY = 60.0  # seconds before another try where the driver does not answer
PATIENCE = 15.0  # seconds for an answer, after which what was seen before is no longer told


class GpuWatch:
    """What is known of the GPUs; nothing where there is none."""

    def __init__(
        self,
        nvml: Nvml | None,
        *,
        visible: str | None = None,
        interval: float = INTERVAL,
        patience: float = PATIENCE,
    ) -> None:
        """`visible` is CUDA_VISIBLE_DEVICES, None where it is not set; times are in seconds."""
        self._nvml = nvml
        self._visible = visible
        self._patience = patience
        # Of its own, and never waited for: a call into a driver that hangs does not return.
        self._thread = ThreadPoolExecutor(1, "gpu")
        self._on_pressure: Callable[[Pressure], None] = lambda _: None
        self.interval = interval  # seconds
        self._reader: GpuReader | None = None
        self._history: dict[str, deque[GpuSample]] = {}
        self._now: tuple[GpuSample, ...] = ()
        self._pressure = Pressure.NONE
        self._task: asyncio.Task[None] | None = None
        self.error: str | None = None if nvml else "The package nvidia-ml-py is not installed."
        self.looked = asyncio.Event()  # once

    @property
    def driver(self) -> str | None:
        """The driver's version."""
        return self._reader.driver if self._reader else None

    @property
    def gpus(self) -> Sequence[GpuSample]:
        """Every GPU as it was seen last; empty where none was."""
        return self._now

    @property
    def history(self) -> Mapping[str, Sequence[GpuSample]]:
        """An hour of each GPU, by its UUID, oldest first."""
        return self._history

    @property
    def used(self) -> GpuSample | None:
        """The GPU that this process computes on, where it does: the first that CUDA shows it."""
        if self._visible is None:
            return next(iter(self._now), None)
        first = self._visible.partition(",")[0].strip()
        for gpu in self._now:
            # CUDA takes the beginning of a UUID for the whole.
            if first == str(gpu.index) or (first.startswith("GPU-") and gpu.uuid.startswith(first)):
                return gpu
        return None

    def start(self, on_pressure: Callable[[Pressure], None]) -> None:
        """Begin to look; `on_pressure` is told when the memory of the GPU in use fills or eases."""
        self._on_pressure = on_pressure
        if self._nvml:
            self._task = asyncio.create_task(self._run(self._nvml), name="gpu")

    async def stop(self) -> None:
        """Look no more."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._thread.shutdown(wait=False)

    async def _run(self, nvml: Nvml) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                reader = await loop.run_in_executor(self._thread, GpuReader, nvml)
                _LOG.info("NVIDIA driver %s answers", reader.driver)
                await self._watch(reader)
            except GpuError as err:
                self._lose(str(err))
            except Exception as err:  # noqa: BLE001 - what was seen before would be told for ever
                _LOG.exception("The GPUs cannot be read")
                self._lose(f"The GPUs cannot be read ({type(err).__name__}: {err}).")
            self.looked.set()
            await asyncio.sleep(_RETRY)

    async def _watch(self, reader: GpuReader) -> None:
        try:
            while True:
                samples = await self._read(reader)
                self._reader, self.error = reader, None
                self._take_in(samples)
                self.looked.set()
                await asyncio.sleep(self.interval)
        except GpuError as err:
            _LOG.warning("The GPUs cannot be read any more: %s", err)
            self._lose(str(err))
        finally:
            self._thread.submit(reader.close)

    async def _read(self, reader: GpuReader) -> Sequence[GpuSample]:
        """Return what the driver tells, however late; know nothing while it does not answer."""
        reading = asyncio.get_running_loop().run_in_executor(self._thread, reader.read)
        await asyncio.wait({reading}, timeout=self._patience)
        if not reading.done():
            error = f"NVIDIA's driver has not answered for {self._patience:g} s."
            _LOG.warning("%s", error)
            self._lose(error)
        return await reading

    def _lose(self, error: str) -> None:
        """Know nothing: what was seen before is no longer true."""
        self._reader, self._now, self.error = None, (), error
        self._note_pressure(Pressure.NONE)

    def _take_in(self, samples: Sequence[GpuSample]) -> None:
        self._now = tuple(samples)
        for sample in samples:
            kept = self._history.setdefault(sample.uuid, deque(maxlen=round(_HOUR / self.interval)))
            kept.append(sample)
        share = self.used.memory_share if self.used else None
        self._note_pressure(Pressure.NONE if share is None else self._pressure_at(share))

    def _pressure_at(self, share: float) -> Pressure:
        rising, falling = pressure_of(share), pressure_of(share + _SLACK)
        return self._pressure if self._pressure in {rising, falling} else rising

    def _note_pressure(self, pressure: Pressure) -> None:
        if pressure is not self._pressure:
            self._pressure = pressure
            self._on_pressure(pressure)
