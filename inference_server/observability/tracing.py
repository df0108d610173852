"""Lets a request be followed through the server under the caller's W3C trace context."""

from collections.abc import Iterator
import contextlib
from contextlib import AbstractContextManager
import re
from typing import Protocol

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from inference_server import __version__
from inference_server.http.problems import REQUEST_ID, route_of
from inference_server.observability.logs import current_trace_id
from inference_server.settings import Settings, SettingsError

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_FLUSH = 2_000  # milliseconds for the last spans, when the server ends


class Span(Protocol):
    """One request in a trace."""

    def set_attribute(self, key: str, value: str | int) -> None:
        """Note something about it."""


class Tracing(Protocol):
    """Where spans go; `close` blocks until the last ones are sent."""

    def span(self, name: str, traceparent: str | None) -> AbstractContextManager[Span | None]:
        """Begin a span below the caller's."""

    def close(self) -> None:
        """Send what is left."""


class NoTracing:
    """Sends nothing."""

    @contextlib.contextmanager
    def span(self, name: str, traceparent: str | None) -> Iterator[None]:
        """Begin nothing."""
        yield None

    def close(self) -> None:
        """Do nothing."""


class OpenTelemetryTracing:
    """Sends spans to an OTLP receiver over HTTP, from a thread of its own."""

    def __init__(self, endpoint: str, instance_id: str) -> None:
        """Raise ImportError where the optional packages are not installed."""
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
        from opentelemetry.trace import SpanKind  # noqa: PLC0415
        from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415
            TraceContextTextMapPropagator,
        )

        self._provider = TracerProvider(
            resource=Resource.create(
                {
                    "service.name": "hsi-inference-server",
                    "service.version": __version__,
                    "service.instance.id": instance_id,
                }
            )
        )
        exporter = OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces")
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("inference_server")
        self._propagator = TraceContextTextMapPropagator()
        self._kind = SpanKind.SERVER

    @contextlib.contextmanager
    def span(self, name: str, traceparent: str | None) -> Iterator[Span]:
        """Begin a span below the caller's."""
        context = self._propagator.extract({"traceparent": traceparent} if traceparent else {})
        with self._tracer.start_as_current_span(name, context=context, kind=self._kind) as span:
            yield span

    def close(self) -> None:
        """Send what is left; give up where the receiver does not answer."""
        self._provider.force_flush(_FLUSH)
        self._provider.shutdown()


def create_tracing(settings: Settings, instance_id: str) -> Tracing:
    """Return where spans go by the settings; raises SettingsError."""
    if settings.otlp_endpoint is None:
        return NoTracing()
    try:
        return OpenTelemetryTracing(settings.otlp_endpoint, instance_id)
    except ImportError as err:
        raise SettingsError(
            "OTEL_EXPORTER_OTLP_ENDPOINT needs OpenTelemetry: install the server with its otel extra"
        ) from err


def traced(tracing: Tracing) -> Middleware:
    """Put every request into a span and its trace id into the log, whatever comes of it."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = _TRACEPARENT.fullmatch(request.headers.get("traceparent", ""))
        current_trace_id.set(given[1] if given else None)
        route = route_of(request)
        with tracing.span(f"{request.method} {route}", given[0] if given else None) as span:
            response = await handler(request)
            if span:
                span.set_attribute("http.request.method", request.method)
                span.set_attribute("http.route", route)
                span.set_attribute("http.response.status_code", response.status)
                span.set_attribute("hsi.request_id", response.headers.get(REQUEST_ID, ""))
        return response

    return middleware
