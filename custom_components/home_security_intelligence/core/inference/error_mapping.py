"""From a refused HTTP answer to the error that says whether a retry can help."""

from collections.abc import Mapping
import math

from ..domain.errors import (
    AssessorAbsentError,
    AssessorAnswerError,
    ClientError,
    CoreError,
    ServerAuthError,
    ServerBusyError,
    ServerIncompatibleError,
    ServerRejectedInputError,
    ServerTimeoutError,
    ServerUnreachableError,
)
from ..domain.inference import AnswerProblem
from .json_reader import Answer, read_object

_ADVICE = "Enter the address of a Home Security Intelligence inference server."
OTHER_PROGRAM = f"What answers at this address is no inference server. {_ADVICE}"

_DETAIL_LIMIT = 500  # characters of the server's own words that reach the user
_RETRY_AFTER_LIMIT = 3600.0  # seconds; a longer wish is not believed


def failure_of(status: int, headers: Mapping[str, str], body: bytes) -> CoreError:
    """Return the error for an answer that is no success."""
    problem = _problem(headers, body)
    if problem is None:
        return _foreign_failure(status, headers)
    code = problem.text("code")
    message = problem.text("detail")[:_DETAIL_LIMIT]
    retryable = problem.flag("retryable")
    match status:
        case 401:
            return ServerAuthError(message)
        case 404 | 405:
            return ServerIncompatibleError(
                f"The inference server does not know this request ({message}). "
                "Update it to the version of this integration."
            )
        case 413 | 415 | 422 if not retryable:
            return ServerRejectedInputError(message, code=code)
        case 429 | 503:
            wish = problem.number("retry_after_s") if problem.has("retry_after_s") else None
            return ServerBusyError(message, code=code, retry_after=_retry_after(wish, headers))
        case 501:
            return AssessorAbsentError(message, code=code)
        case 502 if code in AnswerProblem:
            return AssessorAnswerError(message, code=code)
        case 504:
            return ServerTimeoutError(message, code=code)
        case _:
            return ClientError(message, code=code)


def _problem(headers: Mapping[str, str], body: bytes) -> Answer | None:
    """Return our server's problem details; None where something else answered."""
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


def _foreign_failure(status: int, headers: Mapping[str, str]) -> CoreError:
    """Return the error where a proxy or another program answered in the server's place."""
    match status:
        case 401:
            return ServerAuthError("The inference server does not accept the token.")
        case 413:
            return ServerRejectedInputError(
                "A proxy before the inference server refuses a picture of this size.",
                code="body_too_large",
            )
        case 429 | 503:
            return ServerBusyError(
                f"The inference server's address answers with HTTP {status} (no room right now).",
                retry_after=_retry_after(None, headers),
            )
        case 502:
            return ServerUnreachableError(
                "A proxy answers, but not the inference server behind it."
            )
        case 504:
            return ServerTimeoutError("A proxy waited in vain for the inference server's answer.")
        case _ if 300 <= status < 400:
            return ServerIncompatibleError(f"This address redirects elsewhere. {_ADVICE}")
        case 404 | 405:
            return ServerIncompatibleError(OTHER_PROGRAM)
        case _:
            return ClientError(f"The inference server's address answers with HTTP {status}.")


def _retry_after(wish: float | None, headers: Mapping[str, str]) -> float | None:
    if wish is None:
        try:
            wish = float(headers.get("Retry-After", ""))
        except ValueError:
            return None
    if not math.isfinite(wish) or wish < 0:
        return None
    return min(wish, _RETRY_AFTER_LIMIT)
