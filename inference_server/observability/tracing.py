"""Trace requests under the caller's W3C trace context."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from opentelemetry.trace import (
    NoOpTracer,
    SpanKind,
    Tracer,
    format_trace_id,
    get_current_span,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from inference_server import __version__
from inference_server.http.problems import REQUEST_ID, route_of
from inference_server.observability.logs import current_trace_id
from inference_server.settings import Settings, SettingsError

_FLUSH_TIMEOUT: Final = 2_000  # milliseconds for the last spans
_PROPAGATOR: Final = TraceContextTextMapPropagator()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracing:
    """A tracer, by default one that records nothing; `close` blocks until the last spans are sent."""

    tracer: Tracer = field(default_factory=NoOpTracer)
    close: Callable[[], None] = lambda: None


def create_tracing(settings: Settings, instance_id: str) -> Tracing:
    """Return the tracing that the settings ask for; raises SettingsError."""
    if settings.otlp_endpoint is None:
        return Tracing()
    try:
        return _export_to(settings.otlp_endpoint, instance_id)
    except ImportError as err:
        raise SettingsError(
            "OTEL_EXPORTER_OTLP_ENDPOINT needs OpenTelemetry: install the server with its otel extra"
        ) from err


def _export_to(endpoint: str, instance_id: str) -> Tracing:
    """Send spans to an OTLP receiver over HTTP, from a thread; raises ImportError."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - optional packages
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    provider = TracerProvider(
        resource=Resource.create(
            {
                "service.name": "hsi-inference-server",
                "service.version": __version__,
                "service.instance.id": instance_id,
            }
        )
    )
    exporter = OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))

    def close() -> None:
        provider.force_flush(_FLUSH_TIMEOUT)  # gives up if the receiver does not answer
        provider.shutdown()

    return Tracing(tracer=provider.get_tracer("inference_server"), close=close)


def traced(tracer: Tracer) -> Middleware:
    """Record each request as a span, and add the caller's trace id to its log lines."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        context = _PROPAGATOR.extract({"traceparent": request.headers.get("traceparent", "")})
        caller = get_current_span(context).get_span_context()
        current_trace_id.set(format_trace_id(caller.trace_id) if caller.is_valid else None)
        route = route_of(request)
        with tracer.start_as_current_span(
            f"{request.method} {route}", context=context, kind=SpanKind.SERVER
        ) as span:
            response = await handler(request)
            span.set_attribute("http.request.method", request.method)
            span.set_attribute("http.route", route)
            span.set_attribute("http.response.status_code", response.status)
            span.set_attribute("hsi.request_id", response.headers.get(REQUEST_ID, ""))
        return response

    return middleware
