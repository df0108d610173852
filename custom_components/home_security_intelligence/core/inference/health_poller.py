"""Poll an inference server's health."""

import asyncio
from contextlib import suppress

from ..aio.health_board import HealthBoard
from ..domain.errors import CoreError
from ..domain.models import FailureClass
from ..domain.settings import Settings
from .server import Server


class HealthPoller:
    """Keep one server's state and its part of the health board current."""

    def __init__(self, server: Server, board: HealthBoard, *, settings: Settings) -> None:
        self._server = server
        self._board = board
        self._settings = settings
        self._due = asyncio.Event()

    async def poll_forever(self) -> None:
        """Poll every `health_interval` seconds, and at once after a failure, until cancelled."""
        while True:
            self._due.clear()
            await self.poll()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.health_interval):
                    await self._due.wait()

    async def poll(self) -> None:
        """Request the server's health once."""
        try:
            health = await self._server.client.health()
        except CoreError as error:
            self._server.set_health(None)
            self._board.server_failed(self._server.url, error)
        else:
            self._server.set_health(health)
            self._board.server_answered(self._server.url, health)

    def note_failure(self, error: CoreError) -> None:
        """Record a stage's failed request and poll at once."""
        if error.failure is FailureClass.OUTAGE:
            self._board.server_failed(self._server.url, error)
        self._due.set()
