"""One JSON object a line on stderr, each with the id of the request it belongs to."""

from contextvars import ContextVar
from datetime import UTC, datetime
import json
import logging

from .settings import LogLevel

current_request_id: ContextVar[str | None] = ContextVar("current_request_id", default=None)


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON; `extra={"fields": {...}}` adds fields."""

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
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def configure(level: LogLevel) -> None:
    """Send every logger's lines to stderr as JSON."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # What other packages say below a warning is not about this server's work.
    for noisy in ("aiohttp", "asyncio", "httpcore", "httpx", "PIL", "transformers", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
