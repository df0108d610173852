"""Every failed request raises one of our errors, with the class that decides the retry."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
import json
import logging
import ssl
import subprocess

import pytest

from hsi_core.domain.errors import (
    AssessorAnswerError,
    ClientError,
    CoreError,
    ServerAuthError,
    ServerBusyError,
    ServerForbiddenError,
    ServerIncompatibleError,
    ServerLimitError,
    ServerRejectedInputError,
    ServerTimeoutError,
    ServerUnreachableError,
)
from hsi_core.domain.models import FailureClass
from hsi_core.inference.client import InferenceClient
from testbed.inference_responses import DETECTED, HEALTH
from tests.core.inference.conftest import ScriptedServer

type Connect = Callable[..., InferenceClient]


async def detect(client: InferenceClient) -> None:
    await client.detect(b"image bytes", content_type="image/jpeg", threshold=0.5)


async def failure(client: InferenceClient) -> CoreError:
    with pytest.raises(CoreError) as caught:
        await detect(client)
    return caught.value


@pytest.mark.parametrize(
    ("status", "code", "retryable", "error", "failure_class"),
    [
        (400, "invalid_request", False, ClientError, FailureClass.UNKNOWN),
        (401, "unauthorized", False, ServerAuthError, FailureClass.OUTAGE),
        (404, "not_found", False, ServerIncompatibleError, FailureClass.OUTAGE),
        (413, "body_too_large", False, ServerLimitError, FailureClass.CAPACITY),
        (413, "image_too_large", False, ServerRejectedInputError, FailureClass.INPUT),
        (415, "unsupported_media_type", False, ServerRejectedInputError, FailureClass.INPUT),
        (422, "invalid_image", False, ServerRejectedInputError, FailureClass.INPUT),
        (422, "invalid_image", True, ClientError, FailureClass.UNKNOWN),
        (429, "overloaded", True, ServerBusyError, FailureClass.CAPACITY),
        (500, "internal", True, ClientError, FailureClass.UNKNOWN),
        (502, "assessor_invalid_output", True, AssessorAnswerError, FailureClass.UNKNOWN),
        (502, "assessor_truncated", True, AssessorAnswerError, FailureClass.UNKNOWN),
        (502, "assessor_not_json", True, AssessorAnswerError, FailureClass.UNKNOWN),
        (502, "assessor_score_out_of_range", True, AssessorAnswerError, FailureClass.UNKNOWN),
        (502, "assessor_foreign_claim", True, AssessorAnswerError, FailureClass.UNKNOWN),
        (502, "assessor_failed", True, ClientError, FailureClass.UNKNOWN),
        (503, "assessor_unavailable", True, ServerBusyError, FailureClass.CAPACITY),
        (503, "assessor_model_missing", True, ServerBusyError, FailureClass.CAPACITY),
        (503, "detector_unavailable", True, ServerBusyError, FailureClass.CAPACITY),
        (503, "deadline_exceeded", True, ServerBusyError, FailureClass.CAPACITY),
        (504, "assessor_timeout", True, ServerTimeoutError, FailureClass.UNKNOWN),
    ],
)
async def test_problem_details_decide(
    client: InferenceClient,
    server: ScriptedServer,
    status: int,
    code: str,
    retryable: bool,
    error: type[CoreError],
    failure_class: FailureClass,
) -> None:
    server.refuse(status, code, retryable=retryable)

    raised = await failure(client)

    assert type(raised) is error
    assert raised.failure is failure_class
    assert f"because of {code}" in str(raised)
    if status not in {401, 404}:
        assert raised.code == code


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (301, ServerIncompatibleError),
        (401, ServerAuthError),
        (403, ServerForbiddenError),
        (404, ServerIncompatibleError),
        (413, ServerLimitError),
        (422, ClientError),
        (500, ClientError),
        (502, ServerUnreachableError),
        (503, ServerBusyError),
        (504, ServerUnreachableError),
    ],
)
async def test_a_proxys_response_is_distinguished_from_the_servers(
    client: InferenceClient, server: ScriptedServer, status: int, error: type[CoreError]
) -> None:
    server.status, server.body, server.content_type = status, b"<html>no</html>", "text/html"
    server.headers = {"Location": "http://elsewhere.invalid/"} if status == 301 else {}

    assert type(await failure(client)) is error
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("problem", "header", "expected"),
    [
        (2.5, None, 2.5),
        (None, "7", 7.0),
        (None, "soon", None),
        (None, "-1", None),
        (1e9, "1", 3600.0),
    ],
)
async def test_busy_reports_when_to_retry(
    client: InferenceClient,
    server: ScriptedServer,
    problem: float | None,
    header: str | None,
    expected: float | None,
) -> None:
    more = {} if problem is None else {"retry_after_s": problem}
    server.refuse(429, "overloaded", retryable=True, **more)
    server.headers = {} if header is None else {"Retry-After": header}

    with pytest.raises(ServerBusyError) as caught:
        await detect(client)

    assert caught.value.retry_after == expected


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b'"text"', b"{", b"\xff\xfe", b"[" * 200_000, b'{"model": "m"}'],
    ids=["empty", "null", "list", "string", "broken", "bytes", "deep", "missing"],
)
async def test_a_malformed_response_is_an_error(
    client: InferenceClient, server: ScriptedServer, body: bytes
) -> None:
    server.body = body

    raised = await failure(client)

    assert type(raised) is ClientError
    assert raised.code == "malformed_answer"


async def test_malformed_problem_details_are_ignored(
    client: InferenceClient, server: ScriptedServer
) -> None:
    server.respond({"code": "invalid_image"}, 422, "application/problem+json")

    assert type(await failure(client)) is ClientError


async def test_an_oversized_response_is_refused(
    client: InferenceClient, server: ScriptedServer
) -> None:
    server.body = b" " * (1024 * 1024 + 1)

    raised = await failure(client)

    assert "too large" in str(raised)


async def test_no_response_is_a_timeout(
    connect: Connect, address: str, server: ScriptedServer
) -> None:
    server.hold = True

    raised = await failure(connect(address, detect_timeout=0.5))

    assert type(raised) is ServerTimeoutError


async def test_a_closed_port_is_unreachable(connect: Connect, unused_tcp_port: int) -> None:
    raised = await failure(connect(f"http://127.0.0.1:{unused_tcp_port}"))

    assert type(raised) is ServerUnreachableError
    assert str(unused_tcp_port) in str(raised)


async def test_an_unknown_host_name_is_unreachable(connect: Connect) -> None:
    raised = await failure(connect("http://no-such-host.invalid:8090"))

    assert type(raised) is ServerUnreachableError


async def test_a_token_with_control_characters_is_refused(connect: Connect, address: str) -> None:
    raised = await failure(connect(address, token="a\nb"))

    assert type(raised) is ServerAuthError


async def test_no_failure_reveals_the_token(
    client: InferenceClient, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.refuse(500, "internal", retryable=True)

    raised = await failure(client)

    assert "s3cret" not in caplog.text + str(raised) + repr(client)


@asynccontextmanager
async def listener(
    response: bytes | None, tls: ssl.SSLContext | None = None, *, only_once: bool = False
) -> AsyncIterator[str]:
    """Accept connections on loopback, send these bytes in response to each request and close."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if only_once:
            server.close()
        if response is not None:
            await reader.read(1)
            writer.write(response)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    host, port = server.sockets[0].getsockname()
    try:
        yield f"{'https' if tls else 'http'}://{host}:{port}"
    finally:
        server.close()


