"""Whole answers as the inference server gives them; openapi.yaml says so, and a test holds it."""

HEALTH = {
    "status": "ok",
    "version": "0.1.0",
    "api_version": 1,
    "instance_id": "0b0e5fd2-7a49-4c8e-9a55-2f8a3a7e6d11",
    "detector": {
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
    },
    "assessor": {
        "state": "failed",
        "since": "2026-11-23T12:00:01+00:00",
        "backend": "ollama",
        "model": "nemotron-3-nano:4b",
        "error": "Ollama does not answer.",
    },
    "gpu": {
        "at": "2026-11-23T12:00:02+00:00",
        "index": 0,
        "name": "NVIDIA RTX 4000",
        "uuid": "GPU-5a0d7d2c",
        "utilization_percent": 31,
        "memory_used_bytes": 6_000_000_000,
        "memory_total_bytes": 20_000_000_000,
        "temperature_c": 55,
        "power_w": 61.5,
        "power_limit_w": 130.0,
        "pressure": "none",
    },
}

DETECTED = {
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

ASSESSED = {
    "risk_score": 64,
    "summary": "A person at the door at night.",
    "reasoning": "Nobody is expected at 3 am.",
    "backend": "ollama",
    "model": "nemotron-3-nano:4b",
    "prompt_version": "1",
    "usage": {"prompt_tokens": 311, "completion_tokens": None},
    "timings_ms": {"load": None, "prefill": 20.0, "generate": 600.0, "total": 640.0},
}
