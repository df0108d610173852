"""Assemble the server: services, handlers, middlewares, routes."""

from collections.abc import AsyncIterator, Callable
from uuid import UUID

from aiohttp import web

from inference_server.api.assess import AssessHandler
from inference_server.api.detect import DetectHandler
from inference_server.api.gpu import GpuHandler
from inference_server.api.health import HealthHandler
from inference_server.api.metrics import MetricsHandler
from inference_server.api.models import ModelsHandler
from inference_server.api.pull import PullHandler
from inference_server.assessment.assessor_service import AssessorService
from inference_server.assessment.model_download import ModelDownload
from inference_server.detection.base import Detector
from inference_server.detection.catalog import ModelCatalog
from inference_server.detection.loading import load_detector
from inference_server.detection.service import DetectionService
from inference_server.gpu.gpu_monitor import GpuMonitor
from inference_server.http.drain import Drain
from inference_server.http.problems import problem_details
from inference_server.http.security import WRONG_BURST, bearer
from inference_server.observability.metrics import Metrics
from inference_server.observability.tracing import Tracing, traced
from inference_server.settings import Settings

_OPEN_PATHS = frozenset({"/v1/live", "/v1/ready"})


def create_app(
    settings: Settings,
    *,
    instance_id: UUID,
    detection: DetectionService,
    assessor_service: AssessorService,
    gpu: GpuMonitor | None = None,
    metrics: Metrics | None = None,
    tracing: Tracing | None = None,
    load: Callable[[Settings], Detector] = load_detector,
    drain: Drain | None = None,
    on_authorized: Callable[[web.BaseRequest], None] | None = None,
    wrong_burst: float = WRONG_BURST,
) -> web.Application:
    """Return the application, which starts and stops its services.

    `load` loads the detectors that are requested by name; `on_authorized` is called with every
    request that carries a valid token; an address may send `wrong_burst` wrong ones at once.
    """
    gpu = gpu or GpuMonitor(None)
    metrics, tracing, drain = metrics or Metrics(), tracing or Tracing(), drain or Drain()
    app = web.Application(
        middlewares=[
            traced(tracing.tracer),
            problem_details(metrics),
            drain.middleware(),
            bearer(
                settings.api_tokens,
                open_paths=_OPEN_PATHS,
                per_second=settings.rate_limit,
                on_authorized=on_authorized,
                wrong_burst=wrong_burst,
            ),
        ],
    )
    drain.install(app)
    pull = ModelDownload(assessor_service)
    health = HealthHandler(detection, assessor_service, gpu, pull, instance_id=instance_id)
    detect = DetectHandler(
        detection,
        default_threshold=settings.confidence_threshold,
        max_body_bytes=settings.max_body_bytes,
        metrics=metrics,
    )
    app.router.add_get("/v1/live", health.live)
    app.router.add_get("/v1/ready", health.ready)
    app.router.add_get("/v1/health", health.health)
    app.router.add_post("/v1/detect", detect.post)
    app.router.add_post(
        "/v1/assess", AssessHandler(assessor_service, metrics, limit=settings.assess_limit).post
    )
    gpus = GpuHandler(gpu)
    app.router.add_get("/v1/gpu", gpus.now)
    app.router.add_get("/v1/gpu/history", gpus.history)
    models = ModelsHandler(detection.detectors, assessor_service, ModelCatalog(settings, load=load))
    app.router.add_get("/v1/models", models.get)
    app.router.add_post("/v1/models/load", models.load)
    app.router.add_post("/v1/models/reload", models.reload)
    app.router.add_post("/v1/models/unload", models.unload)
    pulling = PullHandler(pull)
    app.router.add_get("/v1/models/pull", pulling.get)
    app.router.add_post("/v1/models/pull", pulling.post)
    app.router.add_get("/metrics", MetricsHandler(detection, assessor_service, gpu, metrics).get)

    async def run_services(_: web.Application) -> AsyncIterator[None]:
        detection.detectors.start()
        assessor_service.start()
        gpu.start(on_pressure=detection.detectors.apply_memory_pressure)
        yield
        await gpu.stop()
        await pull.stop()
        await assessor_service.stop()
        await detection.detectors.stop()

    app.cleanup_ctx.append(run_services)
    return app
