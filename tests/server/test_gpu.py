"""The server reports the driver's values of the GPUs, and no others."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
import inspect
import threading
from typing import TypeVar

import pynvml  # type: ignore[import-untyped] # it ships no types
import pytest

from inference_server.detection.base import Detector
from inference_server.detection.detector_manager import DetectorManager
from inference_server.detection.service import DetectionService
from inference_server.gpu.gpu_monitor import GpuMonitor
from inference_server.gpu.nvml import (
    GpuReader,
    GpuSample,
    Nvml,
    Pressure,
    load_nvml,
    pressure_of,
)
from inference_server.observability.metrics import Metrics
from inference_server.settings import Settings
from tests.server.support import check_schema, eventually, no_assessor, serve

GIB = 2**30
T = TypeVar("T")
FUNCTIONS = [name for name in vars(Nvml) if name.startswith("nvml")]


@dataclass
class Memory:
    total: int
    used: int


@dataclass
class Utilization:
    gpu: int
    memory: int = 0


@dataclass
class Process:
    pid: int
    usedGpuMemory: int | None


@dataclass
class FakeNvml:
    """pynvml on a machine with two cards, of which the second reports little."""

    NVMLError = pynvml.NVMLError
    NVML_TEMPERATURE_GPU = pynvml.NVML_TEMPERATURE_GPU
    NVML_ERROR_GPU_IS_LOST = pynvml.NVML_ERROR_GPU_IS_LOST
    used: int = 6 * GIB
    lost: bool = False
    count: int = 2
    read_count: Callable[[], int] | None = None  # instead of `count`
    shut: int = 0
    handles: dict[int, str] = field(default_factory=lambda: {0: "first", 1: "second"})

    def nvmlInit(self) -> None:
        if self.lost:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_DRIVER_NOT_LOADED)

    def nvmlShutdown(self) -> None:
        self.shut += 1

    def nvmlSystemGetDriverVersion(self) -> str:
        return "580.95.05"

    def nvmlDeviceGetCount(self) -> int:
        if self.lost:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_GPU_IS_LOST)
        return self.read_count() if self.read_count else self.count

    def nvmlDeviceGetHandleByIndex(self, index: int) -> str:
        return self.handles[index]

    def nvmlDeviceGetName(self, handle: object) -> str:
        return f"NVIDIA {handle}"

    def nvmlDeviceGetUUID(self, handle: object) -> str:
        return f"GPU-{handle}"

    def nvmlDeviceGetUtilizationRates(self, handle: object) -> Utilization:
        return self._only_of_the_first(handle, Utilization(gpu=31))

    def nvmlDeviceGetMemoryInfo(self, handle: object, version: None = None) -> Memory:
        return self._only_of_the_first(handle, Memory(total=20 * GIB, used=self.used))

    def nvmlDeviceGetTemperature(self, handle: object, sensor: int) -> int:
        assert sensor == 0
        return self._only_of_the_first(handle, 55)

    def nvmlDeviceGetPowerUsage(self, handle: object) -> int:
        return self._only_of_the_first(handle, 61_500)

    def nvmlDeviceGetEnforcedPowerLimit(self, handle: object) -> int:
        return self._only_of_the_first(handle, 130_000)

    def nvmlDeviceGetComputeRunningProcesses(self, handle: object) -> list[Process]:
        return self._only_of_the_first(handle, [Process(1234, GIB), Process(77, None)])

    def _only_of_the_first(self, handle: object, value: T) -> T:
        if handle != "first":
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
        return value


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_fake_has_the_real_modules_signatures(name: str) -> None:
    real = inspect.signature(getattr(pynvml, name)).parameters.values()
    fake = inspect.signature(getattr(FakeNvml(), name)).parameters.values()
    assert [(one.name, one.kind, one.default) for one in fake] == [
        (one.name, one.kind, one.default) for one in real
    ]


def test_the_fake_has_the_fields_of_the_real_structures() -> None:
    assert {"total", "used"} <= {name for name, _ in pynvml.c_nvmlMemory_t._fields_}
    assert {"gpu"} <= {name for name, _ in pynvml.c_nvmlUtilization_t._fields_}
    assert {"pid", "usedGpuMemory"} <= {name for name, _ in pynvml.c_nvmlProcessInfo_v3_t._fields_}


async def test_the_real_library_without_a_driver_reports_no_gpu(
    settings: Settings, detector: Detector
) -> None:
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        pass
    else:
        pytest.skip("this machine has a GPU")
    monitor = GpuMonitor(load_nvml())
    client = await serve(
        settings,
        DetectionService(DetectorManager(lambda: detector), queue_limit=4),
        no_assessor(),
        gpu=monitor,
    )
    await monitor.polled.wait()
    now = await (await client.get("/v1/gpu")).json()
    check_schema("Gpus", now)
    assert now["gpus"] is None
    assert "driver does not respond" in now["error"]
    history = await (await client.get("/v1/gpu/history")).json()
    check_schema("GpuHistory", history)
    assert history["gpus"] is None
    health = await (await client.get("/v1/health")).json()
    check_schema("Health", health)
    assert health["gpu"] is None
    await client.close()


async def test_samples_are_the_values_of_the_driver(settings: Settings, detector: Detector) -> None:
    nvml = FakeNvml()
    monitor = GpuMonitor(nvml, interval=0.01)
    metrics = Metrics()
    client = await serve(
        settings,
        DetectionService(DetectorManager(lambda: detector), queue_limit=4),
        no_assessor(),
        gpu=monitor,
        metrics=metrics,
    )
    await monitor.polled.wait()
    now = await (await client.get("/v1/gpu")).json()
    check_schema("Gpus", now)
    assert (now["driver"], now["error"]) == ("580.95.05", None)
    first, second = now["gpus"]
    assert first.pop("at")
    assert first == {
        "index": 0,
        "name": "NVIDIA first",
        "uuid": "GPU-first",
        "utilization_percent": 31,
        "memory_used_bytes": 6 * GIB,
        "memory_total_bytes": 20 * GIB,
        "temperature_c": 55,
        "power_w": 61.5,
        "power_limit_w": 130.0,
        "pressure": "none",
        "processes": [{"pid": 1234, "memory_bytes": GIB}, {"pid": 77, "memory_bytes": None}],
    }
    assert {name for name, value in second.items() if value is not None} == {
        "at",
        "index",
        "name",
        "uuid",
    }
    health = await (await client.get("/v1/health")).json()
    check_schema("Health", health)
    assert health["gpu"]["uuid"] == "GPU-first"
    text = await (await client.get("/metrics")).text()
    assert 'hsi_gpu_memory_used_bytes{gpu="0",name="NVIDIA first"} 6.442450944e+09' in text
    assert 'hsi_gpu_utilization_ratio{gpu="0",name="NVIDIA first"} 0.31' in text
    assert "NVIDIA second" not in text

    await eventually(lambda: len(monitor.history["GPU-first"]) > 3)
    history = await (await client.get("/v1/gpu/history")).json()
    check_schema("GpuHistory", history)
    assert [gpu["uuid"] for gpu in history["gpus"]] == ["GPU-first", "GPU-second"]
    times = [sample["at"] for sample in history["gpus"][0]["samples"]]
    assert times == sorted(times)

    nvml.lost = True
    await eventually(lambda: monitor.error)
    assert (await (await client.get("/v1/health")).json())["gpu"] is None
    assert "hsi_gpu_memory_used_bytes{" not in await (await client.get("/metrics")).text()
    assert nvml.shut == 1
    await client.close()


async def test_a_hanging_driver_discards_the_samples() -> None:
    nvml, answers = FakeNvml(), threading.Event()
    answers.set()

    def wait() -> int:
        assert answers.wait(120)
        return 2

    nvml.read_count = wait
    pressures: list[Pressure] = []
    monitor = GpuMonitor(nvml, interval=0.01, timeout=1.0)
    monitor.start(on_pressure=pressures.append)
    await monitor.polled.wait()
    assert monitor.used
    answers.clear()
    await eventually(lambda: not monitor.gpus)
    assert monitor.used is None
    assert monitor.error == "NVIDIA's driver has not responded for 1 s."
    answers.set()
    await eventually(lambda: monitor.used)
    assert monitor.error is None
    await monitor.stop()


async def test_a_failing_library_discards_the_samples_and_is_retried() -> None:
    nvml, broken = FakeNvml(), threading.Event()

    def count() -> int:
        if broken.is_set():
            raise OSError(5, "Input/output error")  # no error of NVML
        return 2

    nvml.read_count = count
    monitor = GpuMonitor(nvml, interval=0.01, retry_delay=0.01)
    monitor.start(on_pressure=lambda _: None)
    await monitor.polled.wait()
    assert monitor.used
    broken.set()
    await eventually(lambda: not monitor.gpus)
    assert "OSError" in str(monitor.error)
    broken.clear()
    await eventually(lambda: monitor.used)
    assert monitor.error is None
    await monitor.stop()


async def test_an_hour_of_samples_is_kept() -> None:
    nvml = FakeNvml(count=1)
    monitor = GpuMonitor(nvml)
    assert monitor.interval == 5
    sample = (await _read(nvml))[0]
    for _ in range(800):
        monitor.record([sample])
    assert len(monitor.history["GPU-first"]) == 720


async def _read(nvml: Nvml) -> Sequence[GpuSample]:
    return await asyncio.to_thread(GpuReader(nvml).read)


@pytest.mark.parametrize(
    ("visible", "used"),
    [
        (None, "GPU-first"),
        ("", None),
        ("1", "GPU-second"),
        ("GPU-second,0", "GPU-second"),
        ("-1", None),
        ("GPU-sec", "GPU-second"),
        ("MIG-1", None),
        ("7", None),
    ],
)
async def test_the_gpu_in_use_is_the_first_that_cuda_lists(
    visible: str | None, used: str | None
) -> None:
    nvml = FakeNvml()
    monitor = GpuMonitor(nvml, visible=visible)
    monitor.record(await _read(nvml))
    assert (monitor.used.uuid if monitor.used else None) == used


@pytest.mark.parametrize(
    ("share", "pressure"),
    [(0.84, "none"), (0.85, "high"), (0.949, "high"), (0.95, "critical"), (1.0, "critical")],
)
def test_pressure_begins_at_85_and_95_percent(share: float, pressure: str) -> None:
    assert pressure_of(share) == pressure


async def test_memory_pressure_reduces_the_batch_size_and_shows_in_health(
    settings: Settings, detector: Detector, caplog: pytest.LogCaptureFixture
) -> None:
    class OnGpu:
        info = replace(detector.info, device="cuda:0 (NVIDIA first)", best_batch=16)
        prepare = staticmethod(detector.prepare)
        detect = staticmethod(detector.detect)

    nvml = FakeNvml(used=10 * GIB)
    service = DetectionService(DetectorManager(OnGpu), queue_limit=32)
    client = await serve(settings, service, no_assessor(), gpu=GpuMonitor(nvml, interval=0.01))
    await service.detectors.settled.wait()

    async def reported() -> tuple[int, str]:
        health = await (await client.get("/v1/health")).json()
        return health["detector"]["batch_most"], health["gpu"]["pressure"]

    assert await reported() == (16, "none")
    for used, batch_limit, pressure in (
        (18, 8, "high"),
        (19.5, 1, "critical"),
        (18.7, 1, "high"),  # fallen by too little
        (18, 8, "high"),
        (10, 16, "none"),
    ):
        nvml.used = int(used * GIB)
        async with asyncio.timeout(60):
            while await reported() != (batch_limit, pressure):  # noqa: ASYNC110 - polled over HTTP
                await asyncio.sleep(0.01)
    assert "GPU memory pressure is critical" in caplog.text
    await client.close()


async def test_memory_pressure_leaves_the_batches_of_a_detector_on_the_cpu_alone(
    detector: Detector,
) -> None:
    detectors = DetectorManager(lambda: detector, batch_max=16)
    detectors.start()
    await detectors.settled.wait()
    detectors.apply_memory_pressure(Pressure.CRITICAL)
    assert detectors.require_runner().batch_limit == 16
    await detectors.stop()
