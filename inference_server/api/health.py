"""GET /v1/live, /v1/ready and /v1/health: the state of the server and its components."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from aiohttp import web

from inference_server import __version__
from inference_server.api.gpu import gpu_json
from inference_server.assessment.assessor_service import AssessorService
from inference_server.assessment.facts import OPTIONAL_FIELDS
from inference_server.assessment.model_download import ModelDownload
from inference_server.detection.service import DetectionService
from inference_server.gpu.gpu_monitor import GpuMonitor
from inference_server.observability.component_status import ComponentState

_API_VERSION = 1


class HealthHandler:
    """Report the states of the components."""

    def __init__(
        self,
        detection: DetectionService,
        assessor_service: AssessorService,
        gpu: GpuMonitor,
        pull: ModelDownload,
        *,
        instance_id: UUID,
    ) -> None:
        self._detection = detection
        self._assessor_service = assessor_service
        self._gpu = gpu
        self._pull = pull
        self._instance_id = instance_id

    async def live(self, _: web.Request) -> web.Response:
        """Return that the process runs."""
        return web.json_response({"status": "live"})  # anyone may ask

    async def ready(self, _: web.Request) -> web.Response:
        """Return whether images can be processed; 503 if not."""
        status = self._detection.detectors.status
        ready = status.state is ComponentState.READY
        body = {
            "ready": ready,
            "since": _iso(status.since),
            "reason": status.reason,
            "detector": status.state,
            "assessor": self._assessor_service.status.state,
        }
        return web.json_response(body, status=200 if ready else 503)

    async def health(self, _: web.Request) -> web.Response:
        """Return the state of each component, since when, and its error."""
        detector, assessor = self._detection.detectors.status, self._assessor_service.status
        runner = self._detection.detectors.runner
        info = runner.info if runner else None
        fallback = info.fallback if info else None
        return web.json_response(
            {
                "status": _overall(
                    detector.state, assessor.state, fallback, self._assessor_service.fallback
                ),
                "version": __version__,
                "api_version": _API_VERSION,
                "instance_id": str(self._instance_id),
                "detector": {
                    "state": detector.state,
                    "since": _iso(detector.since),
                    "model": info.model if info else None,
                    "device": info.device if info else None,
                    "runtime": info.runtime if info else None,
                    "precision": info.precision if info else None,
                    "labels": list(info.labels) if info else [],
                    "test_model": info.test_model if info else False,
                    "batch_most": runner.batch_limit if runner else None,
                    "fallback": fallback,
                    "parity": asdict(info.parity) if info and info.parity else None,
                    "proven_at": _iso(runner.verified_at) if runner else None,
                    "error": detector.error,
                    "pictures": self._detection.waiting,
                },
                "assessor": self._assessor(),
                "gpu": gpu_json(self._gpu.used) if self._gpu.used else None,
            }
        )

    def _assessor(self) -> dict[str, object]:
        assessor_service, pull = self._assessor_service, self._pull.status
        status, verified_at = assessor_service.status, assessor_service.verified_at
        return {
            "state": status.state,
            "since": _iso(status.since),
            "backend": assessor_service.backend,
            "model": assessor_service.model,
            "model_digest": assessor_service.model_digest,
            "vision": assessor_service.vision,
            "accepts": list(OPTIONAL_FIELDS),
            "gpu_share": assessor_service.gpu_share,
            "tokens_per_second": assessor_service.tokens_per_second,
            "fallback": assessor_service.fallback,
            "proven_at": _iso(verified_at) if verified_at else None,
            "pull": asdict(pull) if pull else None,
            "problem": assessor_service.problem,
            "error": status.error,
        }


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def _overall(detector: ComponentState, assessor: ComponentState, *fallbacks: str | None) -> str:
    if detector is not ComponentState.READY:
        return "unavailable"
    well = assessor in {ComponentState.READY, ComponentState.ABSENT} and not any(fallbacks)
    return "ok" if well else "degraded"
