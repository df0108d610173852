"""An inference server that answers at once, in a process of its own: what is left is bookkeeping."""

import json
import sys

from aiohttp import web

SINCE = "2026-01-01T00:00:00+00:00"
PART = {"state": "ready", "since": SINCE, "model": "instant", "error": None}
HEALTH = {
    "status": "ok",
    "version": "0.1.0",
    "api_version": 1,
    "instance_id": "00000000-0000-0000-0000-000000000007",
    "detector": PART
    | {"device": "cpu", "runtime": "none", "labels": ["person"], "test_model": True}
    | {"precision": "fp32", "batch_most": 1, "fallback": None, "parity": None}
    | {"proven_at": SINCE, "pictures": 0},
    "assessor": PART
    | {"backend": "embedded"}
    | dict.fromkeys(
        (
            *("model_digest", "gpu_share", "tokens_per_second", "fallback"),
            *("proven_at", "pull", "problem"),
        )
    ),
    "gpu": None,
}
TIMINGS = dict.fromkeys(("queue", "decode", "preprocess", "infer", "postprocess", "total"), 0.0)
DETECTED = json.dumps(
    {
        "model": "instant",
        "test_model": True,
        "image": {"width": 640, "height": 480},
        "detections": [{"label": "person", "confidence": 0.7, "box": [0.1, 0.1, 0.5, 0.9]}],
        "timings_ms": TIMINGS,
    }
).encode()
ASSESSED = {
    "risk_score": 42,
    "summary": "somebody came",
    "reasoning": "a person was seen",
    "backend": "embedded",
    "model": "instant",
    "model_digest": None,
    "prompt_version": "1",
    "usage": {"prompt_tokens": 1, "completion_tokens": None},
    "timings_ms": {"load": None, "prefill": None, "generate": None, "total": 1.0},
}


async def _health(_: web.Request) -> web.Response:
    return web.json_response(HEALTH)


async def _detect(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(body=DETECTED, content_type="application/json")


async def _assess(request: web.Request) -> web.Response:
    await request.read()
    return web.json_response(ASSESSED)


def main(port: int) -> None:
    """Answer on this port until ended."""
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_get("/v1/health", _health)
    app.router.add_post("/v1/detect", _detect)
    app.router.add_post("/v1/assess", _assess)
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None)


if __name__ == "__main__":
    main(int(sys.argv[1]))
