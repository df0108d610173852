"""Explain a language model server's refusal: one table of HTTP statuses for all backends.

The client has the same table for the inference server, in core/inference/error_mapping.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
import json
import re
from typing import Final

from inference_server.errors import (
    AssessorCrashedError,
    AssessorFailedError,
    AssessorModelMissingError,
    AssessorUnavailableError,
    OverloadedError,
    ProblemError,
)

MAX_REASON: Final = 200  # characters of a server's own text
BUSY_RETRY_S: Final = 5.0  # seconds, if the server names no time
_MAX_RETRY_S: Final = 600.0  # seconds; longer values are not passed on

_TITLE: Final = re.compile(r"<title>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_TAG: Final = re.compile(r"<[^>]*>")

# The model's process ended during an answer: the request itself may be the cause.
_CRASHED: Final = re.compile(
    r"unexpectedly stopped|has crashed|unexpected eof|post predict|enginecore|engine ?dead|"
    r"engine is dead|error was encountered while running the model",
    re.IGNORECASE,
)
# The model could not be loaded now, most often because memory is taken: no request is the cause.
_NOT_LOADED: Final = re.compile(
    r"more system memory|out of memory|insufficient memory|(?:unable|failed) to allocate|"
    r"runner process has terminated|waiting for llama runner|failed to load|loading model|unloaded",
    re.IGNORECASE,
)
_BUSY: Final = re.compile(r"busy|overload|pending requests|too many", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedError:
    """An error that a server reports within a response."""

    status: int
    reason: str


def refusal(
    server: str, status: int, reason: str, *, model: str, retry_after_s: float | None = None
) -> ProblemError:
    """Return the problem for a response that is no answer.

    `server` begins the message. The table is the same in meaning on both sides of the API: 502,
    503, 504, 520-530 and 403 are outages, 413 is a limit that the owner sets.
    """
    why = f"{server} failed ({status}): {reason or 'it gives no reason'}"
    match status:
        case HTTPStatus.UNAUTHORIZED:
            return AssessorUnavailableError(f"{server} refuses the API key (NEMOTRON_API_KEY)")
        case HTTPStatus.FORBIDDEN:
            return AssessorUnavailableError(
                f"{server} or a firewall before it refuses the request (403): check the API key "
                f"(NEMOTRON_API_KEY) and the firewall's rules. {reason}".rstrip()
            )
        case HTTPStatus.NOT_FOUND:
            return AssessorModelMissingError(
                f"{server} does not find the path or the model {model}: {reason}"
            )
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return AssessorUnavailableError(
                f"A proxy before {server} refuses a request of this size (413): raise its limit "
                "(nginx: client_max_body_size), or give the model no images."
            )
        case HTTPStatus.TOO_MANY_REQUESTS:
            return _overload(server, reason, retry_after_s)
        case HTTPStatus.SERVICE_UNAVAILABLE if _BUSY.search(reason):
            return _overload(server, reason, retry_after_s)
    if _NOT_LOADED.search(reason):
        return AssessorUnavailableError(why)
    if _CRASHED.search(reason):
        return AssessorCrashedError(why)
    if status in {502, 503, 504} or 520 <= status <= 530:
        return AssessorUnavailableError(why)
    # Another 4xx is a wrong configuration, not a failure on this request.
    return AssessorFailedError(why) if status >= 500 else AssessorUnavailableError(why)


def reported_error(body: Mapping[str, object]) -> ReportedError | None:
    """Return the error in a response whose status is 200; None if there is none."""
    error = body.get("error") or _of_choice(body.get("choices"))
    if not error:
        return None
    status = error.get("code") or error.get("status") if isinstance(error, dict) else None
    known = isinstance(status, int) and 400 <= status <= 599
    return ReportedError(
        status=status if known and isinstance(status, int) else HTTPStatus.INTERNAL_SERVER_ERROR,
        reason=_shorten(_text(error)),
    )


def reason_in(body: str) -> str:
    """Return the reason in an error response of any shape, shortened."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        title = _TITLE.search(body)
        return _shorten(title[1] if title else _TAG.sub(" ", body))
    if isinstance(value, dict):
        return _shorten(_text(value.get("error") or value))
    return _shorten(body)


def retry_after(header: str) -> float:
    """Return the seconds that a Retry-After header asks for.

    A date is ignored: the wait is a matter of seconds.
    """
    return min(float(header), _MAX_RETRY_S) if header.isdecimal() else BUSY_RETRY_S


def _overload(server: str, reason: str, retry_after_s: float | None) -> OverloadedError:
    return OverloadedError(
        f"{server} has too many requests waiting: {reason}",
        retry_after_s=BUSY_RETRY_S if retry_after_s is None else retry_after_s,
    )


def _of_choice(choices: object) -> object:
    match choices:
        case [{"error": error}, *_]:
            return error
    return None


def _text(error: object) -> str:
    if not isinstance(error, dict):
        return error if isinstance(error, str) else json.dumps(error)
    said = next((error[key] for key in ("message", "detail", "title") if error.get(key)), error)
    text = said if isinstance(said, str) else json.dumps(said)
    match error.get("metadata"):
        case {"raw": str() as raw}:  # what a router received from its provider
            return f"{text}: {raw}"
    return text


def _shorten(text: str) -> str:
    return " ".join(text.split())[:MAX_REASON]
