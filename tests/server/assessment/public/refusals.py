"""Refusals of proxies, of Ollama and of OpenAI-compatible servers."""

from tests.server.assessment.public import Refusal

_NGINX = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n"
    "<hr><center>nginx/1.25.3</center>\r\n</body>\r\n</html>\r\n"
)
_CLOUDFLARE_TUNNEL = {
    "type": "https://developers.cloudflare.com/support/troubleshooting/"
    "http-status-codes/cloudflare-1xxx-errors/error-1033/",
    "title": "Error 1033: Cloudflare Tunnel error",
    "status": 530,
    "detail": "The host is configured as a Cloudflare Tunnel, but Cloudflare is currently unable "
    "to reach it.",
    "error_code": 1033,
    "retryable": True,
    "retry_after": 120,
}

PROXIES = [  # the same of both backends
    Refusal(
        name="nginx: 502",
        source="BerriAI/litellm/issues/8510",
        status=502,
        body=_NGINX.format("502 Bad Gateway"),
        problem="assessor_unavailable",
        says="502",
    ),
    Refusal(
        name="a gateway: 502 as JSON",
        source="BerriAI/litellm/issues/9121",
        status=502,
        body={"error": "Bad Gateway"},
        problem="assessor_unavailable",
        says="Bad Gateway",
    ),
    Refusal(
        name="llama-swap: 502 as text",
        source="mostlygeek/llama-swap/issues/218",
        status=502,
        body="unable to start process: upstream command exited prematurely but successfully",
        problem="assessor_unavailable",
        says="unable to start process",
    ),
    Refusal(
        name="a proxy: 503",
        source="mostlygeek/llama-swap/issues/789",
        status=503,
        body="upstream connect error or disconnect/reset before headers",
        problem="assessor_unavailable",
        says="503",
    ),
    Refusal(
        name="a gateway: 504 as text",
        source="ollama/ollama-python/issues/314",
        status=504,
        body="The server didn't respond in time.",
        problem="assessor_unavailable",
        says="504",
    ),
    Refusal(
        name="a gateway: 504 as JSON",
        source="open-webui/open-webui/issues/1100",
        status=504,
        body={"error": {"message": "upstream request timeout"}},
        problem="assessor_unavailable",
        says="upstream request timeout",
    ),
    Refusal(
        name="Cloudflare: 524",
        source="ollama/ollama/issues/3694",
        status=524,
        body="<!DOCTYPE html><html><head><title>A timeout occurred</title></head></html>",
        problem="assessor_unavailable",
        says="524",
    ),
    Refusal(
        name="Cloudflare: 530 as problem details",
        source="orchidfiles/ungate/issues/28",
        status=530,
        body=_CLOUDFLARE_TUNNEL,
        problem="assessor_unavailable",
        says="530",
        headers={"Content-Type": "application/problem+json"},
    ),
    Refusal(
        name="Cloudflare: 521",
        source="0xbitx/DEDSEC_PHISH/issues/3",
        status=521,
        body="error code: 521",
        problem="assessor_unavailable",
    ),
    Refusal(
        name="a firewall: 403",
        source="BerriAI/litellm/issues/8448",
        status=403,
        body="<!DOCTYPE html><title>Attention Required! | Cloudflare</title>",
        problem="assessor_unavailable",
        says="firewall",
    ),
    Refusal(
        name="nginx: 413",
        source="openresty/lua-resty-upload/issues/27",
        status=413,
        body=_NGINX.format("413 Request Entity Too Large"),
        problem="assessor_unavailable",
        says="client_max_body_size",
    ),
    Refusal(
        name="nginx: 400",
        source="ollama/ollama/issues/6712",
        status=400,
        body=_NGINX.format("400 Bad Request"),
        problem="assessor_unavailable",
    ),
    Refusal(
        name="an empty 400",
        source="mostlygeek/llama-swap/issues/635",
        status=400,
        body="",
        problem="assessor_unavailable",
    ),
]

_RUNNER = (
    "model runner has unexpectedly stopped, this may be due to resource limitations or an "
    "internal error, check ollama server logs for details"
)

