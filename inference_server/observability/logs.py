"""Log JSON lines to stderr, each with the id of its request."""

from contextvars import ContextVar
from datetime import UTC, datetime
import json
import logging

from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web import RequestPayloadError

from inference_server.observability.refusal_log import RefusalLog
from inference_server.settings import LogLevel

_LOG = logging.getLogger(__name__)
_UNREADABLE = (HttpProcessingError, RequestPayloadError)

current_request_id: ContextVar[str | None] = ContextVar("current_request_id", default=None)
current_trace_id: ContextVar[str | None] = ContextVar("current_trace_id", default=None)


class JsonFormatter(logging.Formatter):
    """Format a record as one line of JSON; `extra={"fields": {...}}` adds fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id := current_request_id.get():
            line["request_id"] = request_id
        if trace_id := current_trace_id.get():
            line["trace_id"] = trace_id
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)  # ASCII: a path from outside cannot control a terminal


class MalformedRequests(logging.Filter):
    """Replace aiohttp's log record of a malformed request by one line per client and interval.

    The original is a traceback that quotes the request with its token.
    """

    def __init__(self) -> None:
        super().__init__()
        self._refusals = RefusalLog(_LOG)

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record may pass unchanged."""
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, _UNREADABLE):
            return True
        client = str(record.args[0]) if isinstance(record.args, tuple) and record.args else ""
        self._refusals.record(client, f"Refused a malformed request: {type(error).__name__}")
        return False


def configure(level: LogLevel) -> None:
    """Log the lines of every logger to stderr as JSON."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    logging.getLogger("aiohttp.server").addFilter(MalformedRequests())
    # Below warnings, other packages do not log about this server's work.
    for noisy in (
        "aiohttp",
        "asyncio",
        "httpcore",
        "httpx",
        "opentelemetry",
        "PIL",
        "transformers",
        "urllib3",
    ):
        logging.getLogger(noisy).setLevel(logging.WARNING)
