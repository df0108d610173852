"""How many files the process may open, and how many connections that allows."""

import logging
import resource
from typing import Final

from inference_server.http.connection_limiter import MAX_CONNECTIONS

_LOG = logging.getLogger(__name__)
_CLOSING: Final = 128  # evicted connections: as many as asyncio accepts at a time
_OTHER_FILES: Final = 256  # models, libraries, the connections to a language model
_ENOUGH: Final = 4096


def raise_open_file_limit() -> int:
    """Raise the process's soft limit of open files as far as is useful and allowed; return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH if hard == resource.RLIM_INFINITY else min(_ENOUGH, hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return soft if soft != resource.RLIM_INFINITY else _ENOUGH
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def max_connections(open_file_limit: int) -> int:
    """Return how many connections fit below the limit; log if these are fewer than the default."""
    fitting = max(1, open_file_limit - _OTHER_FILES - _CLOSING)
    if fitting >= MAX_CONNECTIONS:
        return MAX_CONNECTIONS
    _LOG.warning(
        "This process may open %d files: it serves at most %d connections at a time instead of %d. "
        "Raise its hard limit of open files to %d (ulimit -n, or LimitNOFILE= of systemd).",
        open_file_limit,
        fitting,
        MAX_CONNECTIONS,
        MAX_CONNECTIONS + _CLOSING + _OTHER_FILES,
    )
    return fitting
