"""The wire format: JSON responses to values, values to JSON requests."""

from base64 import b64encode
from collections.abc import Callable, Collection, Sequence

from ..domain.context import Occupancy
from ..domain.inference import (
    AssessorBackend,
    AssessorHealth,
    ComponentState,
    DetectorHealth,
    DetectResult,
    DownloadState,
    EventFacts,
    GpuHealth,
    GpuPressure,
    ModelDownload,
    ParityHealth,
    ServerHealth,
    ServerStatus,
)
from ..domain.models import Box, Change, Detection, ModelAnswer, ModelUse
from .json_reader import Json, JsonReader

API_VERSION = 1
OPTIONAL_FIELDS = (
    "part_of_day",
    "narrative",
    "language",
)  # of a request, since version 1 of the API
MAX_NARRATIVE = 330  # characters
MAX_SIDE = 2**31 - 1  # pixels; PostgreSQL stores no larger one
MAX_SUGGESTED = 6.0  # points

# Residents who sleep are home; the API has no word for their sleep.
_OCCUPANCY = {
    None: None,
    Occupancy.AWAY: "away",
    Occupancy.HOME: "home",
    Occupancy.ASLEEP: "home",
}
_DETECT_TIMINGS = ("queue", "decode", "preprocess", "infer", "postprocess", "total")


def read_health(body: JsonReader) -> ServerHealth:
    """Return the server's health."""
    detector = body.object("detector")
    assessor = body.object("assessor")
    return ServerHealth(
        status=body.choice("status", ServerStatus),
        version=body.name("version"),
        api_version=body.integer("api_version", API_VERSION, API_VERSION),
        instance_id=body.uuid("instance_id"),
        detector=DetectorHealth(
            state=detector.choice("state", ComponentState),
            since=detector.time("since"),
            model=detector.optional("model", detector.name),
            device=detector.optional("device", detector.name),
            runtime=detector.optional("runtime", detector.name),
            precision=detector.optional("precision", detector.name),
            labels=detector.names("labels"),
            test_model=detector.flag("test_model"),
            max_batch=detector.optional("batch_most", lambda key: detector.integer(key, 1)),
            fallback=detector.optional("fallback", detector.text),
            parity=detector.optional("parity", lambda key: _read_parity(detector.object(key))),
            self_tested_at=detector.optional("proven_at", detector.time),
            error=detector.optional("error", detector.text),
            images_in_flight=_optional_count(detector, "pictures"),
        ),
        assessor=AssessorHealth(
            state=assessor.choice("state", ComponentState),
            since=assessor.time("since"),
            backend=assessor.optional("backend", lambda key: assessor.choice(key, AssessorBackend)),
            model=assessor.optional("model", assessor.name),
            model_digest=assessor.optional("model_digest", assessor.name),
            vision=assessor.optional("vision", assessor.flag) if assessor.has("vision") else None,
            accepts=frozenset(assessor.names("accepts") if assessor.has("accepts") else ()),
            gpu_share=assessor.optional(
                "gpu_share", lambda key: assessor.number(key, low=0.0, high=1.0)
            ),
            tokens_per_second=assessor.optional("tokens_per_second", assessor.number),
            fallback=assessor.optional("fallback", assessor.text),
            last_answer_at=assessor.optional("proven_at", assessor.time),
            pull=assessor.optional("pull", lambda key: read_pull(assessor.object(key))),
            problem=assessor.optional("problem", assessor.text),
            error=assessor.optional("error", assessor.text),
        ),
        gpu=body.optional("gpu", lambda key: _read_gpu(body.object(key))),
    )


def read_pull(body: JsonReader) -> ModelDownload:
    """Return the progress of a language model's download."""
    return ModelDownload(
        state=body.choice("state", DownloadState),
        model=body.name("model"),
        completed_bytes=body.integer("completed_bytes"),
        total_bytes=body.integer("total_bytes"),
        error=body.optional("error", body.text),
    )


def read_detect_result(body: JsonReader) -> DetectResult:
    """Return the detected objects."""
    image = body.object("image")
    timings = body.object("timings_ms")
    return DetectResult(
        model=body.name("model"),
        test_model=body.flag("test_model"),
        width=image.integer("width", 1, MAX_SIDE),
        height=image.integer("height", 1, MAX_SIDE),
        detections=tuple(_read_detection(item) for item in body.objects("detections")),
        timings_ms={name: timings.number(name) for name in _DETECT_TIMINGS},
        damaged=_if_sent(body, "damaged", body.text),
    )


