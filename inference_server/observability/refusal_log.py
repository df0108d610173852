"""Log what unauthenticated clients cause, in a number of lines that they cannot raise."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
import contextlib
import logging
from time import monotonic
from typing import Final

_MAX_TEXT: Final = 200  # characters of a text that a client has chosen
_MAX_CLIENTS: Final = 64  # per interval; the others share one line
_OTHERS: Final = "other addresses"
INTERVAL: Final = 60.0  # seconds


def clip(text: str) -> str:
    """Return a client's text, cut to a length that a log line can hold."""
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}... ({len(text)} characters)"


class RefusalLog:
    """Log the first refusal of each client and interval, and the number of the others at its end."""

    def __init__(
        self,
        log: logging.Logger,
        *,
        interval: float = INTERVAL,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._log = log
        self._interval = interval
        self._clock = clock
        self._seen: set[str] = set()
        self._more: Counter[str] = Counter()
        self._ends_at = 0.0

    def record(self, client: str, message: str, fields: Mapping[str, object] | None = None) -> None:
        """Log a refused request of this address, or count it."""
        if self._clock() >= self._ends_at:
            self._begin_interval()
        if client in self._seen:
            self._more[client] += 1
        elif len(self._seen) < _MAX_CLIENTS:
            self._seen.add(client)
            self._log.info("%s", message, extra={"fields": {**(fields or {}), "client": client}})
        else:
            self._more[_OTHERS] += 1

    def _begin_interval(self) -> None:
        self._end_interval()
        self._ends_at = self._clock() + self._interval
        with contextlib.suppress(RuntimeError):  # without an event loop, the next refusal ends it
            asyncio.get_running_loop().call_later(self._interval, self._end_interval)

    def _end_interval(self) -> None:
        if self._clock() < self._ends_at:
            return  # of an earlier interval
        for client, count in self._more.items():
            self._log.info(
                "Refused %d more requests within %g s",
                count,
                self._interval,
                extra={"fields": {"client": client, "count": count}},
            )
        self._more.clear()
        self._seen.clear()
