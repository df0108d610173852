"""Looks at the GPUs every few seconds and keeps an hour of what it saw."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
import contextlib
import logging

from .gpu import GpuError, GpuReader, GpuSample, Nvml, Pressure, pressure_of

_LOG = logging.getLogger(__name__)
INTERVAL = 5.0  # seconds
_HOUR = 3600.0
_SLACK = 0.03  # share of the memory that has to be free again before the pressure counts as eased
_RETRY = 60.0  # seconds before another try where the driver does not answer


class GpuWatch:
    """What is known of the GPUs; nothing where there is none."""

    def __init__(
        self,
        nvml: Nvml | None,
        *,
        visible: str = "",
        interval: float = INTERVAL,
    ) -> None:
        """`visible` is CUDA_VISIBLE_DEVICES; `interval` is in seconds."""
        self._nvml = nvml
        self._visible = visible
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
        first = self._visible.partition(",")[0].strip()
        for gpu in self._now:
            if first in {str(gpu.index), gpu.uuid}:
                return gpu
        return self._now[0] if self._now and first != "-1" else None

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

    async def _run(self, nvml: Nvml) -> None:
        while True:
            try:
                reader = await asyncio.to_thread(GpuReader, nvml)
            except GpuError as err:
                self._lose(str(err))
            else:
                self._reader, self.error = reader, None
                _LOG.info("NVIDIA driver %s answers", reader.driver)
                await self._watch(reader)
            self.looked.set()
            await asyncio.sleep(_RETRY)

    async def _watch(self, reader: GpuReader) -> None:
        try:
            while True:
                self._take_in(await asyncio.to_thread(reader.read))
                self.looked.set()
                await asyncio.sleep(self.interval)
        except GpuError as err:
            _LOG.warning("The GPUs cannot be read any more: %s", err)
            self._lose(str(err))
        finally:
            reader.close()

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
