"""Requests continue the caller's trace, in exported spans and in the log."""

import asyncio
from dataclasses import replace
import sys

from aiohttp import web
from aiohttp.test_utils import TestServer
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
import pytest

from inference_server.detection.base import Detector
from inference_server.detection.detector_manager import DetectorManager
from inference_server.detection.service import DetectionService
from inference_server.observability.tracing import create_tracing
from inference_server.settings import Settings, SettingsError
from tests.server.support import JPEG, json_log, no_assessor, serve

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = {"traceparent": f"00-{TRACE}-{PARENT}-01"}


async def test_spans_continue_the_callers_trace(
    settings: Settings, detector: Detector, photo: bytes
) -> None:
    received = ExportTraceServiceRequest()

    async def receive(request: web.Request) -> web.Response:
        received.MergeFromString(await request.read())
        return web.Response()

    receiver = web.Application()
    receiver.router.add_post("/v1/traces", receive)
    async with TestServer(receiver) as server:
        settings = replace(settings, otlp_endpoint=str(server.make_url("")).rstrip("/"))
        tracing = create_tracing(settings, "an-instance")
        service = DetectionService(DetectorManager(lambda: detector), queue_limit=4)
        client = await serve(settings, service, no_assessor(), tracing=tracing)
        await service.detectors.settled.wait()
        sent = {**JPEG, **TRACEPARENT, "X-Request-ID": "request-1"}
        assert (await client.post("/v1/detect", data=photo, headers=sent)).status == 200
        assert (await client.get("/unknown", headers=TRACEPARENT)).status == 404
        await client.close()
        await asyncio.to_thread(tracing.close)

    spans = [
        span
        for resource in received.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    assert [span.name for span in spans] == ["POST /v1/detect", "GET other"]
    for span in spans:
        assert span.trace_id.hex() == TRACE
        assert span.parent_span_id.hex() == PARENT
    attributes = {each.key: each.value for each in spans[0].attributes}
    assert attributes["http.response.status_code"].int_value == 200
    assert attributes["hsi.request_id"].string_value == "request-1"
    assert b"a-token-for-tests" not in received.SerializeToString()


@pytest.mark.parametrize(
    ("given", "logged"),
    [
        (f"00-{TRACE}-{PARENT}-01", TRACE),
        (f"00-{'0' * 32}-{PARENT}-01", None),
        (f"00-{TRACE.upper()}-{PARENT}-01", None),
        ("x" * 55, None),
        ("", None),
    ],
)
async def test_the_log_names_the_callers_trace(
    settings: Settings,
    detector: Detector,
    caplog: pytest.LogCaptureFixture,
    given: str,
    logged: str | None,
) -> None:
    caplog.set_level("DEBUG", logger="inference_server.http.problems")
    client = await serve(
        settings, DetectionService(DetectorManager(lambda: detector), queue_limit=4), no_assessor()
    )
    with json_log("inference_server.http.problems") as lines:
        await client.get("/v1/health", headers={"traceparent": given})
    await client.close()
    (line,) = lines
    assert line.get("trace_id") == logged


def test_without_the_exporter_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(SettingsError, match="otel extra"):
        create_tracing(Settings(otlp_endpoint="http://127.0.0.1:4318"), "an-instance")
