"""One class per problem code of openapi.yaml; the message is the problem's `detail`."""

from http import HTTPStatus
from typing import ClassVar


class ProblemError(Exception):
    """Base of every error a client is told about; the message says what happened and what to do."""

    status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR
    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong inside the server"
    retryable: ClassVar[bool] = True

    def __init__(self, detail: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after_s = retry_after_s


class InternalError(ProblemError):
    """A bug or a broken runtime; the log has the traceback under the request id."""


class UnauthorizedError(ProblemError):
    """No token, or a wrong one."""

    status = HTTPStatus.UNAUTHORIZED
    code = "unauthorized"
    title = "The token is missing or wrong"
    retryable = False


class NotFoundError(ProblemError):
    """The server has no such path."""

    status = HTTPStatus.NOT_FOUND
    code = "not_found"
    title = "There is no such path"
    retryable = False


class MethodNotAllowedError(ProblemError):
    """The path exists, the method does not."""

    status = HTTPStatus.METHOD_NOT_ALLOWED
    code = "method_not_allowed"
    title = "The path does not take this method"
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
    """The request came too slowly."""

    status = HTTPStatus.REQUEST_TIMEOUT
    code = "request_timeout"
    title = "The request took too long to arrive"


class BodyTooLargeError(ProblemError):
    """The body is larger than the server takes."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code = "body_too_large"
    title = "The body is too large"
    retryable = False


class UnsupportedMediaTypeError(ProblemError):
    """The content type is none the server takes."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    code = "unsupported_media_type"
    title = "The media type is not supported"
    retryable = False


class InvalidImageError(ProblemError):
    """The bytes are no complete picture (truncated, corrupt, empty, of another kind)."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "invalid_image"
    title = "The picture cannot be read"
    retryable = False


class ImageTooLargeError(ProblemError):
    """The picture has more pixels than the server decodes."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "image_too_large"
    title = "The picture has too many pixels"
    retryable = False


class OverloadedError(ProblemError):
    """The queue is full right now."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    code = "overloaded"
    title = "The server has no room right now"


class RateLimitedError(ProblemError):
    """One client has asked too often lately."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    code = "rate_limited"
    title = "Too many requests of one client"


class DetectorUnavailableError(ProblemError):
    """The detector is still loading, or could not be loaded."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "detector_unavailable"
    title = "The detector is not ready"


class ModelBusyError(ProblemError):
    """Another detector is being loaded right now."""

    status = HTTPStatus.CONFLICT
    code = "model_busy"
    title = "Another model is being loaded"


class ModelLoadError(ProblemError):
    """The detector asked for cannot be loaded; the one before goes on."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "model_load_failed"
    title = "The model cannot be loaded"
    retryable = False


class DetectorMemoryError(ProblemError):
    """The device had no memory left for this picture; others may have used it."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "detector_out_of_memory"
    title = "The detector has no memory right now"


class StoppingError(ProblemError):
    """The server ends, and the work was not done in the time that was left."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "stopping"
    title = "The server is being stopped"


class DeadlineExceededError(ProblemError):
    """The one who asked no longer waits; the work was not done."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "deadline_exceeded"
    title = "The answer would come too late"


class AssessorAbsentError(ProblemError):
    """The server was set up without a language model; asking again cannot help."""

    status = HTTPStatus.NOT_IMPLEMENTED
    code = "assessor_absent"
    title = "The server has no language model"
    retryable = False


class PullUnsupportedError(ProblemError):
    """The language model's runtime downloads nothing by itself."""

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
    """The runtime answers and does not have the model."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "assessor_model_missing"
    title = "The language model is not installed"


class AssessorTimeoutError(ProblemError):
    """The language model did not answer in time."""

    status = HTTPStatus.GATEWAY_TIMEOUT
    code = "assessor_timeout"
    title = "The language model took too long"


class AssessorFailedError(ProblemError):
    """The runtime took the question and broke off, as when it runs out of memory."""

    status = HTTPStatus.BAD_GATEWAY
    code = "assessor_failed"
    title = "The language model failed on this question"


class AssessorInvalidOutputError(ProblemError):
    """The language model answered something that is no assessment."""

    status = HTTPStatus.BAD_GATEWAY
    code = "assessor_invalid_output"
    title = "The language model's answer is no assessment"


class AssessorTruncatedError(AssessorInvalidOutputError):
    """The answer was cut off at its longest."""

    code = "assessor_truncated"
    title = "The language model's answer is too long"


class AssessorNotJsonError(AssessorInvalidOutputError):
    """The answer is not JSON."""

    code = "assessor_not_json"
    title = "The language model's answer is not JSON"


class AssessorScoreOutOfRangeError(AssessorInvalidOutputError):
    """The answer's score is below 0 or above 100."""

    code = "assessor_score_out_of_range"
    title = "The language model's score is out of range"


class AssessorForeignClaimError(AssessorInvalidOutputError):
    """The answer names things that were never detected."""

    code = "assessor_foreign_claim"
    title = "The language model's answer names what was not detected"
