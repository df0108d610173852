"""GET /v1/gpu and /v1/gpu/history: the GPUs now and over the last hour."""

from aiohttp import web

from inference_server.gpu.gpu_monitor import GpuMonitor
from inference_server.gpu.nvml import GpuSample


class GpuHandler:
    """Report the driver's values, null without a GPU."""

    def __init__(self, monitor: GpuMonitor) -> None:
        self._monitor = monitor

    async def now(self, _: web.Request) -> web.Response:
        """Return the latest sample of each GPU."""
        monitor = self._monitor
        return web.json_response(
            {
                "driver": monitor.driver,
                "error": monitor.error,
                "gpus": [gpu_json(gpu) | _processes(gpu) for gpu in monitor.gpus] or None,
            }
        )

    async def history(self, _: web.Request) -> web.Response:
        """Return the last hour of each GPU."""
        monitor = self._monitor
        return web.json_response(
            {
                "interval_s": monitor.interval,
                "gpus": [
                    {"uuid": uuid, "samples": [_sample(one) for one in samples]}
                    for uuid, samples in monitor.history.items()
                ]
                or None,
            }
        )


def gpu_json(gpu: GpuSample) -> dict[str, object]:
    """Return one GPU without its processes."""
    return {
        "index": gpu.index,
        "name": gpu.name,
        "uuid": gpu.uuid,
        "power_limit_w": gpu.power_limit_w,
        "memory_total_bytes": gpu.memory_total_bytes,
        "pressure": gpu.pressure,
        **_sample(gpu),
    }


def _sample(gpu: GpuSample) -> dict[str, object]:
    return {
        "at": gpu.at.isoformat(timespec="milliseconds"),
        "utilization_percent": gpu.utilization_percent,
        "memory_used_bytes": gpu.memory_used_bytes,
        "temperature_c": gpu.temperature_c,
        "power_w": gpu.power_w,
    }


def _processes(gpu: GpuSample) -> dict[str, object]:
    if gpu.processes is None:
        return {"processes": None}
    return {
        "processes": [{"pid": one.pid, "memory_bytes": one.memory_bytes} for one in gpu.processes]
    }
