"""GPUs that report little or nothing, as in public reports: each value stands for itself.

Sources are issues and pull requests on GitHub.
"""

from collections.abc import Callable
from typing import Any

import pynvml  # type: ignore[import-untyped] # it ships no types
import pytest

from inference_server.gpu.gpu_monitor import GpuMonitor
from inference_server.gpu.nvml import GpuError, GpuReader
from tests.server.test_gpu import GIB, FakeNvml


def failing(error: Exception) -> Callable[..., Any]:
    def fail(*_: object) -> Any:
        raise error

    return fail


NOT_SUPPORTED = pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
UNKNOWN = pynvml.NVMLError(pynvml.NVML_ERROR_UNKNOWN)
LOST = pynvml.NVMLError(pynvml.NVML_ERROR_GPU_IS_LOST)
NO_PERMISSION = pynvml.NVMLError(pynvml.NVML_ERROR_NO_PERMISSION)
NO_FUNCTION = pynvml.NVMLError(pynvml.NVML_ERROR_FUNCTION_NOT_FOUND)
NOT_UTF8 = UnicodeDecodeError("utf-8", b"\xf8", 0, 1, "invalid start byte")


@pytest.mark.parametrize(
    ("function", "error"),
    [
        ("nvmlDeviceGetName", NOT_UTF8),  # gpuopenanalytics/pynvml/issues/53, in WSL
        ("nvmlDeviceGetName", NOT_SUPPORTED),
        ("nvmlDeviceGetUUID", NOT_SUPPORTED),
        ("nvmlDeviceGetUUID", NO_PERMISSION),
        ("nvmlDeviceGetMemoryInfo", NOT_SUPPORTED),  # NVIDIA/cosmos/issues/180, a DGX Spark
        ("nvmlDeviceGetMemoryInfo", NO_PERMISSION),  # NVIDIA/nvidia-container-toolkit/issues/842
        ("nvmlDeviceGetUtilizationRates", UNKNOWN),
        ("nvmlDeviceGetTemperature", NOT_SUPPORTED),  # nvidia-cosmos/cosmos-reason1/issues/61
        ("nvmlDeviceGetPowerUsage", UNKNOWN),
        ("nvmlDeviceGetEnforcedPowerLimit", NOT_SUPPORTED),
        ("nvmlDeviceGetComputeRunningProcesses", NO_FUNCTION),
        # gpuopenanalytics/pynvml/issues/43, an old driver
        ("nvmlDeviceGetComputeRunningProcesses", AttributeError("undefined symbol")),
    ],
)
def test_a_value_that_a_gpu_does_not_report_hides_nothing_else(
    function: str, error: Exception
) -> None:
    nvml = FakeNvml(handles={0: "second", 1: "first"})  # the first of the two has the fault
    setattr(nvml, function, faulty(nvml, function, error))

    other, whole = GpuReader(nvml).read()

    assert (whole.name, whole.uuid) == ("NVIDIA first", "GPU-first")
    assert whole.memory_used_bytes == 6 * GIB
    assert whole.utilization_percent == 31
    assert other.index == 0
    assert other.name
    assert other.uuid


def faulty(nvml: FakeNvml, function: str, error: Exception) -> Callable[..., Any]:
    real = getattr(nvml, function)

    def call(card: object, *arguments: object) -> Any:
        if card == "second":
            raise error
        return real(card, *arguments)

    return call


@pytest.mark.parametrize("error", [LOST, UNKNOWN])  # rossumai/nvgpu/issues/6, gpustat/issues/125
@pytest.mark.parametrize("lost", [0, 1])
def test_a_lost_gpu_hides_no_other_and_is_named(error: Exception, lost: int) -> None:
    nvml = FakeNvml()

    def handle(index: int) -> str:
        if index == lost:
            raise error
        return "first"

    nvml.nvmlDeviceGetHandleByIndex = handle  # type: ignore[method-assign] # of a fake
    reader = GpuReader(nvml)

    [left] = reader.read()

    assert (left.index, left.uuid) == (1 - lost, "GPU-first")
    assert f"GPU {lost} does not respond" in str(reader.lost)


def test_a_gpu_that_is_lost_after_it_was_found_shows_no_empty_values() -> None:
    nvml = FakeNvml()
    nvml.nvmlDeviceGetMemoryInfo = faulty(nvml, "nvmlDeviceGetMemoryInfo", LOST)  # type: ignore[method-assign] # of a fake
    reader = GpuReader(nvml)

    [left] = reader.read()

    assert left.uuid == "GPU-first"
    assert "GPU 1 does not respond" in str(reader.lost)


def test_all_gpus_lost_are_an_error() -> None:
    nvml = FakeNvml()
    nvml.nvmlDeviceGetHandleByIndex = failing(LOST)  # type: ignore[method-assign] # of a fake
    with pytest.raises(GpuError, match=r"GPU 0 does not respond.* GPU 1 does not respond"):
        GpuReader(nvml).read()


def test_a_driver_without_a_version_is_read() -> None:
    nvml = FakeNvml()
    nvml.nvmlSystemGetDriverVersion = failing(NOT_SUPPORTED)  # type: ignore[method-assign] # of a fake
    reader = GpuReader(nvml)
    assert reader.driver is None
    assert len(reader.read()) == 2


def test_names_in_bytes_are_read() -> None:
    """Older versions of the library return bytes."""
    nvml = FakeNvml(count=1)
    nvml.nvmlDeviceGetName = lambda _: b"NVIDIA GB10 \xae"  # type: ignore[method-assign,assignment,return-value] # of a fake
    [sample] = GpuReader(nvml).read()
    assert sample.name.startswith("NVIDIA GB10")


async def test_the_history_of_gpus_without_a_uuid_is_kept_apart_and_the_lost_one_is_reported() -> (
    None
):
    nvml = FakeNvml()
    nvml.nvmlDeviceGetUUID = failing(NOT_SUPPORTED)  # type: ignore[method-assign] # of a fake
    monitor = GpuMonitor(nvml, interval=0.01)
    monitor.start(on_pressure=lambda _: None)
    await monitor.polled.wait()
    assert len(monitor.history) == 2
    assert monitor.used is not None
    assert monitor.used.index == 0
    await monitor.stop()
