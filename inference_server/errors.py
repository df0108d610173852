"""One class per problem code of openapi.yaml; the message is the problem's `detail`."""

from http import HTTPStatus
from typing import ClassVar

_MAX_CAUSE = 300  # characters


def cause_of(error: Exception) -> str:
    """Return an unexpected error's type and first line, for a message; the log has the rest."""
    first_line = str(error).strip().partition("\n")[0][:_MAX_CAUSE]
    return f"{type(error).__name__}: {first_line}" if first_line else type(error).__name__


class ProblemError(Exception):
    """Base of every error a client receives; the message says what happened and what to do."""

    status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR
    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Internal error of the server"
    retryable: ClassVar[bool] = True

    def __init__(self, detail: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after_s = retry_after_s


class InternalError(ProblemError):
    """A bug or a broken runtime; the log has the traceback under the request id."""


class UnauthorizedError(ProblemError):
    """The token is missing or wrong."""

    status = HTTPStatus.UNAUTHORIZED
    code = "unauthorized"
    title = "The token is missing or wrong"
    retryable = False


class NotFoundError(ProblemError):
    """The path does not exist."""

    status = HTTPStatus.NOT_FOUND
    code = "not_found"
    title = "The path does not exist"
    retryable = False


class MethodNotAllowedError(ProblemError):
    """The path exists, the method does not."""

    status = HTTPStatus.METHOD_NOT_ALLOWED
    code = "method_not_allowed"
    title = "The path does not support this method"
    retryable = False


class MalformedRequestError(ProblemError):
    """The request cannot be read at all (not JSON, no body, a broken query)."""

    status = HTTPStatus.BAD_REQUEST
    code = "invalid_request"
    title = "The request cannot be read"
    retryable = False


class InvalidRequestError(ProblemError):
    """The request can be read and breaks the schema; the message names the field."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "invalid_request"
    title = "The request breaks the schema"
    retryable = False


class RequestTimeoutError(ProblemError):
    """The request arrived too slowly."""

    status = HTTPStatus.REQUEST_TIMEOUT
    code = "request_timeout"
    title = "The request took too long to arrive"


class BodyTooLargeError(ProblemError):
    """The body is larger than the limit."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code = "body_too_large"
    title = "The body is too large"
    retryable = False


class UnsupportedMediaTypeError(ProblemError):
    """The content type is not supported."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    code = "unsupported_media_type"
    title = "The media type is not supported"
    retryable = False


class InvalidImageError(ProblemError):
    """The bytes are not a complete image (truncated, corrupt, empty, of another format)."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "invalid_image"
    title = "The image cannot be read"
    retryable = False


class ImageTooLargeError(ProblemError):
    """The image has more pixels than the limit."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "image_too_large"
    title = "The image has too many pixels"
    retryable = False


class OverloadedError(ProblemError):
    """The queue is full."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    code = "overloaded"
    title = "The server is overloaded"


class RateLimitedError(ProblemError):
    """A client exceeds its rate limit."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    code = "rate_limited"
    title = "The client sends too many requests"


class DetectorUnavailableError(ProblemError):
    """The detector is still loading, or could not be loaded."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "detector_unavailable"
    title = "The detector is not ready"


class ModelBusyError(ProblemError):
    """Another detector is being loaded."""

    status = HTTPStatus.CONFLICT
    code = "model_busy"
    title = "Another model is being loaded"


class ModelLoadError(ProblemError):
    """The requested detector cannot be loaded; the previous one stays."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "model_load_failed"
    title = "The model cannot be loaded"
    retryable = False


class DetectorMemoryError(ProblemError):
    """The device has no memory for this image; other processes may use it."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "detector_out_of_memory"
    title = "The detector has no memory"


class StoppingError(ProblemError):
    """The server is stopping and did not finish the request in time."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "stopping"
    title = "The server is stopping"


class DeadlineExceededError(ProblemError):
    """The client no longer waits; the request was not processed."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "deadline_exceeded"
    title = "The response would come too late"


class AssessorAbsentError(ProblemError):
    """The server is configured without a language model; a retry cannot help."""

    status = HTTPStatus.NOT_IMPLEMENTED
    code = "assessor_absent"
    title = "The server has no language model"
    retryable = False


class PullUnsupportedError(ProblemError):
    """The language model's runtime cannot download models."""

    status = HTTPStatus.NOT_IMPLEMENTED
    code = "pull_unsupported"
    title = "The language model cannot be downloaded from here"
    retryable = False


class AssessorUnavailableError(ProblemError):
    """The language model's runtime cannot be reached."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "assessor_unavailable"
    title = "The language model is not available"


class AssessorModelMissingError(ProblemError):
    """The runtime responds but does not have the model."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "assessor_model_missing"
    title = "The language model is not installed"


class AssessorTimeoutError(ProblemError):
    """The language model did not answer in time."""

    status = HTTPStatus.GATEWAY_TIMEOUT
    code = "assessor_timeout"
    title = "The language model took too long"


class AssessorFailedError(ProblemError):
    """The runtime aborted the request, for example because it ran out of memory."""

    status = HTTPStatus.BAD_GATEWAY
    code = "assessor_failed"
    title = "The language model failed on this request"


class AssessorCrashedError(AssessorFailedError):
    """The model's process ended during the answer; it may do so again on the same request."""


class AssessorInvalidOutputError(ProblemError):
    """The language model's answer is not an assessment."""

    status = HTTPStatus.BAD_GATEWAY
    code = "assessor_invalid_output"
    title = "The language model's answer is not an assessment"


class AssessorTruncatedError(AssessorInvalidOutputError):
    """The answer was cut off at the token limit."""

    code = "assessor_truncated"
    title = "The language model's answer is too long"


class AssessorNotJsonError(AssessorInvalidOutputError):
    """The answer is not JSON."""

    code = "assessor_not_json"
    title = "The language model's answer is not JSON"
