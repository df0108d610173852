"""A TCP proxy in front of PostgreSQL that cuts or silences connections."""

import asyncio
from contextlib import suppress
import re
from typing import Self

_COMMIT = b"COMMIT"  # in the statement and in the tag of its result


class PostgresProxy:
    """Forwards bytes, both ways, between a port of its own and the database's."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self.refuses_listeners = False  # a connection that sends LISTEN is cut
        self.lost_commits = 0  # transactions committed without a confirmation
        self._lost: re.Pattern[bytes] | None = None
        self._target = target
        self._server: asyncio.Server | None = None
        self._listening: set[_Connection] = set()
        self._connections: set[_Connection] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        for connection in tuple(self._connections):
            connection.cut()

    def cut_listeners(self) -> None:
        """Cut the connections that listen, and refuse new ones."""
        self.refuses_listeners = True
        for connection in self._listening:
            connection.cut()

    def silence_listeners(self) -> None:
        """Forward nothing more on the connections that listen, without closing them."""
        for connection in self._listening:
            connection.silent = True

    def silence_all(self) -> None:
        """Forward nothing more on the connections of this moment, without closing them."""
        for connection in self._connections:
            connection.silent = True

    def lose_commit_of(self, pattern: bytes) -> None:
        """Cut the next connection that sends this pattern instead of confirming its commit."""
        self._lost = re.compile(pattern)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_target, to_target = await asyncio.open_connection("127.0.0.1", self._target)
        connection = _Connection(writer, to_target)
        self._connections.add(connection)

        async def forward_requests() -> None:
            while data := await reader.read(65536):
                if b"LISTEN" in data:
                    self._listening.add(connection)
                    if self.refuses_listeners:
                        return
                if self._lost is not None and self._lost.search(data):
                    connection.loses_commit, self._lost = True, None
                connection.forward(to_target, data)

        async def forward_responses() -> None:
            while data := await from_target.read(65536):
                if connection.loses_commit and _COMMIT in data:
                    self.lost_commits += 1
                    return
                connection.forward(writer, data)

        tasks = [asyncio.create_task(way()) for way in (forward_requests, forward_responses)]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        connection.cut()
        with suppress(OSError):
            await asyncio.gather(*tasks)
        self._connections.discard(connection)
        self._listening.discard(connection)


class _Connection:
    """One connection through the proxy."""

    def __init__(self, *writers: asyncio.StreamWriter) -> None:
        self.silent = False
        self.loses_commit = False
        self._writers = writers

    def forward(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        if not self.silent:
            writer.write(data)

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
