"""A line to PostgreSQL on which the connections that listen can be cut or made silent."""

import asyncio
from contextlib import suppress
from typing import Self


class TelephoneLine:
    """Passes bytes on, both ways, from a port of its own to the database's."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self.deaf = False  # who begins to listen is cut off
        self._target = target
        self._server: asyncio.Server | None = None
        self._listening: set[_Call] = set()
        self._calls: set[_Call] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        for call in tuple(self._calls):
            call.end()

    def cut(self) -> None:
        """End what listens, and let nobody listen again."""
        self.deaf = True
        for call in self._listening:
            call.end()

    def silence(self) -> None:
        """Pass on nothing more on what listens, without a word to either end."""
        for call in self._listening:
            call.silent = True

    def silence_all(self) -> None:
        """Pass on nothing more on any connection that there is now."""
        for call in self._calls:
            call.silent = True

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, to_there = await asyncio.open_connection("127.0.0.1", self._target)
        call = _Call(writer, to_there)
        self._calls.add(call)

        async def ask() -> None:
            while data := await reader.read(65536):
                if b"LISTEN" in data:
                    self._listening.add(call)
                    if self.deaf:
                        return
                call.pass_on(to_there, data)

        async def answer() -> None:
            while data := await there.read(65536):
                call.pass_on(writer, data)

        tasks = [asyncio.create_task(way()) for way in (ask, answer)]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        call.end()
        with suppress(OSError):
            await asyncio.gather(*tasks)
        self._calls.discard(call)
        self._listening.discard(call)


class _Call:
    """One connection through the line."""

    def __init__(self, *writers: asyncio.StreamWriter) -> None:
        self.silent = False
        self._writers = writers

    def pass_on(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        if not self.silent:
            writer.write(data)

    def end(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