OLLAMA_REFUSALS = [
    Refusal(
        name="the runner stopped",
        source="ollama/ollama/issues/14093",
        status=500,
        body={"error": _RUNNER},
        problem="assessor_crashed",
        says="unexpectedly stopped",
    ),
    Refusal(
        name="the runner closed its connection",
        source="ollama/ollama/issues/14983",
        status=500,
        body={"error": 'POST predict: Post "http://127.0.0.1:49576/completion": EOF'},
        problem="assessor_crashed",
    ),
    Refusal(
        name="the runner ended while it loaded",
        source="ollama/ollama/issues/9782",
        status=500,
        body={"error": "llama runner process has terminated: CUDA error: out of memory"},
        problem="assessor_unavailable",
        says="out of memory",
    ),
    Refusal(
        name="the kernel killed the runner",
        source="ollama/ollama/issues/788",
        status=500,
        body={"error": "llama runner process has terminated: signal: killed"},
        problem="assessor_unavailable",
    ),
    Refusal(
        name="no memory on the host",
        source="continuedev/continue/issues/11223",
        status=500,
        body={
            "error": "llama runner process has terminated: error loading model: unable to "
            "allocate CUDA_Host buffer"
        },
        problem="assessor_unavailable",
        says="unable to allocate",
    ),
    Refusal(
        name="too little memory",
        source="continuedev/continue/issues/9649",
        status=500,
        body={"error": "model requires more system memory (5.3 GiB) than is available (4.7 GiB)"},
        problem="assessor_unavailable",
        says="more system memory",
    ),
    Refusal(
        name="a bug for this request",
        source="ollama/ollama/issues/14519",
        status=500,
        body={"error": "failed to sample token"},
        problem="assessor_failed",
        says="failed to sample token",
    ),
]

OPENAI_REFUSALS = [
    Refusal(
        name="vLLM: the engine is dead",
        source="vllm-project/vllm/issues/42362",
        status=500,
        body={
            "error": {
                "message": "EngineCore encountered an issue. See stack trace (above) for the root "
                "cause.",
                "type": "InternalServerError",
                "param": None,
                "code": 500,
            }
        },
        problem="assessor_crashed",
        says="EngineCore",
    ),
    Refusal(
        name="old vLLM: an error without a wrapper",
        source="vllm-project/vllm/issues/749",
        status=400,
        body={"object": "error", "message": "no chat template", "type": "BadRequestError"},
        problem="assessor_unavailable",
        says="no chat template",
    ),
    Refusal(
        name="vLLM: an empty 500",
        source="vllm-project/vllm/issues/23837",
        status=500,
        body="",
        problem="assessor_failed",
        says="500",
    ),
    Refusal(
        name="LM Studio: the model crashed",
        source="lmstudio-ai/lmstudio-bug-tracker/issues/1347",
        status=400,
        body={
            "error": "The model has crashed without additional information. "
            "(Exit code: 18446744072635812000)"
        },
        problem="assessor_crashed",
        says="has crashed",
    ),
    Refusal(
        name="LM Studio: unloaded",
        source="lmstudio-ai/lmstudio-bug-tracker/issues/914",
        status=400,
        body={"error": "Model is unloaded."},
        problem="assessor_unavailable",
        says="unloaded",
    ),
    Refusal(
        name="LM Studio: a kind of format that it does not know",
        source="lmstudio-ai/lmstudio-bug-tracker/issues/189",
        status=400,
        body={"error": "'response_format.type' must be 'json_schema'"},
        problem="assessor_unavailable",
        says="must be 'json_schema'",
    ),
    Refusal(
        name="llama.cpp: still loading",
        source="mostlygeek/llama-swap/issues/57",
        status=503,
        body={"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}},
        problem="assessor_unavailable",
        says="Loading model",
    ),
    Refusal(
        name="llama.cpp: the context is too small, as a 500",
        source="ggml-org/llama.cpp/issues/19774",
        status=500,
        body={
            "error": {
                "code": 500,
                "message": "Context size has been exceeded.",
                "type": "server_error",
            }
        },
        problem="assessor_failed",
        says="Context size has been exceeded",
    ),
    Refusal(
        name="OpenRouter: the provider's reason",
        source="open-webui/computer/issues/293",
        status=429,
        body={
            "error": {
                "message": "Provider returned error",
                "code": 429,
                "metadata": {"raw": "glm-5.3-flash is temporarily rate-limited upstream."},
            }
        },
        problem="overloaded",
        says="temporarily rate-limited upstream",
    ),
    Refusal(
        name="FastAPI: only a detail",
        source="BerriAI/litellm/issues/8510",
        status=422,
        body={"detail": [{"loc": ["body", "seed"], "msg": "extra fields not permitted"}]},
        problem="assessor_unavailable",
        says="extra fields not permitted",
    ),
]
