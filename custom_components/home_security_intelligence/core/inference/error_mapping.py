"""Map a refused HTTP response to the error that tells whether a retry can help.

The inference server has the same table for language models, in inference_server/assessment/refusals.py.
"""

from collections.abc import Mapping
import math

from ..domain.errors import (
    AssessorAbsentError,
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
from ..domain.inference import AnswerProblem
from .json_reader import JsonReader, read_object

_ADVICE = "Enter the address of a Home Security Intelligence inference server."
OTHER_PROGRAM = f"This address belongs to another program, not to an inference server. {_ADVICE}"

_RETRY_AFTER_LIMIT = 3600.0  # seconds; longer requests are cut to this


def error_from_response(status: int, headers: Mapping[str, str], body: bytes) -> CoreError:
    """Return the error for a response whose status is not a success."""
    problem = _read_problem(headers, body)
    if problem is None:
        return _foreign_error(status, headers)
    code = problem.name("code")
    message = problem.text("detail")
    retryable = problem.flag("retryable")
    match status:
        case 401:
            return ServerAuthError(message)
        case 404 | 405:
            return ServerIncompatibleError(
                f"The inference server does not know this request ({message}). "
                "Update it to the version of this integration."
            )
        case 413 if code == ServerLimitError.code:
            return ServerLimitError(message)
        case 413 | 415 | 422 if not retryable:
            return ServerRejectedInputError(message, code=code)
        case 429 | 503:
            wanted = problem.number("retry_after_s") if problem.has("retry_after_s") else None
            return ServerBusyError(message, code=code, retry_after=_retry_after(wanted, headers))
        case 501:
            return AssessorAbsentError(message, code=code)
        case 502 if code in AnswerProblem:
            return AssessorAnswerError(message, code=code)
        case 504:
            return ServerTimeoutError(message, code=code)
        case _:
            return ClientError(message, code=code)


def _read_problem(headers: Mapping[str, str], body: bytes) -> JsonReader | None:
    """Return the server's problem details; None if a proxy or another program responded."""
    if not headers.get("Content-Type", "").startswith("application/problem+json"):
        return None
    try:
        problem = read_object(body)
        problem.text("code")
        problem.text("detail")
        problem.flag("retryable")
        if problem.has("retry_after_s"):
            problem.number("retry_after_s")
    except ClientError:
        return None
    return problem


def _foreign_error(status: int, headers: Mapping[str, str]) -> CoreError:
    """Return the error for a response of a proxy or another program."""
    match status:
        case 401:
            return ServerAuthError("The inference server does not accept the token.")
        case 403:
            return ServerForbiddenError(
                "A proxy or firewall in front of the inference server refuses requests (HTTP 403). "
                "Allow them there."
            )
        case 413:
            return ServerLimitError(
                "A proxy in front of the inference server refuses an image of this size (HTTP 413). "
                "Raise the proxy's limit (nginx: client_max_body_size)."
            )
        case 429 | 503:
            return ServerBusyError(
                f"The inference server's address responds with HTTP {status} (busy).",
                retry_after=_retry_after(None, headers),
            )
        case 504 | 524:
            return ServerUnreachableError(
                f"A proxy timed out while waiting for the inference server (HTTP {status})."
            )
        case _ if status == 502 or 520 <= status <= 530:
            return ServerUnreachableError(
                f"A proxy responds, but the inference server behind it does not (HTTP {status})."
            )
        case _ if 300 <= status < 400:
            return ServerIncompatibleError(f"This address redirects to another one. {_ADVICE}")
        case 404 | 405:
            return ServerIncompatibleError(OTHER_PROGRAM)
        case _:
            return ClientError(f"The inference server's address responds with HTTP {status}.")


def _retry_after(wanted: float | None, headers: Mapping[str, str]) -> float | None:
    if wanted is None:
        try:
            wanted = float(headers.get("Retry-After", ""))
        except ValueError:
            return None
    if not math.isfinite(wanted) or wanted < 0:
        return None
    return min(wanted, _RETRY_AFTER_LIMIT)
