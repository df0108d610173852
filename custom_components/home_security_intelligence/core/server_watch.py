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
        before = self._board.health
        try:
            server = await self._client.health()
        except CoreError as error:
            self._board.server_failed(error)
            return
        self._board.server_answered(server)
        for kind, breaker in self._breakers.items():
            returned = part_ready(self._board.health, kind) and not part_ready(before, kind)
            if returned and breaker.is_open:
                breaker.success()
                self._on_return(kind)

    def note_failure(self, error: CoreError) -> None:
        """Take in that a stage could not use the server."""
        if error.failure is FailureClass.OUTAGE:
            self._board.server_failed(error)
        self._asked.set()
