"""Translate exceptions into RFC 9457 problem details, and log each request once."""

import asyncio
import logging
import math
import re
from time import perf_counter
from uuid import uuid4

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from inference_server.errors import (
    InternalError,
    MalformedRequestError,
    MethodNotAllowedError,
    NotFoundError,
    ProblemError,
    UnauthorizedError,
)
from inference_server.observability.logs import current_request_id
from inference_server.observability.metrics import Metrics
from inference_server.observability.refusal_log import RefusalLog, clip

_LOG = logging.getLogger(__name__)
REQUEST_ID = "X-Request-ID"
AUTHORIZED = web.RequestKey("authorized", bool)  # the request carries a valid token, or needs none
NO_ROUTE = "other"  # label of unknown paths
_GONE = 499  # stands for no status at all
_VALID_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def problem_details(metrics: Metrics) -> Middleware:
    """Return problem details for every exception below; log and count each request.

    The requests of unauthenticated clients are summed up in the log.
    """
    refusals = RefusalLog(_LOG)

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get(REQUEST_ID, "")
        request_id = given if _VALID_ID.fullmatch(given) else uuid4().hex
        current_request_id.set(request_id)
        started = perf_counter()
        fields: dict[str, object] = {"method": clip(request.method), "path": clip(request.path)}
        code: str | None = None

        def log(message: str, fields: dict[str, object], status: int = _GONE) -> None:
            if not request.get(AUTHORIZED, False) and 400 <= status < 500:
                refusals.record(request.remote or "", message, fields)
                return
            # Status queries are frequent and say little.
            level = logging.DEBUG if request.method == "GET" else logging.INFO
            _LOG.log(level, message, extra={"fields": fields})

        try:
            response = await handler(request)
        except asyncio.CancelledError:
            log("The client disconnected", fields | _took(started))
            metrics.count_request(route_of(request), "gone", None)
            raise
        except Exception as err:  # noqa: BLE001 - the border: clients receive no other exceptions
            problem = _translate(err, request)
            code = problem.code
            response = to_response(problem, request_id)
            if isinstance(err, web.HTTPMethodNotAllowed):
                response.headers[hdrs.ALLOW] = err.headers[hdrs.ALLOW]
            fields |= {"code": code, "detail": problem.detail}
        response.headers[REQUEST_ID] = request_id
        fields |= {"status": response.status} | _took(started)
        log("Answered", fields, response.status)
        metrics.count_request(route_of(request), str(response.status), code)
        return response

    return middleware


def route_of(request: web.Request) -> str:
    """Return the route's path; other paths share one label, whose values would be unlimited."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else NO_ROUTE


def _took(started: float) -> dict[str, object]:
    return {"ms": round((perf_counter() - started) * 1000, 1)}


def _translate(err: Exception, request: web.Request) -> ProblemError:
    match err:
        case ProblemError():
            return err
        case web.HTTPNotFound():
            return NotFoundError(f"{clip(request.path)} does not exist; see openapi.yaml.")
        case web.HTTPMethodNotAllowed():
            return MethodNotAllowedError(
                f"{clip(request.path)} supports {', '.join(sorted(err.allowed_methods))}."
            )
        case web.RequestPayloadError() | ConnectionError():
            return MalformedRequestError("The body ended early or is badly encoded.")
        case web.HTTPClientError():
            return MalformedRequestError(f"{err.reason}.")
        case _:
            _LOG.error("Unexpected error", exc_info=err)
            return InternalError("The server failed on this request; see its log.")


def to_response(problem: ProblemError, request_id: str) -> web.Response:
    """Return the response for a problem."""
    body: dict[str, object] = {
        "type": f"urn:hsi:problem:{problem.code}",
        "title": problem.title,
        "status": int(problem.status),
        "detail": problem.detail,
        "code": problem.code,
        "retryable": problem.retryable,
        "request_id": request_id,
    }
    headers: dict[str, str] = {}
    if problem.retry_after_s is not None:
        body["retry_after_s"] = problem.retry_after_s
        headers[hdrs.RETRY_AFTER] = str(math.ceil(problem.retry_after_s))
    if isinstance(problem, UnauthorizedError):
        headers[hdrs.WWW_AUTHENTICATE] = "Bearer"
    return web.json_response(
        body, status=problem.status, headers=headers, content_type="application/problem+json"
    )