def read_model_answer(body: JsonReader) -> ModelAnswer:
    """Return the language model's answer on an event."""
    usage = body.object("usage")
    timings = body.object("timings_ms")
    return ModelAnswer(
        risk_score=body.integer("risk_score", 0, 100),
        summary=body.text("summary", 1, 500),
        reasoning=body.text("reasoning", 1, 2000),
        by=ModelUse(
            model=body.name("model"),
            backend=body.choice("backend", AssessorBackend),
            model_digest=body.optional("model_digest", body.name),
            prompt_version=body.name("prompt_version"),
            prompt_tokens=usage.optional("prompt_tokens", usage.integer),
            completion_tokens=usage.optional("completion_tokens", usage.integer),
            load_ms=timings.optional("load", timings.number),
            prefill_ms=timings.optional("prefill", timings.number),
            generate_ms=timings.optional("generate", timings.number),
            total_ms=timings.number("total"),
        ),
        change=_if_sent(body, "change", lambda key: body.choice(key, Change)),
        because=_if_sent(body, "because", lambda key: body.text(key, 1, 40)),
        note=_if_sent(body, "note", lambda key: body.text(key, 1, 160)),
        note_refused=_if_sent(body, "note_refused", lambda key: body.text(key, 1, 200)),
        suggested_points=_if_sent(
            body, "suggested_points", lambda key: body.number(key, -MAX_SUGGESTED, MAX_SUGGESTED)
        ),
    )


def facts_json(
    facts: EventFacts,
    images: Sequence[bytes] = (),
    *,
    accepts: Collection[str] = OPTIONAL_FIELDS,
) -> dict[str, Json]:
    """Return the body of an assess request; with images it blocks for milliseconds.

    Of OPTIONAL_FIELDS only those that the server `accepts` are sent: an older one refuses them.
    """
    optional: dict[str, Json] = {
        "part_of_day": facts.part_of_day,
        "narrative": None if facts.narrative is None else facts.narrative[:MAX_NARRATIVE],
        "language": facts.language,
    }
    encoded: dict[str, Json] = (
        {"pictures": [b64encode(image).decode() for image in images]} if images else {}
    )
    return {
        "camera": facts.camera,
        "started_at": facts.started_at.isoformat(),
        "ended_at": facts.ended_at.isoformat(),
        "image_count": facts.image_count,
        "armed": facts.armed,
        "occupancy": _OCCUPANCY[facts.occupancy],
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
        **{name: value for name, value in optional.items() if name in accepts},
        **encoded,
    }


def _optional_count(body: JsonReader, key: str) -> int | None:
    """Return a count; None from servers too old to send it."""
    return body.integer(key) if body.has(key) else None


def _if_sent[T](body: JsonReader, key: str, reader: Callable[[str], T]) -> T | None:
    """Return the field's value; None if it is null or the server is too old to send it."""
    return body.optional(key, reader) if body.has(key) else None


def _read_parity(body: JsonReader) -> ParityHealth:
    return ParityHealth(
        images=body.integer("pictures", 1),
        objects=body.integer("objects"),
        score_difference=body.number("score_difference", 0.0, 1.0),
        min_iou=body.number("least_iou", 0.0, 1.0),
    )


def _read_gpu(body: JsonReader) -> GpuHealth:
    return GpuHealth(
        at=body.time("at"),
        index=body.integer("index"),
        name=body.name("name"),
        uuid=body.name("uuid"),
        utilization_percent=body.optional(
            "utilization_percent", lambda key: body.integer(key, 0, 100)
        ),
        memory_used_bytes=body.optional("memory_used_bytes", body.integer),
        memory_total_bytes=body.optional("memory_total_bytes", body.integer),
        temperature_c=body.optional("temperature_c", lambda key: body.integer(key, -300)),
        power_w=body.optional("power_w", body.number),
        power_limit_w=body.optional("power_limit_w", body.number),
        pressure=body.optional("pressure", lambda key: body.choice(key, GpuPressure)),
    )


def _read_detection(body: JsonReader) -> Detection:
    x1, y1, x2, y2 = body.numbers("box", 4, 0.0, 1.0)
    return Detection(
        label=body.name("label"),
        confidence=body.number("confidence", 0.0, 1.0),
        box=Box(x1=x1, y1=y1, x2=x2, y2=y2),
    )
