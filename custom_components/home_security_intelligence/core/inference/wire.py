"""The wire format: JSON answers to values, values to JSON requests."""

from base64 import b64encode
from collections.abc import Sequence

from ..domain.inference import (
    AssessorBackend,
    AssessorHealth,
    DetectorHealth,
    DetectResult,
    EventFacts,
    GpuHealth,
    GpuPressure,
    ParityHealth,
    PartState,
    Pull,
    PullState,
    ServerHealth,
    ServerStatus,
)
from ..domain.models import Assessment, Box, Detection, ModelUse
from .json_reader import Answer, Json

API_VERSION = 1

_DETECT_TIMINGS = ("queue", "decode", "preprocess", "infer", "postprocess", "total")


def read_health(answer: Answer) -> ServerHealth:
    """Return the server's health."""
    detector = answer.inner("detector")
    assessor = answer.inner("assessor")
    return ServerHealth(
        status=answer.choice("status", ServerStatus),
        version=answer.text("version"),
        api_version=answer.integer("api_version", API_VERSION, API_VERSION),
        instance_id=answer.uuid("instance_id"),
        detector=DetectorHealth(
            state=detector.choice("state", PartState),
            since=detector.time("since"),
            model=detector.optional("model", detector.text),
            device=detector.optional("device", detector.text),
            runtime=detector.optional("runtime", detector.text),
            precision=detector.optional("precision", detector.text),
            decode=detector.optional("decode", detector.text) if detector.has("decode") else None,
            labels=detector.texts("labels"),
            test_model=detector.flag("test_model"),
            batch_most=detector.optional("batch_most", lambda key: detector.integer(key, 1)),
            fallback=detector.optional("fallback", detector.text),
            parity=detector.optional("parity", lambda key: _read_parity(detector.inner(key))),
            proven_at=detector.optional("proven_at", detector.time),
            error=detector.optional("error", detector.text),
            pictures=_told(detector, "pictures"),
        ),
        assessor=AssessorHealth(
            state=assessor.choice("state", PartState),
            since=assessor.time("since"),
            backend=assessor.optional("backend", lambda key: assessor.choice(key, AssessorBackend)),
            model=assessor.optional("model", assessor.text),
            model_digest=assessor.optional("model_digest", assessor.text),
            vision=assessor.optional("vision", assessor.flag) if assessor.has("vision") else None,
            gpu_share=assessor.optional(
                "gpu_share", lambda key: assessor.number(key, low=0.0, high=1.0)
            ),
            tokens_per_second=assessor.optional("tokens_per_second", assessor.number),
            fallback=assessor.optional("fallback", assessor.text),
            proven_at=assessor.optional("proven_at", assessor.time),
            pull=assessor.optional("pull", lambda key: read_pull(assessor.inner(key))),
            problem=assessor.optional("problem", assessor.text),
            error=assessor.optional("error", assessor.text),
        ),
        gpu=answer.optional("gpu", lambda key: _read_gpu(answer.inner(key))),
    )


def read_pull(answer: Answer) -> Pull:
    """Return how far a language model's download is."""
    return Pull(
        state=answer.choice("state", PullState),
        model=answer.text("model"),
        completed_bytes=answer.integer("completed_bytes"),
        total_bytes=answer.integer("total_bytes"),
        error=answer.optional("error", answer.text),
    )


def read_detect_result(answer: Answer) -> DetectResult:
    """Return what the detector saw."""
    image = answer.inner("image")
    timings = answer.inner("timings_ms")
    return DetectResult(
        model=answer.text("model"),
        test_model=answer.flag("test_model"),
        width=image.integer("width", 1),
        height=image.integer("height", 1),
        detections=tuple(_read_detection(item) for item in answer.inners("detections")),
        timings_ms={name: timings.number(name) for name in _DETECT_TIMINGS},
    )


def read_assessment(answer: Answer) -> Assessment:
    """Return the risk assessment."""
    usage = answer.inner("usage")
    timings = answer.inner("timings_ms")
    return Assessment(
        risk_score=answer.integer("risk_score", 0, 100),
        summary=answer.text("summary", 1, 500),
        reasoning=answer.text("reasoning", 1, 2000),
        by=ModelUse(
            model=answer.text("model"),
            backend=answer.choice("backend", AssessorBackend),
            model_digest=answer.optional("model_digest", answer.text),
            prompt_version=answer.text("prompt_version"),
            prompt_tokens=usage.optional("prompt_tokens", usage.integer),
            completion_tokens=usage.optional("completion_tokens", usage.integer),
            load_ms=timings.optional("load", timings.number),
            prefill_ms=timings.optional("prefill", timings.number),
            generate_ms=timings.optional("generate", timings.number),
            total_ms=timings.number("total"),
        ),
    )


def facts_json(facts: EventFacts, pictures: Sequence[bytes] = ()) -> dict[str, Json]:
    """Return the body of an assess request; blocks for milliseconds with pictures."""
    shown: dict[str, Json] = (
        {"pictures": [b64encode(each).decode() for each in pictures]} if pictures else {}
    )
    return {
        "camera": facts.camera,
        "started_at": facts.started_at.isoformat(),
        "ended_at": facts.ended_at.isoformat(),
        "image_count": facts.image_count,
        "armed": facts.armed,
        "occupancy": facts.occupancy,
        "objects": [
            {
                "label": item.label,
                "confidence": item.confidence,
                "box": [item.box.x1, item.box.y1, item.box.x2, item.box.y2],
                "first_seen": item.first_seen.isoformat(),
                "last_seen": item.last_seen.isoformat(),
                "images": item.images,
                "movement": item.movement,
                "zones": list(item.zones),
            }
            for item in facts.objects
        ],
        "rules": {
            "score": facts.rules.score,
            "low": facts.rules.low,
            "high": facts.rules.high,
            "factors": [
                {"name": factor.name, "points": factor.points} for factor in facts.rules.factors
            ],
        },
        "earlier_problem": facts.earlier_problem,
        **shown,
    }


def _told(answer: Answer, key: str) -> int | None:
    """Return a count that servers before it was told of leave out."""
    return answer.integer(key) if answer.has(key) else None


def _read_parity(answer: Answer) -> ParityHealth:
    return ParityHealth(
        pictures=answer.integer("pictures", 1),
        objects=answer.integer("objects"),
        score_difference=answer.number("score_difference", 0.0, 1.0),
        least_iou=answer.number("least_iou", 0.0, 1.0),
    )


def _read_gpu(answer: Answer) -> GpuHealth:
    return GpuHealth(
        at=answer.time("at"),
        index=answer.integer("index"),
        name=answer.text("name"),
        uuid=answer.text("uuid"),
        utilization_percent=answer.optional(
            "utilization_percent", lambda key: answer.integer(key, 0, 100)
        ),
        memory_used_bytes=answer.optional("memory_used_bytes", answer.integer),
        memory_total_bytes=answer.optional("memory_total_bytes", answer.integer),
        temperature_c=answer.optional("temperature_c", lambda key: answer.integer(key, -300)),
        power_w=answer.optional("power_w", answer.number),
        power_limit_w=answer.optional("power_limit_w", answer.number),
        pressure=answer.optional("pressure", lambda key: answer.choice(key, GpuPressure)),
    )


def _read_detection(answer: Answer) -> Detection:
    x1, y1, x2, y2 = answer.numbers("box", 4, 0.0, 1.0)
    return Detection(
        label=answer.text("label"),
        confidence=answer.number("confidence", 0.0, 1.0),
        box=Box(x1=x1, y1=y1, x2=x2, y2=y2),
    )
