"""POST /v1/detect: detect the objects in an image."""

from aiohttp import web

from inference_server.api.body import read_body
from inference_server.api.deadline import read_deadline
from inference_server.detection.base import Detection
from inference_server.detection.service import DetectionResult, DetectionService, Timings
from inference_server.errors import MalformedRequestError, UnsupportedMediaTypeError
from inference_server.observability.metrics import Metrics

_CONTENT_TYPES = frozenset(
    {"image/jpeg", "image/jpg", "image/png", "image/webp", "application/octet-stream"}
)


class DetectHandler:
    """Pass images to the detection service."""

    def __init__(
        self,
        service: DetectionService,
        *,
        default_threshold: float,
        max_body_bytes: int,
        metrics: Metrics,
    ) -> None:
        self._service = service
        self._default_threshold = default_threshold
        self._max_body_bytes = max_body_bytes
        self._metrics = metrics

    async def post(self, request: web.Request) -> web.Response:
        """Return the objects in the request's image."""
        threshold = self._read_threshold(request)
        deadline = read_deadline(request)
        if request.content_type not in _CONTENT_TYPES:
            raise UnsupportedMediaTypeError(
                f"{request.content_type} is not supported; send {', '.join(sorted(_CONTENT_TYPES))}."
            )
        with self._service.admit(deadline):  # before the upload, which takes memory, too
            image = await read_body(
                request,
                max_bytes=self._max_body_bytes,
                too_large=f"The limit is {self._max_body_bytes} bytes (MAX_BODY_BYTES).",
            )
            result = await self._service.detect_admitted(image, threshold, deadline)
        self._observe(result.timings)
        return web.json_response(_to_json(result))

    def _observe(self, timings: Timings) -> None:
        self._metrics.observe_stage("queue", timings.queue)
        self._metrics.observe_stage("decode", timings.decode)
        self._metrics.observe_stage("preprocess", timings.preprocess)
        self._metrics.observe_stage("infer", timings.infer)
        self._metrics.observe_stage("postprocess", timings.postprocess)

    def _read_threshold(self, request: web.Request) -> float:
        text = request.query.get("threshold")
        if text is None:
            return self._default_threshold
        try:
            threshold = float(text)
        except ValueError as err:
            raise MalformedRequestError("threshold must be a number.") from err
        if not 0 <= threshold <= 1:
            raise MalformedRequestError("threshold must be 0 to 1.")
        return threshold


def _to_json(result: DetectionResult) -> dict[str, object]:
    timings = result.timings
    return {
        "model": result.model,
        "test_model": result.test_model,
        "image": {"width": result.width, "height": result.height},
        "detections": [_detection(each) for each in result.detections],
        "timings_ms": {
            "queue": round(timings.queue, 1),
            "decode": round(timings.decode, 1),
            "preprocess": round(timings.preprocess, 1),
            "infer": round(timings.infer, 1),
            "postprocess": round(timings.postprocess, 1),
            "total": round(timings.total, 1),
        },
        **({"damaged": result.damage} if result.damage else {}),
    }


def _detection(found: Detection) -> dict[str, object]:
    # Five digits are finer than a pixel of the largest image.
    return {
        "label": found.label,
        "confidence": round(found.confidence, 4),
        "box": [round(edge, 5) for edge in found.box],
    }
