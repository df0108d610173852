"""Asks the inference server regularly how it is, and lets held back stages go on when it is back."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress

from .breaker import Breaker
from .client import InferenceClient
from .errors import CoreError
from .health import HealthBoard, part_ready
from .models import FailureClass, JobKind
from .settings import Settings


class ServerWatch:
    """Keeps the server's part of the health; a return of the server closes the breakers."""

    def __init__(
        self,
        client: InferenceClient,
        board: HealthBoard,
        breakers: Mapping[JobKind, Breaker],
        *,
        settings: Settings,
        on_return: Callable[[JobKind], None],
    ) -> None:
        self._client = client
        self._board = board
        self._breakers = breakers
        self._settings = settings
        self._on_return = on_return
        self._asked = asyncio.Event()
        self._ready: frozenset[JobKind] = frozenset()  # as of when it was last asked

    async def run(self) -> None:
        """Ask every `health_interval`, and at once after a failure, until cancelled."""
        while True:
            self._asked.clear()
            await self.ask()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.health_interval):
                    await self._asked.wait()

    async def ask(self) -> None:
        """Ask the server now."""
        try:
            server = await self._client.health()
        except CoreError as error:
            self._board.server_failed(error)
            self._ready = frozenset()
            return
        self._board.server_answered(server)
        before = self._ready
        self._ready = frozenset(k for k in self._breakers if part_ready(self._board.health, k))
        # Only what was seen to be away returns: a server that says it is well while a stage
        # cannot use it, as behind a proxy that lets no picture through, is left to the breaker.
        for kind in self._ready - before:
            breaker = self._breakers[kind]
            if breaker.is_open:
                breaker.success()
                self._on_return(kind)

    def note_failure(self, error: CoreError) -> None:
        """Take in that a stage could not use the server."""
        if error.failure is FailureClass.OUTAGE:
            self._board.server_failed(error)
        self._asked.set()