@pytest.mark.parametrize(
    "only_once", [pytest.param(False, id="hangs up"), pytest.param(True, id="goes down")]
)
async def test_a_lost_connection_is_an_outage(connect: Connect, *, only_once: bool) -> None:
    async with listener(None, only_once=only_once) as url:
        raised = await failure(connect(url))

    assert raised.code == "connection_lost"
    assert raised.failure is FailureClass.OUTAGE


async def test_a_stale_connection_costs_no_attempt(connect: Connect) -> None:
    """The server responds once on each connection and closes it at the second request."""
    answer = json.dumps(DETECTED).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(answer)}\r\n\r\n".encode()
    asked = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        for response in (head + answer, b""):
            await reader.readuntil(b"image bytes")
            asked += 1
            writer.write(response)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    client = connect(f"http://{host}:{port}")
    for _ in range(3):
        await detect(client)
    assert asked == 5  # the second and the third were sent twice
    server.close()


async def test_a_truncated_response_is_not_requested_again(connect: Connect) -> None:
    async with listener(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", only_once=True) as url:
        raised = await failure(connect(url))

    assert (raised.code, raised.failure) == ("connection_lost", FailureClass.OUTAGE)
    assert "response" in str(raised)


async def test_health_of_a_program_that_closes_the_connection(connect: Connect) -> None:
    async with listener(None) as url:
        with pytest.raises(ServerUnreachableError, match="closed without a response"):
            await connect(url).health()


async def test_health_of_a_program_without_http(connect: Connect) -> None:
    async with listener(b"220 ftp ready\r\n") as url:
        with pytest.raises(ServerIncompatibleError, match="not to an inference server"):
            await connect(url).health()


@pytest.mark.parametrize(
    ("status", "content_type", "body"),
    [
        (200, "text/html", b"<html>Router</html>"),
        (404, "text/plain", b"404: Not Found"),
        (200, "application/json", b'{"models": []}'),
        (200, "application/json", b"[]"),
        (302, "text/html", b""),
        (500, "text/html", b"oops"),
        (413, "text/html", b"too large"),
    ],
)
async def test_health_of_another_program(
    client: InferenceClient, server: ScriptedServer, status: int, content_type: str, body: bytes
) -> None:
    server.status, server.content_type, server.body = status, content_type, body

    with pytest.raises(ServerIncompatibleError, match="Enter the address"):
        await client.health()


@pytest.mark.parametrize(
    ("version", "who"), [(2, "Update the integration"), (0, "Update the inference server")]
)
async def test_health_of_another_api_version(
    client: InferenceClient, server: ScriptedServer, version: int, who: str
) -> None:
    server.respond({**HEALTH, "api_version": version})

    with pytest.raises(ServerIncompatibleError, match=who):
        await client.health()


async def test_health_with_a_wrong_token(client: InferenceClient, server: ScriptedServer) -> None:
    server.refuse(401, "unauthorized", retryable=False)

    with pytest.raises(ServerAuthError):
        await client.health()


async def test_https_without_tls_on_the_server(connect: Connect, address: str) -> None:
    with pytest.raises(ServerUnreachableError, match="does not speak TLS"):
        await connect(address.replace("http://", "https://")).health()


@pytest.fixture(scope="session")
def self_signed(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 1"
    subprocess.run(
        [*command.split(), "-subj", "/CN=gpu-box"], cwd=folder, check=True, capture_output=True
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


async def test_an_untrusted_certificate(connect: Connect, self_signed: ssl.SSLContext) -> None:
    async with listener(b"", self_signed) as url:
        with pytest.raises(ServerUnreachableError, match="certificate is not trusted"):
            await connect(url).health()


async def test_a_cancelled_request_stays_cancelled(
    client: InferenceClient, server: ScriptedServer
) -> None:
    server.hold = True
    task = asyncio.create_task(detect(client))
    await server.asked.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
