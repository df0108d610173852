"""Read how long a client waits."""

from aiohttp import web

from inference_server.deadline import NEVER, Deadline
from inference_server.errors import MalformedRequestError

_HEADER = "X-Deadline-Ms"
_LONGEST = 3_600_000  # milliseconds


def read_deadline(request: web.Request) -> Deadline:
    """Return the deadline in the request's header, NEVER without one."""
    text = request.headers.get(_HEADER)
    if text is None:
        return NEVER
    # int() would also accept signs, spaces, underscores and digits of other scripts.
    if not (text.isascii() and text.isdigit() and len(text) <= 7):
        raise MalformedRequestError(f"{_HEADER} must be a whole number of milliseconds.")
    if not 1 <= int(text) <= _LONGEST:
        raise MalformedRequestError(f"{_HEADER} must be 1 to {_LONGEST}.")
    return Deadline.after(int(text) / 1000)
