"""GET /metrics: the server's metrics for Prometheus."""

from aiohttp import web

from inference_server.assessment.assessor_service import AssessorService
from inference_server.detection.service import DetectionService
from inference_server.gpu.gpu_monitor import GpuMonitor
from inference_server.observability.component_status import ComponentState
from inference_server.observability.metrics import DetectorGauges, LlmGauges, Metrics

_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class MetricsHandler:
    """Render the metrics."""

    def __init__(
        self,
        detection: DetectionService,
        assessor_service: AssessorService,
        gpu: GpuMonitor,
        metrics: Metrics,
    ) -> None:
        self._detection = detection
        self._assessor_service = assessor_service
        self._gpu = gpu
        self._metrics = metrics

    async def get(self, _: web.Request) -> web.Response:
        """Return all metrics."""
        detection, assessor_service = self._detection, self._assessor_service
        runner = detection.detectors.runner
        text = self._metrics.render(
            detector=DetectorGauges(
                admitted=detection.waiting,
                queued=runner.queued if runner else 0,
                ready=detection.detectors.status.state is ComponentState.READY,
                proven_at=runner.verified_at if runner else None,
                fallen_back=bool(runner and runner.info.fallback),
            ),
            gpus=self._gpu.gpus,
            llm=LlmGauges(
                model=assessor_service.model,
                gpu_share=assessor_service.gpu_share,
                tokens_per_second=assessor_service.tokens_per_second,
                gpu_lost=assessor_service.fallback is not None,
            ),
        )
        return web.Response(body=text, headers={"Content-Type": _CONTENT_TYPE})
