"""Listens, and accepts connections for which there is a place."""

import asyncio
from collections.abc import Iterable
import errno
import os
import socket
import ssl
import weakref

from aiohttp import web

from inference_server.http.connection_limiter import Places

_HANDSHAKE = 10.0  # seconds to agree on TLS
_FAREWELL = 5.0  # seconds for a client to agree that an encrypted connection ends
_SILENCE = 60.0  # seconds in which a client takes nothing of what it is sent
_BACKLOG = 128


async def listen(
    runner: web.AppRunner,
    host: str,
    port: int,
    tls: ssl.SSLContext | None = None,
    *,
    places: Places | None = None,
) -> None:
    """Serve on every address of the host; "" is all of the machine's. Raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    addresses = dict.fromkeys((family, address) for family, _, _, _, address in found)
    listeners = _bind_all(addresses, places or Places())
    try:
        for listener in listeners:
            await _Site(runner, listener, tls).start()
    except BaseException:
        for listener in listeners:
            listener.close()
        raise


class _Accepted(socket.socket):
    """A client's connection; it holds a place until it is closed."""

    __slots__ = ("_leave",)

    def __init__(self, fileno: int, places: Places) -> None:
        super().__init__(fileno=fileno)
        # Also where nobody closes it.
        self._leave = weakref.finalize(self, places.give_back, fileno)

    def close(self) -> None:
        super().close()
        self._leave()


class _Listener(socket.socket):
    """Accepts connections for which there is a place.

    Here, and not where requests begin: a connection is told of there only once it has agreed on TLS.
    """

    __slots__ = ("_places",)

    def __init__(self, family: int, places: Places) -> None:
        super().__init__(family, socket.SOCK_STREAM)
        self._places = places

    def accept(self) -> tuple[socket.socket, tuple[object, ...]]:
        accepted, address = super().accept()
        connection = _Accepted(accepted.detach(), self._places)
        if not self._places.take(connection, str(address[0])):
            connection.close()
            raise ConnectionAbortedError  # asyncio goes on with the next
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # ends also what is closed and never flows off
            milliseconds = int(_SILENCE * 1000)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
        return connection, address


class _Site(web.BaseSite):
    """One address that is listened on."""

    __slots__ = ("_listener",)

    def __init__(
        self, runner: web.AppRunner, listener: _Listener, tls: ssl.SSLContext | None
    ) -> None:
        super().__init__(runner, ssl_context=tls, backlog=_BACKLOG)
        self._listener = listener

    @property
    def name(self) -> str:
        """What it is called in errors."""
        return str(self._listener.getsockname())

    async def start(self) -> None:
        await super().start()
        server = self._runner.server
        assert server is not None  # noqa: S101 - the base class has looked
        self._server = await asyncio.get_running_loop().create_server(
            server,
            sock=self._listener,
            ssl=self._ssl_context,
            backlog=self._backlog,
            ssl_handshake_timeout=_HANDSHAKE if self._ssl_context else None,
            ssl_shutdown_timeout=_FAREWELL if self._ssl_context else None,
        )


def _bind_all(
    addresses: Iterable[tuple[int, tuple[object, ...]]], places: Places
) -> list[_Listener]:
    """Return a listener for each address that there is; raises OSError, also where there is none."""
    listeners: list[_Listener] = []
    try:
        for family, address in addresses:
            if listener := _bind(family, address, places):
                listeners.append(listener)
    except OSError:
        for listener in listeners:
            listener.close()
        raise
    if not listeners:
        raise OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
    return listeners


def _bind(family: int, address: tuple[object, ...], places: Places) -> _Listener | None:
    """Return a listener, None where the machine has no such address or kind of address."""
    try:
        listener = _Listener(family, places)
    except OSError:  # no IPv6
        return None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
    except OSError as err:
        listener.close()
        if err.errno == errno.EADDRNOTAVAIL:
            return None
        raise
    return listener
