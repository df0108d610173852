"""Asks an inference server regularly how it is, and lets held back stages go on when it is back."""

import asyncio
from contextlib import suppress

from ..aio.health_board import HealthBoard
from ..domain.errors import CoreError
from ..domain.models import FailureClass
from ..domain.settings import Settings
from .server import Server


class ServerWatch:
    """Keeps one server's part of the health."""

    def __init__(self, server: Server, board: HealthBoard, *, settings: Settings) -> None:
        self._server = server
        self._board = board
        self._settings = settings
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
        try:
            health = await self._server.client.health()
        except CoreError as error:
            self._server.failed()
            self._board.server_failed(self._server.url, error)
        else:
            self._server.answered(health)
            self._board.server_answered(self._server.url, health)

    def note_failure(self, error: CoreError) -> None:
        """Take in that a stage could not use the server."""
        if error.failure is FailureClass.OUTAGE:
            self._board.server_failed(self._server.url, error)
        self._asked.set()
