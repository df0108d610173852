"""Listen, and accept the connections that the limiter admits."""

import asyncio
import errno
import os
import socket
import ssl
from typing import Final

from aiohttp import web

from inference_server.http.connection_limiter import ConnectionLimiter

_SEND_TIMEOUT: Final = 60.0  # seconds in which a client has to receive some of what is sent


class _Listener(socket.socket):
    """A listening socket that closes the connections that the limiter refuses.

    aiohttp learns of a connection only after the TLS handshake, which an attacker need not finish.
    """

    __slots__ = ("limiter", "send_timeout")
    limiter: ConnectionLimiter
    send_timeout: float

    def accept(self) -> tuple[socket.socket, tuple[object, ...]]:
        connection, address = super().accept()
        if not self.limiter.admit(connection, str(address[0])):
            connection.close()
            raise ConnectionAbortedError  # asyncio goes on with the next
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            milliseconds = int(self.send_timeout * 1000)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
        return connection, address


async def listen(
    runner: web.AppRunner,
    host: str,
    port: int,
    tls: ssl.SSLContext | None = None,
    *,
    limiter: ConnectionLimiter | None = None,
    send_timeout: float = _SEND_TIMEOUT,
) -> None:
    """Serve on every address of the host, "" being all of the machine's; raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    limiter = limiter or ConnectionLimiter()
    sites: list[web.BaseSite] = []
    try:
        for family, address in dict.fromkeys((entry[0], entry[4]) for entry in found):
            if listener := _bind(family, address):
                listener.limiter, listener.send_timeout = limiter, send_timeout
                sites.append(web.SockSite(runner, listener, ssl_context=tls))
                await sites[-1].start()
    except OSError:
        for site in sites:
            await site.stop()
        raise
    if not sites:
        raise OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))


def _bind(family: int, address: tuple[object, ...]) -> _Listener | None:
    """Return a listener; None if the machine has no such address family or address."""
    try:
        listener = _Listener(family, socket.SOCK_STREAM)
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
