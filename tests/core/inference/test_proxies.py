"""What proxies before an inference server answered to people who reported it in public.

`source` is an issue or a pull request on GitHub. The inference server has the same table for the
servers of language models, in inference_server/assessment/refusals.py.
"""

import json

import pytest

from hsi_core.domain.errors import CoreError
from hsi_core.domain.models import FailureClass
from hsi_core.inference.client import InferenceClient
from tests.core.inference.conftest import ScriptedServer

NGINX = "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n"
CLOUDFLARE = (
    "<!DOCTYPE html><html><head><title>{0}</title></head><body>Ray ID: 9952716c</body></html>"
)
TUNNEL = json.dumps(
    {
        "type": "https://developers.cloudflare.com/support/troubleshooting/",
        "title": "Error 1033: Cloudflare Tunnel error",
        "status": 530,
        "detail": "The host is configured as a Cloudflare Tunnel.",
        "error_code": 1033,
        "retryable": True,
        "retry_after": 120,
    }
)


@pytest.mark.parametrize(
    ("status", "kind", "body", "failure", "code"),
    [
        # BerriAI/litellm/issues/8510
        (502, "text/html", NGINX.format("502 Bad Gateway"), FailureClass.OUTAGE, "unreachable"),
        # BerriAI/litellm/issues/9121
        (
            502,
            "application/json",
            '{"error": "Bad Gateway"}',
            FailureClass.OUTAGE,
            "unreachable",
        ),
        # mostlygeek/llama-swap/issues/789
        (503, "text/plain", "upstream connect error", FailureClass.CAPACITY, "overloaded"),
        # ollama/ollama-python/issues/314
        (
            504,
            "text/plain",
            "The server didn't respond in time.",
            FailureClass.OUTAGE,
            "unreachable",
        ),
        # open-webui/open-webui/issues/1100
        (
            504,
            "text/html",
            NGINX.format("504 Gateway Time-out"),
            FailureClass.OUTAGE,
            "unreachable",
        ),
        # 0xbitx/DEDSEC_PHISH/issues/3
        (520, "text/html", CLOUDFLARE.format("520"), FailureClass.OUTAGE, "unreachable"),
        (521, "text/plain", "error code: 521", FailureClass.OUTAGE, "unreachable"),
        (522, "text/plain", "error code: 522", FailureClass.OUTAGE, "unreachable"),
        # ollama/ollama/issues/3694
        (524, "text/html", CLOUDFLARE.format("524"), FailureClass.OUTAGE, "unreachable"),
        (526, "text/html", CLOUDFLARE.format("526"), FailureClass.OUTAGE, "unreachable"),
        # orchidfiles/ungate/issues/28
        (530, "application/problem+json", TUNNEL, FailureClass.OUTAGE, "unreachable"),
        # louislam/uptime-kuma/issues/2398
        (
            403,
            "text/html",
            CLOUDFLARE.format("Attention Required! | Cloudflare"),
            FailureClass.OUTAGE,
            "unreachable",
        ),
        (403, "text/plain", "error code: 1020", FailureClass.OUTAGE, "unreachable"),
        # openresty/lua-resty-upload/issues/27
        (
            413,
            "text/html",
            NGINX.format("413 Request Entity Too Large"),
            FailureClass.CAPACITY,
            "body_too_large",
        ),
        # ollama/ollama/issues/6712
        (400, "text/html", NGINX.format("400 Bad Request"), FailureClass.UNKNOWN, "server_error"),
        (429, "text/plain", "error code: 1015", FailureClass.CAPACITY, "overloaded"),
    ],
)
async def test_a_proxys_status_decides_who_has_failed(
    client: InferenceClient,
    server: ScriptedServer,
    status: int,
    kind: str,
    body: str,
    failure: FailureClass,
    code: str,
) -> None:
    server.status, server.body, server.content_type = status, body.encode(), kind

    with pytest.raises(CoreError) as caught:
        await client.detect(b"image bytes", content_type="image/jpeg", threshold=0.5)

    assert (caught.value.failure, caught.value.code) == (failure, code)


async def test_a_limit_of_the_owner_names_what_to_set(
    client: InferenceClient, server: ScriptedServer
) -> None:
    server.status, server.body, server.content_type = 413, b"", "text/html"

    with pytest.raises(CoreError, match=r"client_max_body_size"):
        await client.detect(b"image bytes", content_type="image/jpeg", threshold=0.5)
