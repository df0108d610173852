"""GET /metrics: the server's figures for Prometheus."""

from aiohttp import web

from ..detection.service import DetectionService
from ..errors import NotFoundError
from ..gpu_watch import GpuWatch
from ..metrics import Metrics

_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class MetricsHandler:
    """Renders what was counted."""

    def __init__(self, detection: DetectionService, gpu: GpuWatch, metrics: Metrics) -> None:
        self._detection = detection
        self._gpu = gpu
        self._metrics = metrics

    async def get(self, _: web.Request) -> web.Response:
        """Answer with all figures."""
        detection = self._detection
        text = self._metrics.render(
            admitted=detection.waiting, queued=detection.queued, gpus=self._gpu.gpus
        )
        if text is None:
            raise NotFoundError(
                "This server counts nothing: install it with its metrics extra, then restart it."
            )
        return web.Response(body=text, headers={"Content-Type": _CONTENT_TYPE})
