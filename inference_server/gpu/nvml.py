"""Read the GPUs through NVIDIA's management library; values it does not report are None."""

from collections.abc import Callable, Sequence
import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol, TypeVar, cast

T = TypeVar("T")

HIGH = 0.85  # share of a GPU's memory in use
CRITICAL = 0.95


class GpuError(Exception):
    """The GPUs cannot be read; the message says why."""


class Pressure(StrEnum):
    """How full a GPU's memory is."""

    NONE = "none"
    HIGH = "high"  # 85 % or more
    CRITICAL = "critical"  # 95 % or more


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuProcess:
    """A process that computes on a GPU; in a container the pid is the host's."""

    pid: int
    memory_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuSample:
    """One GPU at one moment."""

    at: datetime
    index: int
    name: str
    uuid: str
    utilization_percent: int | None
    memory_used_bytes: int | None
    memory_total_bytes: int | None
    temperature_c: int | None
    power_w: float | None
    power_limit_w: float | None
    processes: tuple[GpuProcess, ...] | None

    @property
    def memory_share(self) -> float | None:
        """Share of the memory in use, 0-1; None if unknown."""
        if self.memory_used_bytes is None or not self.memory_total_bytes:
            return None
        return self.memory_used_bytes / self.memory_total_bytes

    @property
    def pressure(self) -> Pressure | None:
        """Memory pressure; None if unknown."""
        return None if self.memory_share is None else pressure_of(self.memory_share)


def pressure_of(share: float) -> Pressure:
    """Return the pressure for a share of the memory in use, 0-1."""
    if share >= CRITICAL:
        return Pressure.CRITICAL
    return Pressure.HIGH if share >= HIGH else Pressure.NONE


class _Utilization(Protocol):
    gpu: int


class _Memory(Protocol):
    total: int
    used: int


class _Process(Protocol):
    pid: int
    usedGpuMemory: int | None


class Nvml(Protocol):
    """The used part of the module pynvml."""

    NVMLError: type[Exception]
    NVML_TEMPERATURE_GPU: int
    NVML_ERROR_GPU_IS_LOST: int

    def nvmlInit(self) -> None: ...  # noqa: D102 - the library's names
    def nvmlShutdown(self) -> None: ...  # noqa: D102
    def nvmlSystemGetDriverVersion(self) -> str: ...  # noqa: D102
    def nvmlDeviceGetCount(self) -> int: ...  # noqa: D102
    def nvmlDeviceGetHandleByIndex(self, index: int) -> object: ...  # noqa: D102
    def nvmlDeviceGetName(self, handle: object) -> str: ...  # noqa: D102
    def nvmlDeviceGetUUID(self, handle: object) -> str: ...  # noqa: D102
    def nvmlDeviceGetUtilizationRates(self, handle: object) -> _Utilization: ...  # noqa: D102
    def nvmlDeviceGetMemoryInfo(self, handle: object) -> _Memory: ...  # noqa: D102
    def nvmlDeviceGetTemperature(self, handle: object, sensor: int) -> int: ...  # noqa: D102
    def nvmlDeviceGetPowerUsage(self, handle: object) -> int: ...  # noqa: D102
    def nvmlDeviceGetEnforcedPowerLimit(self, handle: object) -> int: ...  # noqa: D102
    def nvmlDeviceGetComputeRunningProcesses(self, handle: object) -> Sequence[_Process]: ...  # noqa: D102


def load_nvml() -> Nvml | None:
    """Return the library's module, None if it is not installed."""
    try:
        import pynvml  # type: ignore[import-untyped] # noqa: PLC0415 - an optional package
    except ImportError:
        return None
    return cast("Nvml", pynvml)


class _LostError(Exception):
    """A GPU does not respond; the others may."""


class GpuReader:
    """Read all GPUs; every method blocks."""

    def __init__(self, nvml: Nvml) -> None:
        """Open the library; raises GpuError if there is no driver or no GPU."""
        self._nvml = nvml
        self.lost: str | None = None  # which GPUs do not respond, as a sentence
        try:
            nvml.nvmlInit()
            count = nvml.nvmlDeviceGetCount()
        except nvml.NVMLError as err:
            raise GpuError(f"NVIDIA's driver does not respond: {err}.") from err
        self.driver = self._query(nvml.nvmlSystemGetDriverVersion)
        if not count:
            raise GpuError("NVIDIA's driver reports no GPU.")

    def read(self) -> list[GpuSample]:
        """Return every GPU that responds as it is now; raises GpuError if none does."""
        nvml = self._nvml
        try:
            count = nvml.nvmlDeviceGetCount()
        except nvml.NVMLError as err:
            raise GpuError(f"NVIDIA's driver does not respond: {err}.") from err
        samples: list[GpuSample] = []
        lost: list[str] = []
        for index in range(count):
            try:
                samples.append(self._read(index))
            except _LostError as err:
                lost.append(f"GPU {index} does not respond: {err}.")
        self.lost = " ".join(lost) or None
        if self.lost and not samples:
            raise GpuError(self.lost)
        return samples

    def close(self) -> None:
        """Release the library."""
        with contextlib.suppress(_LostError):
            self._query(self._nvml.nvmlShutdown)

    def _read(self, index: int) -> GpuSample:
        nvml = self._nvml
        try:
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
        except nvml.NVMLError as err:
            raise _LostError(str(err)) from err
        name = self._query(lambda: nvml.nvmlDeviceGetName(handle))
        uuid = self._query(lambda: nvml.nvmlDeviceGetUUID(handle))
        memory = self._query(lambda: nvml.nvmlDeviceGetMemoryInfo(handle))
        utilization = self._query(lambda: nvml.nvmlDeviceGetUtilizationRates(handle))
        power = self._query(lambda: nvml.nvmlDeviceGetPowerUsage(handle))
        limit = self._query(lambda: nvml.nvmlDeviceGetEnforcedPowerLimit(handle))
        processes = self._query(lambda: nvml.nvmlDeviceGetComputeRunningProcesses(handle))
        return GpuSample(
            at=datetime.now(UTC),
            index=index,
            name=_text(name) or f"GPU {index}",
            uuid=_text(uuid) or f"unknown-{index}",  # distinguishes it from the others
            utilization_percent=utilization.gpu if utilization else None,
            memory_used_bytes=memory.used if memory else None,
            memory_total_bytes=memory.total if memory else None,
            temperature_c=self._query(
                lambda: nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU)
            ),
            power_w=None if power is None else power / 1000,
            power_limit_w=None if limit is None else limit / 1000,
            processes=None
            if processes is None
            else tuple(
                GpuProcess(pid=one.pid, memory_bytes=one.usedGpuMemory) for one in processes
            ),
        )

    def _query(self, call: Callable[[], T]) -> T | None:
        """Return the value; None if this GPU or driver does not report it; raises _LostError."""
        try:
            return call()
        except self._nvml.NVMLError as err:
            if getattr(err, "value", None) == self._nvml.NVML_ERROR_GPU_IS_LOST:
                raise _LostError(str(err)) from err
            return None
        except Exception:  # noqa: BLE001 - a name in WSL is not UTF-8, an old driver lacks a function
            return None


def _text(value: str | bytes | None) -> str | None:
    """Return a text, which older versions of the library return as bytes."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
