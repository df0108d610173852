"""Example responses of the inference server, every field filled in; a contract test pins them.

Each function returns a new response that the caller may change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle

BOX = (0.1, 0.1, 0.5, 0.9)  # x1, y1, x2, y2 as shares of the image's width and height
_RETRYABLE = frozenset({429, 500, 502, 503, 504})

GPU: Mapping[str, object] = {
    "at": "2026-11-23T12:00:02+00:00",
    "index": 0,
    "name": "NVIDIA RTX 4000",
    "uuid": "GPU-5a0d7d2c",
    "utilization_percent": 31,
    "memory_used_bytes": 6 * 2**30,
    "memory_total_bytes": 20 * 2**30,
    "temperature_c": 55,
    "power_w": 61.5,
    "power_limit_w": 130.0,
    "pressure": "none",
}

_DETECTOR: Mapping[str, object] = {
    "state": "ready",
    "since": "2026-11-23T12:00:00+00:00",
    "model": "rtdetr_v2_r18vd",
    "device": "cuda:0",
    "runtime": "torch",
    "labels": ["person", "car"],
    "test_model": False,
    "precision": "fp32",
    "batch_most": 1,
    "fallback": None,
    "parity": {"pictures": 4, "objects": 7, "score_difference": 0.004, "least_iou": 0.99},
    "proven_at": "2026-11-23T12:00:00+00:00",
    "error": None,
}

MODEL_DOWNLOAD: Mapping[str, object] = {
    "state": "running",
    "model": "nemotron-3-nano:4b",
    "completed_bytes": 700_000_000,
    "total_bytes": 2_800_000_000,
    "error": None,
}

_ASSESSOR: Mapping[str, object] = {
    "state": "failed",
    "since": "2026-11-23T12:00:01+00:00",
    "backend": "ollama",
    "model": "nemotron-3-nano:4b",
    "model_digest": "b1c2",
    "gpu_share": 0.5,
    "tokens_per_second": 41.5,
    "fallback": None,
    "proven_at": "2026-11-23T12:00:00+00:00",
    "pull": MODEL_DOWNLOAD,
    "problem": "assessor_unavailable",
    "error": "Ollama does not respond.",
}

HEALTH: Mapping[str, object] = {
    "status": "ok",
    "version": "0.1.0",
    "api_version": 1,
    "instance_id": "0b0e5fd2-7a49-4c8e-9a55-2f8a3a7e6d11",
    "detector": _DETECTOR,
    "assessor": _ASSESSOR,
    "gpu": GPU,
}

DETECTED: Mapping[str, object] = {
    "model": "rtdetr_v2_r18vd",
    "test_model": False,
    "image": {"width": 1920, "height": 1080},
    "detections": [{"label": "person", "confidence": 0.93, "box": [0.1, 0.2, 0.3, 0.4]}],
    "timings_ms": {
        "queue": 0.1,
        "decode": 8.0,
        "preprocess": 2,
        "infer": 30.5,
        "postprocess": 1.0,
        "total": 42.0,
    },
}

ASSESSED: Mapping[str, object] = {
    "risk_score": 64,
    "summary": "A person at the door at night.",
    "reasoning": "No visitor is expected at 3 am.",
    "backend": "ollama",
    "model": "nemotron-3-nano:4b",
    "model_digest": None,
    "prompt_version": "1",
    "usage": {"prompt_tokens": 311, "completion_tokens": None},
    "timings_ms": {"load": None, "prefill": 20.0, "generate": 600.0, "total": 640.0},
}


def health(
    *,
    instance_id: str,
    detector: Mapping[str, object],
    assessor: Mapping[str, object],
    gpu: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """Return the health of a server on a CPU that is ready, except for the fields given."""
    ready_detector = {
        **_DETECTOR,
        "device": "cpu",
        "labels": ["person", "car", "dog"],
        "parity": None,
    }
    ready_assessor = {
        **_ASSESSOR,
        "state": "ready",
        "accepts": ["part_of_day", "narrative", "language"],
        **dict.fromkeys(("gpu_share", "tokens_per_second", "pull", "problem", "error")),
    }
    return {
        **HEALTH,
        "instance_id": instance_id,
        "detector": {**ready_detector, **detector},
        "assessor": {**ready_assessor, **assessor},
        "gpu": gpu,
    }


def detected(
    detections: Sequence[tuple[str, float]],
    *,
    model: str = "rtdetr_v2_r18vd",
    test_model: bool = False,
    boxes: Sequence[Sequence[float]] = (BOX,),
    damaged: str | None = None,
) -> dict[str, object]:
    """Return detections, given as label and confidence, with these boxes in turn."""
    return {
        **DETECTED,
        **({"damaged": damaged} if damaged else {}),
        "model": model,
        "test_model": test_model,
        "image": {"width": 640, "height": 480},
        "detections": [
            {"label": label, "confidence": confidence, "box": [*box]}
            for (label, confidence), box in zip(detections, cycle(boxes), strict=False)
        ],
    }


def assessed(risk_score: int) -> dict[str, object]:
    """Return an assessment with this score."""
    return {
        **ASSESSED,
        "risk_score": risk_score,
        "model_digest": "b1c2",
        "usage": {"prompt_tokens": 300, "completion_tokens": 60},
    }


def pull(state: str, *, completed_bytes: int = 0, error: str | None = None) -> dict[str, object]:
    """Return the state of a download of the language model."""
    return {
        "state": state,
        "model": "nemotron-3-nano:4b",
        "completed_bytes": completed_bytes,
        "total_bytes": 2_800_000_000 if completed_bytes else 0,
        "error": error,
    }


def problem(
    status: int,
    code: str,
    *,
    retryable: bool | None = None,
    retry_after: float | None = None,
    **fields: object,
) -> dict[str, object]:
    """Return problem details; unless given, the status decides whether a retry can help."""
    body: dict[str, object] = {
        "type": f"urn:hsi:problem:{code}",
        "title": code,
        "status": status,
        "detail": f"The server reports {code}.",
        "code": code,
        "retryable": status in _RETRYABLE if retryable is None else retryable,
        "request_id": "1",
        **fields,
    }
    if retry_after is not None:
        body["retry_after_s"] = retry_after
    return body
